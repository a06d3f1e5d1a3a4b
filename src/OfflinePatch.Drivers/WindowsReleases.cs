namespace OfflinePatch.Drivers;

/// <summary>The Windows releases that drivers are named for, as people know them.</summary>
public static class WindowsReleases
{
    private static readonly (string Name, int Major, int Minor, int Build, WindowsProductType Product)[] Known =
    [
        ("7", 6, 1, 7601, WindowsProductType.Workstation), ("2008 R2", 6, 1, 7601, WindowsProductType.Server),
        ("8", 6, 2, 9200, WindowsProductType.Workstation), ("2012", 6, 2, 9200, WindowsProductType.Server),
        ("8.1", 6, 3, 9600, WindowsProductType.Workstation), ("2012 R2", 6, 3, 9600, WindowsProductType.Server),
        ("10", 10, 0, 19045, WindowsProductType.Workstation), ("2016", 10, 0, 14393, WindowsProductType.Server),
        ("2019", 10, 0, 17763, WindowsProductType.Server), ("2022", 10, 0, 20348, WindowsProductType.Server),
        ("11", 10, 0, 26100, WindowsProductType.Workstation), ("2025", 10, 0, 26100, WindowsProductType.Server),
    ];

    /// <summary>
    /// The releases of an architecture: name (<c>7</c>, <c>2019</c>) and target. Server 2008 R2 and later exist for 64 bits only, clients
    /// on Arm since 10.
    /// </summary>
    public static IEnumerable<(string Name, WindowsTarget Target)> For(ProcessorArchitecture architecture)
    {
        foreach (var (name, major, minor, build, product) in Known)
        {
            var exists = architecture switch
            {
                ProcessorArchitecture.Amd64 => true,
                ProcessorArchitecture.X86 => product == WindowsProductType.Workstation && name != "11",
                ProcessorArchitecture.Arm64 => (product == WindowsProductType.Workstation && major == 10) || name == "2025",
                _ => false,
            };
            if (exists)
            {
                yield return (name, new WindowsTarget(major, minor, build, architecture, product));
            }
        }
    }
}
