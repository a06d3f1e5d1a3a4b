using System.Text.RegularExpressions;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>The names that VMware gives the extents of a disk, which are not the disk.</summary>
internal static partial class VmdkNames
{
    /// <summary>
    /// Whether a name is that of an extent: <c>-flat</c>, <c>-f001</c>, <c>-s001</c>, <c>-delta</c>, <c>-sesparse</c>, <c>-ctk</c>,
    /// <c>-rdm</c>.
    /// </summary>
    public static bool IsExtent(string name) => Extent().IsMatch(name);

    /// <summary>The name of the descriptor next to an extent whose bytes are those of the disk; null: it is no such extent.</summary>
    public static string? DescriptorOfFlat(string name) => Flat().Match(name) is { Success: true } match
        ? match.Groups["stem"].Value + ".vmdk" : null;

    [GeneratedRegex(@"-(?:flat|f\d{3}|s\d{3}|delta|sesparse|ctk|rdmp?)\.vmdk$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Extent();

    [GeneratedRegex(@"^(?<stem>.*)-(?:flat|f\d{3})\.vmdk$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Flat();
}
