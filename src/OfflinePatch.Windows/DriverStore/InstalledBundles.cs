using OfflinePatch.Core;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>A bundle of drivers that a vendor's installer left in an image.</summary>
/// <param name="Bundle">What the manifest says of it.</param>
/// <param name="Version">The version that its file names, or the empty text.</param>
/// <param name="IsCurrent">Whether the version is not below the lowest that is accepted.</param>
public sealed record FoundBundle(InstalledBundle Bundle, string Version, bool IsCurrent);

/// <summary>Recognises bundles by their version files (images-and-cloud.md §1.8).</summary>
public static class InstalledBundles
{
    private const int MaximumBytes = 64 * 1024;

    /// <summary>The bundles of a family that an image has.</summary>
    public static IReadOnlyList<FoundBundle> Find(WindowsSystem system, DriverFamily family)
    {
        var found = new List<FoundBundle>();
        foreach (var bundle in family.Installed)
        {
            if (system.Volume.RequireFiles().Find(bundle.File) is { IsDirectory: false, Length: <= MaximumBytes })
            {
                var version = ReadVersion(
                    System.Text.Encoding.Latin1.GetString(system.Volume.RequireFiles().ReadFile(bundle.File, MaximumBytes)), bundle.Key);
                found.Add(new FoundBundle(bundle, version, Compare(version, bundle.Lowest ?? "") >= 0));
            }
        }

        return found;
    }

    private static string ReadVersion(string text, string? key)
    {
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (key is null)
            {
                return line.Trim('\0', '\uFEFF', ' ');
            }

            if (line.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals
                && line[..equals].Trim().Equals(key, StringComparison.OrdinalIgnoreCase))
            {
                return line[(equals + 1)..].Trim();
            }
        }

        return "";
    }

    /// <summary>Compares versions number by number; what is no number counts as 0.</summary>
    private static int Compare(string left, string right)
    {
        var (a, b) = (Numbers(left), Numbers(right));
        for (var i = 0; i < Math.Max(a.Count, b.Count); i++)
        {
            var order = (i < a.Count ? a[i] : 0).CompareTo(i < b.Count ? b[i] : 0);
            if (order != 0)
            {
                return order;
            }
        }

        return 0;
    }

    private static List<long> Numbers(string version) =>
        [.. version.Split('.', '-', ' ').Take(8).Select(p => long.TryParse(p, out var number) ? number : 0)];
}
