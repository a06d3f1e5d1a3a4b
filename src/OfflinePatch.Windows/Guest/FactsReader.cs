using System.Globalization;
using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Pe;

namespace OfflinePatch.Windows.Guest;

/// <summary>
/// Reads <see cref="WindowsFacts"/> (libguestfs daemon/inspect_fs_windows.ml; images-and-cloud.md §1.11). Absent or odd values give null.
/// </summary>
internal static class FactsReader
{
    private const int FirstWindows11Build = 22000; // a client from this build on is Windows 11, although ProductName still says 10

    public static WindowsFacts Read(WindowsSystem system)
    {
        var version = system.Load(HiveName.Software).Hive?.Root.Find(@"Microsoft\Windows NT\CurrentVersion");
        var controlSet = system.ControlSetName is null ? null : system.Current;
        var (major, minor) = ReadVersion(version);
        _ = int.TryParse(version?.GetString("CurrentBuildNumber"), NumberStyles.None, CultureInfo.InvariantCulture, out var build);
        var installationType = version?.GetString("InstallationType");
        var productType = controlSet?.Find(@"Control\ProductOptions")?.GetString("ProductType");
        return new WindowsFacts
        {
            ProductName = ProductName(version?.GetString("ProductName"), build, installationType, productType),
            EditionId = version?.GetString("EditionID"),
            InstallationType = installationType,
            Major = major,
            Minor = minor,
            Build = build,
            Release = version?.GetString("DisplayVersion") ?? version?.GetString("ReleaseId"),
            Architecture = ReadArchitecture(system, controlSet),
            ProductType = productType,
            ComputerName = controlSet?.Find(@"Control\ComputerName\ComputerName")?.GetString("ComputerName")
                ?? controlSet?.Find(@"Services\Tcpip\Parameters")?.GetString("Hostname"),
        };
    }

    private static (int Major, int Minor) ReadVersion(GuestKey? version)
    {
        if (version?.GetDword("CurrentMajorVersionNumber") is { } major and < 100)
        {
            return ((int)major, version.GetDword("CurrentMinorVersionNumber") is { } minor and < 100 ? (int)minor : 0);
        }

        return Version.TryParse(version?.GetString("CurrentVersion"), out var parsed) ? (parsed.Major, parsed.Minor) : (0, 0);
    }

    private static string? ProductName(string? name, int build, string? installationType, string? productType)
    {
        var isClient = installationType is null
            ? string.Equals(productType, "WinNT", StringComparison.OrdinalIgnoreCase)
            : installationType.Equals("Client", StringComparison.OrdinalIgnoreCase);
        return build >= FirstWindows11Build && isClient
            ? name?.Replace("Windows 10", "Windows 11", StringComparison.OrdinalIgnoreCase)
            : name;
    }

    private static ProcessorArchitecture? ReadArchitecture(WindowsSystem system, ControlSet? controlSet)
    {
        foreach (var file in (ReadOnlySpan<string>)["ntoskrnl.exe", "kernel32.dll", "cmd.exe"])
        {
            if (PeImage.ReadArchitecture(system.Volume.RequireFiles(), system.PathOf(@"System32\" + file)) is { } machine)
            {
                return machine;
            }
        }

        return controlSet?.Find(@"Control\Session Manager\Environment")?.GetString("PROCESSOR_ARCHITECTURE") switch
        {
            { } text when text.Equals("AMD64", StringComparison.OrdinalIgnoreCase) => ProcessorArchitecture.Amd64,
            { } text when text.Equals("x86", StringComparison.OrdinalIgnoreCase) => ProcessorArchitecture.X86,
            { } text when text.Equals("ARM64", StringComparison.OrdinalIgnoreCase) => ProcessorArchitecture.Arm64,
            { } text when text.Equals("ARM", StringComparison.OrdinalIgnoreCase) => ProcessorArchitecture.Arm,
            _ => null,
        };
    }
}
