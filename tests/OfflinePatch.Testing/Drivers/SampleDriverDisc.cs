namespace OfflinePatch.Testing.Drivers;

/// <summary>A driver disc in the layout of virtio-win (driver, Windows, architecture), and one in the layout of the Xen PV drivers.</summary>
public static class SampleDriverDisc
{
    /// <summary>The folders of the disc, with the decoration and directory id that drivers for them have.</summary>
    public static IReadOnlyList<(string Folder, string Decoration, int Directory, string[] Architectures)> Folders { get; } =
    [
        ("w7", ".6.1", 12, ["amd64", "x86"]), ("2k8R2", ".6.1", 12, ["amd64"]),
        ("w8", ".6.2", 12, ["amd64", "x86"]), ("2k12", ".6.2", 12, ["amd64"]),
        ("w8.1", ".6.3", 12, ["amd64", "x86"]), ("2k12R2", ".6.3", 12, ["amd64"]),
        ("w10", ".10.0", 12, ["amd64", "x86", "ARM64"]), ("2k16", ".10.0", 12, ["amd64"]), ("2k19", ".10.0", 12, ["amd64"]), ("2k22", ".10.0", 12, ["amd64"]),
        ("w11", ".10.0...16299", 13, ["amd64", "ARM64"]), ("2k25", ".10.0...16299", 13, ["amd64"]),
    ];

    /// <summary>DriverVer of the sample drivers.</summary>
    public const string Version = "11/12/2025,100.95.104.26200";

    /// <summary>Every file of a VirtIO disc, by its path with <c>/</c>.</summary>
    public static IEnumerable<(string Path, byte[] Content)> Virtio(IReadOnlyList<SampleDriver>? drivers = null, Func<string, bool>? includeFolder = null)
    {
        foreach (var driver in drivers ?? SampleDrivers.Virtios)
        {
            foreach (var (folder, decoration, directory, architectures) in Folders)
            {
                if (includeFolder is not null && !includeFolder(folder))
                {
                    continue;
                }

                foreach (var architecture in architectures)
                {
                    var signature = folder is "w7" or "2k8R2" ? SampleSignature.Sha1 : SampleSignature.Sha256;
                    foreach (var (name, content) in driver.Build(architecture.ToLowerInvariant(), Version, decoration, directory, signature, signature))
                    {
                        yield return ($"{driver.Folder}/{folder}/{architecture}/{name}", content);
                    }
                }
            }
        }
    }

    /// <summary>Every file of a Xen PV disc: driver, then <c>x64</c> or <c>x86</c>.</summary>
    public static IEnumerable<(string Path, byte[] Content)> Xen(IReadOnlyList<SampleDriver>? drivers = null)
    {
        foreach (var driver in drivers ?? SampleDrivers.XenPv)
        {
            foreach (var (folder, architecture) in ((string, string)[])[("x64", "amd64"), ("x86", "x86")])
            {
                foreach (var (name, content) in driver.Build(architecture, "06/01/2025,9.1.0.0"))
                {
                    yield return ($"{driver.Folder}/{folder}/{name}", content);
                }
            }
        }
    }
}
