using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace OfflinePatch.Drivers.Inf;

/// <summary>
/// Reads AddReg, DelReg and BitReg sections. Source: learn.microsoft.com inf-addreg-directive, inf-delreg-directive, inf-bitreg-directive;
/// flags as in <c>setupapi.h</c> (<c>FLG_ADDREG_*</c>, <c>FLG_DELREG_*</c>).
/// </summary>
internal sealed class InfRegistryReader(InfEvaluator evaluator)
{
    private static class Flag
    {
        public const uint NoClobber = 0x0002;
        public const uint DeleteValue = 0x0004;
        public const uint Append = 0x0008;
        public const uint KeyOnly = 0x0010;
        public const uint OverwriteOnly = 0x0020;
        public const uint KeyOnlyCommon = 0x2000;
        public const uint TypeMask = 0xFFFF_0001;
        public const uint DeleteBit = 0x8000;
    }

    public List<InfRegistryEdit> Edits { get; } = [];

    public void Add(InfFile inf, InfSection section, InfRegistryContext context, string owner)
    {
        foreach (var line in section.Lines)
        {
            if (!TryReadHead(inf, section, line, out var root, out var key, out var name))
            {
                continue;
            }

            var flagsText = inf.Expand(line.Field(3));
            if (!InfText.TryParseNumber(flagsText, out var flags))
            {
                evaluator.Notice(InfNoticeKind.Problem, section, line, $"the flags {flagsText} are not a number.");
                continue;
            }

            if (line.Fields.Count <= 2 || (flags & (Flag.KeyOnly | Flag.KeyOnlyCommon)) != 0)
            {
                Add(new(context, owner, root, key, "", InfRegistryAction.CreateKey, 0, [], flags, line.Number));
            }
            else if ((flags & Flag.DeleteValue) != 0)
            {
                Add(new(context, owner, root, key, name, InfRegistryAction.DeleteValue, 0, [], flags, line.Number));
            }
            else if (TryReadData(inf, section, line, flags, out var type, out var data))
            {
                var action = (flags & Flag.Append) != 0 ? InfRegistryAction.Append
                    : (flags & Flag.NoClobber) != 0 ? InfRegistryAction.SetIfAbsent
                    : (flags & Flag.OverwriteOnly) != 0 ? InfRegistryAction.SetIfPresent
                    : InfRegistryAction.Set;
                Add(new(context, owner, root, key, name, action, type, data, flags, line.Number));
            }
        }
    }

    public void Delete(InfFile inf, InfSection section, InfRegistryContext context, string owner)
    {
        foreach (var line in section.Lines)
        {
            if (!TryReadHead(inf, section, line, out var root, out var key, out var name))
            {
                continue;
            }

            _ = InfText.TryParseNumber(inf.Expand(line.Field(3)), out var flags);
            if ((flags & Flag.DeleteBit) != 0 && name.Length > 0)
            {
                Add(new(context, owner, root, key, name, InfRegistryAction.RemoveStrings, 7, MultiString(inf, line, 4), flags,
                    line.Number));
            }
            else if (line.Fields.Count > 2 && (flags & Flag.KeyOnlyCommon) == 0)
            {
                Add(new(context, owner, root, key, name, InfRegistryAction.DeleteValue, 0, [], flags, line.Number));
            }
            else if (key.Length == 0)
            {
                evaluator.Notice(InfNoticeKind.Problem, section, line, "DelReg of a whole root is not done.");
            }
            else
            {
                Add(new(context, owner, root, key, "", InfRegistryAction.DeleteKey, 0, [], flags, line.Number));
            }
        }
    }

    public void Bits(InfFile inf, InfSection section, InfRegistryContext context, string owner)
    {
        foreach (var line in section.Lines)
        {
            if (TryReadHead(inf, section, line, out var root, out var key, out var name))
            {
                if (InfText.TryParseNumber(inf.Expand(line.Field(3)), out var flags)
                    && InfText.TryParseNumber(inf.Expand(line.Field(4)), out var mask)
                    && InfText.TryParseNumber(inf.Expand(line.Field(5)), out var index) && mask <= 0xFF && index < 4096)
                {
                    var data = new byte[8];
                    BinaryPrimitives.WriteUInt32LittleEndian(data, mask);
                    BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(4), index);
                    Add(new(context, owner, root, key, name, (flags & 1) != 0 ? InfRegistryAction.SetBits : InfRegistryAction.ClearBits, 0,
                        data, flags, line.Number));
                }
                else
                {
                    evaluator.Notice(InfNoticeKind.Problem, section, line, "the BitReg line cannot be read.");
                }
            }
        }
    }

    public void Add(InfRegistryEdit edit)
    {
        evaluator.CountEffect();
        evaluator.CountContent(edit.Key.Length + edit.ValueName.Length + edit.Data.Length);
        Edits.Add(edit);
    }

    /// <summary>A REG_SZ or REG_EXPAND_SZ as stored: UTF-16 with its terminator.</summary>
    public static byte[] Text(string text) => Encoding.Unicode.GetBytes(text + '\0');

    /// <summary>A REG_MULTI_SZ as stored; empty texts would end it and are left out.</summary>
    public static byte[] Texts(IEnumerable<string> texts) =>
        Encoding.Unicode.GetBytes(string.Concat(texts.Where(t => t.Length > 0).Select(t => t + '\0')) + '\0');

    private bool TryReadHead(InfFile inf, InfSection section, InfLine line, out InfRegistryRoot root, out string key, out string name)
    {
        key = name = "";
        root = default;
        if (line.Key is not null)
        {
            evaluator.Notice(InfNoticeKind.Problem, section, line, $"\"{line.Key} = ...\" is not a registry line.");
            return false;
        }

        if (line.Fields is [""])
        {
            return false;
        }

        var rootName = inf.Expand(line.Field(0)).Trim().ToUpperInvariant();
        root = rootName switch
        {
            "HKR" => InfRegistryRoot.Relative,
            "HKLM" or "HKEY_LOCAL_MACHINE" => InfRegistryRoot.LocalMachine,
            "HKCR" or "HKEY_CLASSES_ROOT" => InfRegistryRoot.ClassesRoot,
            "HKCU" or "HKEY_CURRENT_USER" => InfRegistryRoot.CurrentUser,
            "HKU" or "HKEY_USERS" => InfRegistryRoot.Users,
            _ => (InfRegistryRoot)(-1),
        };
        if (root < 0)
        {
            evaluator.Notice(InfNoticeKind.Problem, section, line, $"{rootName} is not a registry root.");
            return false;
        }

        key = inf.Expand(line.Field(1), evaluator.Directory).Trim('\\');
        name = inf.Expand(line.Field(2), evaluator.Directory);
        return true;
    }

    private bool TryReadData(InfFile inf, InfSection section, InfLine line, uint flags, out uint type, out byte[] data)
    {
        var kind = flags & Flag.TypeMask;
        (type, data) = (1, []);
        switch (kind)
        {
            case 0x0001_0000:
                (type, data) = (7, MultiString(inf, line, 4));
                return true;
            case 0x0002_0000:
                (type, data) = (2, Text(Field(inf, line, 4)));
                return true;
            case 0x0001_0001:
                type = 4;
                return TryReadDword(inf, section, line, out data);
            case 0x0002_0001:
                type = 0;
                return TryReadBytes(inf, section, line, out data);
            case 0x000B_0001:
                type = 11;
                return TryReadQword(inf, section, line, out data);
            case 0x0000_0001:
                type = 3;
                return TryReadBytes(inf, section, line, out data);
            default:
                if ((kind & 1) != 0)
                {
                    type = kind >> 16;
                    return TryReadBytes(inf, section, line, out data);
                }

                data = Text(Field(inf, line, 4));
                return true;
        }
    }

    private string Field(InfFile inf, InfLine line, int index) => inf.Expand(line.Field(index), evaluator.Directory);

    private byte[] MultiString(InfFile inf, InfLine line, int first)
    {
        var texts = new List<string>();
        for (var i = first; i < line.Fields.Count; i++)
        {
            texts.Add(Field(inf, line, i));
            evaluator.CountContent(texts[^1].Length);
        }

        return Texts(texts);
    }

    private bool TryReadDword(InfFile inf, InfSection section, InfLine line, out byte[] data)
    {
        data = new byte[4];
        if (line.Fields.Count >= 8)
        {
            return TryReadBytes(inf, section, line, out data) && data.Length == 4;
        }

        var text = Field(inf, line, 4);
        if (!InfText.TryParseNumber(text, out var number))
        {
            evaluator.Notice(InfNoticeKind.Problem, section, line, $"{text} is not a 32-bit number.");
            return false;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(data, number);
        return true;
    }

    private bool TryReadQword(InfFile inf, InfSection section, InfLine line, out byte[] data)
    {
        if (line.Fields.Count > 5)
        {
            return TryReadBytes(inf, section, line, out data);
        }

        data = new byte[8];
        var text = Field(inf, line, 4).Trim();
        var hex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        if (text.Length > 0 && !ulong.TryParse(hex ? text[2..] : text, hex ? NumberStyles.AllowHexSpecifier : NumberStyles.None,
            CultureInfo.InvariantCulture, out _))
        {
            evaluator.Notice(InfNoticeKind.Problem, section, line, $"{text} is not a 64-bit number.");
            return false;
        }

        BinaryPrimitives.WriteUInt64LittleEndian(data, text.Length == 0 ? 0
            : ulong.Parse(hex ? text[2..] : text, hex ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture));
        return true;
    }

    private bool TryReadBytes(InfFile inf, InfSection section, InfLine line, out byte[] data)
    {
        var bytes = new List<byte>(Math.Max(0, line.Fields.Count - 4));
        data = [];
        for (var i = 4; i < line.Fields.Count; i++)
        {
            var text = Field(inf, line, i).Trim();
            foreach (var range in text.AsSpan().Split(',')) // a string may hold the whole list
            {
                var part = text.AsSpan(range).Trim();
                part = part.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? part[2..] : part;
                if (part.IsEmpty)
                {
                    continue;
                }

                if (!uint.TryParse(part, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) || number > 0xFF)
                {
                    evaluator.Notice(InfNoticeKind.Problem, section, line, $"{text} is not a byte in hexadecimal.");
                    return false;
                }

                bytes.Add((byte)number);
            }
        }

        data = [.. bytes];
        return true;
    }
}
