namespace OfflinePatch.Drivers.Tests;

/// <summary>The twelve Windows that the drivers are chosen for.</summary>
internal static class Targets
{
    public static WindowsTarget Windows7X86 { get; } = new(6, 1, 7601, ProcessorArchitecture.X86, WindowsProductType.Workstation);

    public static WindowsTarget Windows7 { get; } = new(6, 1, 7601, ProcessorArchitecture.Amd64, WindowsProductType.Workstation);

    public static WindowsTarget Server2008R2 { get; } = new(6, 1, 7601, ProcessorArchitecture.Amd64, WindowsProductType.Server);

    public static WindowsTarget Windows8 { get; } = new(6, 2, 9200, ProcessorArchitecture.Amd64, WindowsProductType.Workstation);

    public static WindowsTarget Server2012 { get; } = new(6, 2, 9200, ProcessorArchitecture.Amd64, WindowsProductType.Server);

    public static WindowsTarget Windows81 { get; } = new(6, 3, 9600, ProcessorArchitecture.Amd64, WindowsProductType.Workstation);

    public static WindowsTarget Server2012R2 { get; } = new(6, 3, 9600, ProcessorArchitecture.Amd64, WindowsProductType.Server);

    public static WindowsTarget Windows10 { get; } = new(10, 0, 16299, ProcessorArchitecture.Amd64, WindowsProductType.Workstation);

    public static WindowsTarget Windows10X86 { get; } = new(10, 0, 19045, ProcessorArchitecture.X86, WindowsProductType.Workstation);

    public static WindowsTarget Windows11 { get; } = new(10, 0, 22631, ProcessorArchitecture.Amd64, WindowsProductType.Workstation);

    public static WindowsTarget Server2016 { get; } = new(10, 0, 14393, ProcessorArchitecture.Amd64, WindowsProductType.Server);

    public static WindowsTarget Server2019 { get; } = new(10, 0, 17763, ProcessorArchitecture.Amd64, WindowsProductType.Server);

    public static WindowsTarget Server2022 { get; } = new(10, 0, 20348, ProcessorArchitecture.Amd64, WindowsProductType.DomainController);

    public static WindowsTarget Server2025 { get; } = new(10, 0, 26100, ProcessorArchitecture.Amd64, WindowsProductType.Server);

    public static IReadOnlyList<WindowsTarget> All { get; } =
    [
        Windows7X86, Windows7, Server2008R2, Windows8, Server2012, Windows81, Server2012R2, Windows10, Windows10X86, Windows11, Server2016,
            Server2019, Server2022, Server2025,
    ];
}
