using OfflinePatch.Core;

namespace OfflinePatch.Drivers.Manifest;

/// <summary>All families of drivers: embedded in the program, or read from a folder.</summary>
/// <remarks>Immutable; safe for use by several threads.</remarks>
public sealed class DriverManifest
{
    private const string Prefix = "drivers-manifest/";
    private const int MaxFiles = 64;
    private const int MaxBytes = 1024 * 1024;

    private static readonly Lazy<DriverManifest> Built = new(ReadEmbedded);

    private DriverManifest(IReadOnlyList<DriverFamily> families) => Families = families;

    /// <summary>The manifest that was built into the program.</summary>
    public static DriverManifest Embedded => Built.Value;

    /// <summary>The families.</summary>
    public IReadOnlyList<DriverFamily> Families { get; }

    /// <summary>The VirtIO family.</summary>
    public DriverFamily? VirtIO => Find("virtio");

    /// <summary>The Xen PV family.</summary>
    public DriverFamily? XenPv => Find("xen-pv");

    /// <summary>The family of this name, without case, or null.</summary>
    public DriverFamily? Find(string name) => Families.FirstOrDefault(f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The family and driver that own a hardware id or an INF name, or null.</summary>
    public (DriverFamily Family, DriverEntry Entry)? Classify(string infName, IEnumerable<string> ids)
    {
        foreach (var family in Families)
        {
            foreach (var entry in family.Drivers)
            {
                // Ids decide; two drivers with the same id (fwcfg and qemufwcfg) differ by their INF's name.
                if (ids.Any(entry.Owns) && (entry.Inf.Contains(infName, StringComparer.OrdinalIgnoreCase)
                    || !family.Drivers.Any(o => o != entry && o.Inf.Contains(infName, StringComparer.OrdinalIgnoreCase))))
                {
                    return (family, entry);
                }
            }
        }

        return null;
    }

    /// <summary>Reads the <c>*.json</c> files of a folder.</summary>
    /// <exception cref="CorruptImageException"><c>DRV-0020</c>: a file does not follow the schema, or there is none.</exception>
    public static DriverManifest Load(IFileSystem folder)
    {
        var families = new List<DriverFamily>();
        foreach (var file in folder.Enumerate("").Where(f => !f.IsDirectory && f.Name.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
            && !f.Name.Equals("schema.json", StringComparison.OrdinalIgnoreCase)).Take(MaxFiles))
        {
            families.Add(DriverFamily.Parse(folder.ReadFile(file.Name, MaxBytes), file.Name));
        }

        return families.Count > 0 ? new DriverManifest(families) : throw DriverError.BadManifest(folder.Source, "no family file (*.json)");
    }

    private static DriverManifest ReadEmbedded()
    {
        var assembly = typeof(DriverManifest).Assembly;
        var families = new List<DriverFamily>();
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal))
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            families.Add(DriverFamily.Parse(content, name[Prefix.Length..]));
        }

        return new DriverManifest(families);
    }
}
