using System.Text;
using OfflinePatch.Core;
using OfflinePatch.FileSystems.Trees;

namespace OfflinePatch.FileSystems.Fat;

/// <summary>
/// Long names, and the short aliases that stand for them. Source: fatgen103, "Long directory entries"; the choice of aliases follows
/// Windows.
/// </summary>
internal static class FatNames
{
    private const string LongForbidden = "\"*/:<>?\\|";
    private const string ShortForbidden = "+,;=[]";

    /// <summary>The checksum of a short name that each part of its long name carries.</summary>
    public static byte Checksum(ReadOnlySpan<byte> shortName)
    {
        var sum = 0;
        foreach (var b in shortName[..11])
        {
            sum = (((sum & 1) << 7) + (sum >> 1) + b) & 0xFF;
        }

        return (byte)sum;
    }

    /// <summary>The name that 11 bytes of a slot stand for: <c>README.TXT</c>, in lower case where the case flags say so.</summary>
    public static string Decode(ReadOnlySpan<byte> shortName, byte caseFlags)
    {
        Span<byte> bytes = stackalloc byte[11];
        shortName[..11].CopyTo(bytes);
        if (bytes[0] == FatLayout.Slot.StandsForE5)
        {
            bytes[0] = FatLayout.Slot.Free;
        }

        var name = OemText.CodePage437.GetString(bytes[..8]).TrimEnd(' ');
        var extension = OemText.CodePage437.GetString(bytes[8..]).TrimEnd(' ');
        name = (caseFlags & FatLayout.Slot.LowerName) != 0 ? name.ToLowerInvariant() : name;
        extension = (caseFlags & FatLayout.Slot.LowerExtension) != 0 ? extension.ToLowerInvariant() : extension;
        return extension.Length == 0 ? name : name + "." + extension;
    }

    /// <summary>Whether Windows would take this for a name on a FAT volume.</summary>
    public static bool IsValid(string name) =>
        name.Length is > 0 and <= 255 && name[^1] is not ('.' or ' ')
            && !name.Any(c => c < ' ' || LongForbidden.Contains(c, StringComparison.Ordinal))
            && !DeviceNames.IsReserved(name);

    /// <summary>
    /// The short name for a name: the name itself where it fits 8.3, else an alias: <c>LONGNA~1.TXT</c> to <c>~4</c>, then
    /// <c>LO1A2B~1.TXT</c> with a hash of the name, as Windows does it.
    /// </summary>
    /// <param name="name">A valid name.</param>
    /// <param name="isTaken">Whether 11 bytes are a short name in the directory already.</param>
    /// <param name="caseFlags">The case flags to store, when no long name is needed.</param>
    /// <returns>The 11 bytes, and whether a long name is needed; null when every alias is taken.</returns>
    public static (byte[] ShortName, bool NeedsLongName)? Choose(string name, Func<byte[], bool> isTaken, out byte caseFlags)
    {
        caseFlags = 0;
        var dot = name.LastIndexOf('.');
        var (stem, extension) = dot > 0 ? (name[..dot], name[(dot + 1)..]) : (name, "");
        var (stemBytes, stemIsExact) = ToShort(stem.TrimStart('.', ' '));
        var (extensionBytes, extensionIsExact) = ToShort(extension);
        var fits = stemIsExact && extensionIsExact && name[0] is not ('.' or ' ') && stemBytes.Length is > 0 and <= 8
            && extensionBytes.Length <= 3;
        if (fits)
        {
            var exact = Assemble(stemBytes, extensionBytes);
            if (!isTaken(exact))
            {
                var stemFlag = CaseOf(stem, FatLayout.Slot.LowerName);
                var extensionFlag = CaseOf(extension, FatLayout.Slot.LowerExtension);
                var needsLongName = stemFlag is null || extensionFlag is null;
                caseFlags = needsLongName ? (byte)0 : (byte)(stemFlag!.Value | extensionFlag!.Value);
                return (exact, needsLongName);
            }
        }

        for (var n = 1; n <= 4; n++)
        {
            var alias = Assemble([.. stemBytes.Take(6), (byte)'~', (byte)('0' + n)], extensionBytes);
            if (!isTaken(alias))
            {
                return (alias, true);
            }
        }

        var hash = Encoding.ASCII.GetBytes($"{Hash(name):X4}");
        for (var n = 1; n <= 99_999; n++)
        {
            var tail = Encoding.ASCII.GetBytes($"~{n}");
            var alias = Assemble([.. stemBytes.Take(Math.Min(2, 8 - hash.Length - tail.Length < 0 ? 0 : 8 - hash.Length - tail.Length)),
                .. hash.Take(8 - tail.Length), .. tail], extensionBytes);
            if (!isTaken(alias))
            {
                return (alias, true);
            }
        }

        return null;
    }

    private static byte[] Assemble(byte[] stem, byte[] extension)
    {
        var shortName = new byte[11];
        shortName.AsSpan().Fill((byte)' ');
        stem.AsSpan(0, Math.Min(8, stem.Length)).CopyTo(shortName);
        extension.AsSpan(0, Math.Min(3, extension.Length)).CopyTo(shortName.AsSpan(8));
        if (shortName[0] == FatLayout.Slot.Free)
        {
            shortName[0] = FatLayout.Slot.StandsForE5;
        }

        return shortName;
    }

    private static (byte[] Bytes, bool IsExact) ToShort(string text)
    {
        var bytes = new List<byte>(text.Length);
        var isExact = true;
        Span<byte> encoded = stackalloc byte[4];
        foreach (var c in text)
        {
            if (c is ' ' or '.')
            {
                isExact = false;
                continue;
            }

            var upper = char.ToUpperInvariant(c);
            if (upper < 0x80 && !ShortForbidden.Contains(upper, StringComparison.Ordinal))
            {
                bytes.Add((byte)upper);
            }
            else
            {
                // Characters outside ASCII depend on the code page of the machine: the alias does without them.
                bytes.Add((byte)'_');
                isExact = false;
            }
        }

        return ([.. bytes], isExact);
    }

    /// <summary>0 for upper case, <paramref name="flag"/> for lower case, null for both in one: only a long name can say that.</summary>
    private static byte? CaseOf(string text, byte flag)
    {
        var hasLower = text.Any(char.IsAsciiLetterLower);
        var hasUpper = text.Any(char.IsAsciiLetterUpper);
        return hasLower && hasUpper ? null : hasLower ? flag : (byte)0;
    }

    private static int Hash(string name)
    {
        var hash = 0;
        foreach (var c in name)
        {
            hash = ((hash * 0x25) + c) & 0xFFFF;
        }

        return hash;
    }
}
