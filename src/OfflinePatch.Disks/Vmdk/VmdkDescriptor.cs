using System.Globalization;
using System.Text;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>
/// A descriptor: the text that says what a VMDK is made of. Its bytes are kept, so that a change of the CID touches nothing else.
/// </summary>
internal sealed class VmdkDescriptor
{
    private readonly byte[] _bytes;
    private readonly Dictionary<string, string> _values = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<VmdkExtentLine> _extents = [];
    private readonly string _file;

    private VmdkDescriptor(string file, byte[] bytes)
    {
        _file = file;
        _bytes = bytes;
    }

    /// <summary>The extents in the order of the disk.</summary>
    public IReadOnlyList<VmdkExtentLine> Extents => _extents;

    /// <summary>Every <c>key = value</c> line, without quotes; keys without case. The last of equal keys counts.</summary>
    public IReadOnlyDictionary<string, string> Values => _values;

    /// <summary>The variant; empty where the line is missing.</summary>
    public string CreateType => _values.GetValueOrDefault("createType", "");

    /// <summary>Content id.</summary>
    public uint ContentId { get; private set; }

    /// <summary>Content id of the parent; <see cref="VmdkLayout.NoParent"/> = none.</summary>
    public uint ParentContentId { get; private set; } = VmdkLayout.NoParent;

    /// <summary>The file of the parent, as the descriptor has it; empty = none.</summary>
    public string ParentFileName => _values.GetValueOrDefault("parentFileNameHint", "");

    /// <summary>Whether the disk, or its descriptor, is encrypted.</summary>
    public bool IsEncrypted => _values.Keys.Any(k => k.StartsWith("encryption.", StringComparison.OrdinalIgnoreCase))
        || _values.ContainsKey("ddb.encoding.encryption");

    /// <summary>The name of an encoding that is not known, or that the text is not in; null where all characters are certain.</summary>
    public string? UnknownEncoding { get; private set; }

    /// <summary>Whether there is no text at all.</summary>
    public bool IsBlank => _bytes.AsSpan().IndexOfAnyExcept(" \t\r\n"u8) < 0;

    /// <summary>
    /// Whether the first bytes of a file are a descriptor: after comments and blank lines, the first option is <c>version=</c> 1 to 3 (what
    /// VMware and QEMU decide by); or the first line is the signature comment.
    /// </summary>
    /// <param name="start">The first <see cref="VmdkLayout.DescriptorProbeBytes"/> bytes, fewer in a shorter file.</param>
    public static bool IsDescriptor(ReadOnlySpan<byte> start)
    {
        var text = start.TrimStart("\uFEFF \t\r\n"u8);
        if (text.StartsWith(VmdkLayout.DescriptorSignature))
        {
            return true;
        }

        while (text.Length > 0 && text[0] == (byte)'#')
        {
            var end = text.IndexOf((byte)'\n');
            text = end < 0 ? [] : text[(end + 1)..].TrimStart(" \t\r\n"u8);
        }

        if (text.Length < "version=1".Length || !Ascii.EqualsIgnoreCase(text[.."version".Length], "version"u8))
        {
            return false;
        }

        text = text["version".Length..].TrimStart(" \t"u8);
        if (text.Length == 0 || text[0] != (byte)'=')
        {
            return false;
        }

        text = text[1..].TrimStart(" \t\""u8);
        return text.Length > 0 && text[0] is >= (byte)'1' and <= (byte)'3'
            && (text.Length == 1 || !char.IsAsciiLetterOrDigit((char)text[1]));
    }

    /// <summary>Parses a descriptor up to its first zero byte.</summary>
    public static VmdkDescriptor Parse(string file, ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        var descriptor = new VmdkDescriptor(file, (end < 0 ? bytes : bytes[..end]).ToArray());
        var number = 0;
        foreach (var line in descriptor.Decode().Split('\n'))
        {
            descriptor.ParseLine(line.Trim(), ++number);
        }

        descriptor.ContentId = descriptor.ParseId("CID", VmdkLayout.NoParent);
        descriptor.ParentContentId = descriptor.ParseId("parentCID", VmdkLayout.NoParent);
        return descriptor;
    }

    /// <summary>
    /// The same text with another CID in every CID line (programs differ in which of two counts), and with the last eight digits of
    /// <c>ddb.longContentID</c>, which repeat it, changed too.
    /// </summary>
    /// <exception cref="CorruptImageException"><c>VMDK-0025</c>: there is no CID line, or one that is not a number.</exception>
    public byte[] WithContentId(uint contentId)
    {
        var digits = Encoding.ASCII.GetBytes(contentId.ToString("x8", CultureInfo.InvariantCulture));
        var changed = new List<byte>(_bytes.Length + 16);
        var done = 0;
        var lines = FindDigits(_bytes, "CID");
        foreach (var (start, length) in lines)
        {
            if (length is 0 or > 8)
            {
                throw VmdkError.NoContentId(_file);
            }

            changed.AddRange(_bytes[done..start]);
            changed.AddRange(digits);
            done = start + length;
        }

        if (lines.Count == 0)
        {
            throw VmdkError.NoContentId(_file);
        }

        changed.AddRange(_bytes[done..]);
        var result = changed.ToArray();
        foreach (var (start, length) in FindDigits(result, "ddb.longContentID"))
        {
            if (length == 32)
            {
                digits.CopyTo(result, start + 24);
            }
        }

        return result;
    }

    /// <summary>The same text with another length of the only extent, and with the cylinders that follow from it.</summary>
    public byte[] WithSectors(long sectors)
    {
        var text = Encoding.Latin1.GetString(_bytes);
        var line = text.Split('\n').First(l => l.TrimStart().StartsWith("RW", StringComparison.Ordinal));
        var old = _extents[0].Sectors.ToString(CultureInfo.InvariantCulture);
        var at = text.IndexOf(line, StringComparison.Ordinal) + line.IndexOf(old, StringComparison.Ordinal);
        text = text[..at] + sectors.ToString(CultureInfo.InvariantCulture) + text[(at + old.Length)..];
        if (long.TryParse(_values.GetValueOrDefault("ddb.geometry.heads"), CultureInfo.InvariantCulture, out var heads)
            && long.TryParse(_values.GetValueOrDefault("ddb.geometry.sectors"), CultureInfo.InvariantCulture, out var perTrack)
            && heads is > 0 and <= 255 && perTrack is > 0 and <= 63)
        {
            // An IDE disk says 16383 cylinders once it is larger.
            var cylinders = Math.Min(heads == 16 ? 16383 : long.MaxValue, sectors / (heads * perTrack));
            text = ReplaceDigits(text, "ddb.geometry.cylinders", cylinders.ToString(CultureInfo.InvariantCulture));
        }

        return Encoding.Latin1.GetBytes(text);
    }

    private static string ReplaceDigits(string text, string key, string digits)
    {
        foreach (var (start, length) in FindDigits(Encoding.Latin1.GetBytes(text), key))
        {
            text = text[..start] + digits + text[(start + length)..];
            break;
        }

        return text;
    }

    private void ParseLine(string line, int number)
    {
        if (line.Length == 0 || line[0] == '#')
        {
            return;
        }

        var space = line.IndexOfAny([' ', '\t']);
        if (space > 0 && line[..space] is "RW" or "RDONLY" or "NOACCESS")
        {
            if (_extents.Count == VmdkLayout.MaxExtents)
            {
                throw VmdkError.DescriptorLine(_file, number, $"at most {VmdkLayout.MaxExtents} extents");
            }

            _extents.Add(ParseExtent(line, number));
            return;
        }

        // Any other line may be an extent that is written in a way that is not known, and a disk without it is another disk.
        var equals = line.IndexOf('=', StringComparison.Ordinal);
        var key = equals > 0 ? line[..equals].Trim() : "";
        if (key.Length == 0 || key.IndexOfAny([' ', '\t', '"']) >= 0)
        {
            throw VmdkError.DescriptorLine(_file, number,
                "a comment, an option (key=value), or an extent that starts with RW, RDONLY or NOACCESS");
        }

        var value = line[(equals + 1)..].Trim();
        _values[key] = value.Length >= 2 && value[0] == '"' && value[^1] == '"' ? value[1..^1] : value;

        // Without it the disk would be read as one of its own, and what its parent holds as zeros.
        if (key.Equals("parentCID", StringComparison.OrdinalIgnoreCase) && !TryParseId(_values[key], out _))
        {
            throw VmdkError.DescriptorLine(_file, number, "a parentCID of up to eight hexadecimal digits");
        }
    }

    /// <summary><c>RW 4192256 SPARSE "disk-s001.vmdk"</c>, <c>RW 2048 FLAT "disk-flat.vmdk" 0</c>, <c>RW 100 ZERO</c>.</summary>
    private VmdkExtentLine ParseExtent(string line, int number)
    {
        var name = "";
        var after = "";
        var head = line;
        var quote = line.IndexOf('"', StringComparison.Ordinal);
        if (quote >= 0)
        {
            var closing = line.LastIndexOf('"');
            if (closing == quote)
            {
                throw VmdkError.DescriptorLine(_file, number, "a quoted file name");
            }

            name = line[(quote + 1)..closing];
            after = line[(closing + 1)..].Trim();
            head = line[..quote];
        }

        var words = head.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (words.Length != 3
            || !long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var sectors)
            || sectors is <= 0 or > VmdkLayout.MaxCapacitySectors)
        {
            throw VmdkError.DescriptorLine(_file, number,
                $"an extent: access, 1 to {VmdkLayout.MaxCapacitySectors} sectors, type, file name, offset");
        }

        var isZero = string.Equals(words[2], "ZERO", StringComparison.OrdinalIgnoreCase);
        if (isZero != (name.Length == 0))
        {
            throw VmdkError.DescriptorLine(_file, number, isZero ? "no file name for ZERO" : "a quoted file name");
        }

        var start = 0L;
        var firstWord = after.Split([' ', '\t'])[0];
        if (firstWord.Length > 0
            && (!long.TryParse(firstWord, NumberStyles.None, CultureInfo.InvariantCulture, out start)
                || start > VmdkLayout.MaxCapacitySectors))
        {
            throw VmdkError.DescriptorLine(_file, number, "the extent's first sector after its file name");
        }

        return new VmdkExtentLine(words[0], sectors, words[2].ToUpperInvariant(), name, start);
    }

    private uint ParseId(string key, uint missing) =>
        _values.TryGetValue(key, out var text) && TryParseId(text, out var id) ? id : missing;

    private static bool TryParseId(string text, out uint id) => uint.TryParse(
        text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text[2..] : text, NumberStyles.AllowHexSpecifier,
        CultureInfo.InvariantCulture, out id);

    /// <summary>Where the hexadecimal digits of each <c>key=digits</c> line are, without quotes and <c>0x</c>.</summary>
    private static List<(int Start, int Length)> FindDigits(byte[] bytes, string key)
    {
        var found = new List<(int, int)>();
        for (var offset = 0; offset < bytes.Length;)
        {
            var line = bytes.AsSpan(offset);
            var end = line.IndexOf((byte)'\n');
            line = end < 0 ? line : line[..end];
            var equals = line.IndexOf((byte)'=');
            if (equals > 0
                && Encoding.ASCII.GetString(line[..equals].Trim(" \t\r\uFEFF"u8)).Equals(key, StringComparison.OrdinalIgnoreCase))
            {
                var start = equals + 1;
                while (start < line.Length && line[start] is (byte)' ' or (byte)'\t' or (byte)'"')
                {
                    start++;
                }

                if (start + 1 < line.Length && line[start] == (byte)'0' && line[start + 1] is (byte)'x' or (byte)'X')
                {
                    start += 2;
                }

                var stop = start;
                while (stop < line.Length && char.IsAsciiHexDigit((char)line[stop]))
                {
                    stop++;
                }

                found.Add((offset + start, stop - start));
            }

            offset = end < 0 ? bytes.Length : offset + end + 1;
        }

        return found;
    }

    /// <summary>
    /// VMware names the encoding in the text itself (<c>encoding="UTF-8"</c>, <c>"windows-1252"</c>); only file names can differ by it.
    /// UTF-8 where the bytes are valid UTF-8, else the named code page, else Latin-1; a name that is not known is kept in
    /// <see cref="UnknownEncoding"/>.
    /// </summary>
    private string Decode()
    {
        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(_bytes)
                .TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            var latin = Encoding.Latin1.GetString(_bytes);
            var line = latin.Split('\n').LastOrDefault(l => l.StartsWith("encoding", StringComparison.OrdinalIgnoreCase));
            var name = line?.Split('=').ElementAtOrDefault(1)?.Trim().Trim('"');
            if (name is null)
            {
                return latin;
            }

            var encoding = VmwareCodePages.Find(name);
            UnknownEncoding = encoding is null or UTF8Encoding ? name : null;
            return UnknownEncoding is null ? encoding!.GetString(_bytes) : latin;
        }
    }
}
