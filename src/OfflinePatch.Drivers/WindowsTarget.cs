namespace OfflinePatch.Drivers;

/// <summary>Product types as <c>OSVERSIONINFOEX.wProductType</c> and INF decorations number them.</summary>
public enum WindowsProductType
{
    /// <summary>A client edition.</summary>
    Workstation = 1,

    /// <summary>A server that is a domain controller.</summary>
    DomainController = 2,

    /// <summary>Any other server.</summary>
    Server = 3,
}

/// <summary>The Windows that a driver is chosen for.</summary>
/// <param name="Major">Major version, 5 to 10.</param>
/// <param name="Minor">Minor version: 1 for Windows 7, 2 for 8, 3 for 8.1, 0 for 10 and 11.</param>
/// <param name="Build">Build number: 7601, 9600, 17763, 26100.</param>
/// <param name="Architecture">Architecture of the kernel.</param>
/// <param name="ProductType">Client, server or domain controller.</param>
/// <param name="SuiteMask">Product suites (<c>VER_SUITE_*</c>), 0 when unknown.</param>
public sealed record WindowsTarget(
    int Major, int Minor, int Build, ProcessorArchitecture Architecture, WindowsProductType ProductType, uint SuiteMask = 0)
{
    /// <summary>Whether this is a server edition.</summary>
    public bool IsServer => ProductType != WindowsProductType.Workstation;

    /// <summary>Whether this Windows keeps a driver database in its hives (Windows 8 and later).</summary>
    public bool HasDriverDatabase => (Major, Minor).CompareTo((6, 2)) >= 0;

    /// <summary><c>10.0.17763 amd64 server</c>.</summary>
    public override string ToString() =>
        $"{Major}.{Minor}.{Build} {Architecture.InfName()} " + ProductType switch
        {
            WindowsProductType.Workstation => "workstation",
            WindowsProductType.Server => "server",
            _ => "domain controller",
        };
}
