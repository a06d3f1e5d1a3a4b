using System.Globalization;
using System.Text;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>
/// Writes the descriptor of a new VMDK. What the source's descriptor said of the virtual hardware (<c>ddb.</c> lines) is kept.
/// </summary>
internal static class VmdkDescriptorText
{
    // The descriptor has 20 sectors; what else is in it stays below 2 KiB.
    private const int MaxTakenBytes = 8 * 1024;

    // Lines whose values name another content or another layout of the file.
    private static readonly string[] NotTaken =
        ["ddb.longContentID", "ddb.thinProvisioned", "ddb.grain", "ddb.nativeParentCID", "ddb.deletable"];

    /// <summary>The text, as UTF-8.</summary>
    public static byte[] Create(string createType, long sectors, DiskWriterOptions options)
    {
        var text = new StringBuilder();
        var contentId = ((options.Identity ?? ImageIdentity.Random).NextNumber() & int.MaxValue) | 1;
        text.Append("# Disk DescriptorFile\nversion=1\nencoding=\"UTF-8\"\n");
        text.Append(CultureInfo.InvariantCulture, $"CID={contentId:x8}\nparentCID=ffffffff\ncreateType=\"{createType}\"\n\n");
        text.Append(CultureInfo.InvariantCulture, $"# Extent description\nRW {sectors} SPARSE \"{SafeName(options.FileName)}\"\n\n");
        text.Append("# The Disk Data Base\n#DDB\n\n");
        foreach (var (key, value) in DataBase(sectors, options.Properties).OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"{key} = \"{value}\"\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static Dictionary<string, string> DataBase(long sectors, IReadOnlyDictionary<string, string>? properties)
    {
        var lines = new Dictionary<string,
            string>(StringComparer.OrdinalIgnoreCase)
        { ["ddb.adapterType"] = "lsilogic", ["ddb.virtualHWVersion"] = "13" };
        var taken = 0;
        foreach (var (key, value) in properties ?? new Dictionary<string, string>())
        {
            taken += key.Length + value.Length + 6;
            if (taken <= MaxTakenBytes && key.StartsWith("ddb.", StringComparison.OrdinalIgnoreCase)
                && !NotTaken.Contains(key, StringComparer.OrdinalIgnoreCase)
                && IsPlain(key) && IsPlain(value))
            {
                lines[key] = value;
            }
        }

        // VMware's own choice: 16 heads for IDE; else 64, 128 or 255 by size.
        var isIde = string.Equals(lines["ddb.adapterType"], "ide", StringComparison.OrdinalIgnoreCase);
        var (heads, perTrack) = isIde ? (16, 63) : sectors < 1L << 21 ? (64, 32) : sectors < 1L << 22 ? (128, 32) : (255, 63);
        lines["ddb.geometry.cylinders"] = Math.Min(isIde ? 16383 : long.MaxValue, sectors / (heads * perTrack))
            .ToString(CultureInfo.InvariantCulture);
        lines["ddb.geometry.heads"] = heads.ToString(CultureInfo.InvariantCulture);
        lines["ddb.geometry.sectors"] = perTrack.ToString(CultureInfo.InvariantCulture);
        return lines;
    }

    private static bool IsPlain(string text) => text.Length is > 0 and <= 128 && text.All(c => c is >= ' ' and < (char)0x7F and not '"');

    private static string SafeName(string name)
    {
        var plain = string.Concat(name.Where(c => !char.IsControl(c) && c != '"'));
        return plain.Length is > 0 and <= 255 ? plain : "disk.vmdk";
    }
}
