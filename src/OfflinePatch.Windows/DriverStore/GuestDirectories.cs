using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Inf;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>
/// Where directory ids of INFs lead in an image. Source: learn.microsoft.com using-dirids (ids 10 to 55, and CSIDL numbers from 16384).
/// </summary>
internal sealed class GuestDirectories(WindowsSystem system, ProcessorArchitecture architecture, string packageName)
{
    /// <summary>The directory ids that have a place offline.</summary>
    public static IEnumerable<int> Ids { get; } = [10, 11, 12, 17, 18, 20, 21, 23, 50, 51, 52, 55, 16419, 16422, 16425, 16426, 16427,
        16428];

    /// <summary>The package's directory on the volume.</summary>
    public string PackageDirectory { get; } = FileRepository.PathOf(system, packageName);

    /// <summary>
    /// The path on the volume of a directory id, or null for one that has no place offline (a user's folder, the source disc).
    /// </summary>
    public string? VolumePath(int id) => id switch
    {
        10 => system.SystemRoot,
        11 or 16421 => system.PathOf("System32"),
        12 => system.PathOf(@"System32\drivers"),
        13 => PackageDirectory,
        17 => system.PathOf("INF"),
        18 => system.PathOf("Help"),
        20 => system.PathOf("Fonts"),
        21 => system.PathOf(@"System32\viewers"),
        23 => system.PathOf(@"System32\spool\drivers\color"),
        24 or 30 => "",
        25 => system.SystemRoot,
        50 => system.PathOf("System"),
        51 => system.PathOf(@"System32\spool"),
        52 =>
            system.PathOf(@"System32\spool\drivers\"
                + (architecture == ProcessorArchitecture.X86 ? "w32x86" : architecture == ProcessorArchitecture.Amd64 ? "x64" : "arm64")),
        55 => system.PathOf(@"System32\spool\prtprocs"),
        16419 => "ProgramData",
        16420 => system.SystemRoot,
        16422 => "Program Files",
        16425 => system.PathOf(architecture == ProcessorArchitecture.X86 ? "System32" : "SysWOW64"),
        16426 => architecture == ProcessorArchitecture.X86 ? "Program Files" : "Program Files (x86)",
        16427 => @"Program Files\Common Files",
        16428 => (architecture == ProcessorArchitecture.X86 ? "Program Files" : "Program Files (x86)") + @"\Common Files",
        _ => null,
    };

    /// <summary>The path of a directory id as the guest calls it, for registry data.</summary>
    public string? GuestPath(int id) => VolumePath(id) is { } path ? system.GuestPath(path).TrimEnd('\\') : null;

    /// <summary>The path of a file on the volume, or null.</summary>
    public string? VolumePath(InfPath path) => VolumePath(path.DirectoryId) switch
    {
        null => null,
        "" => path.Relative,
        var directory => $"{directory}\\{path.Relative}",
    };

    /// <summary>
    /// The ImagePath of a driver or service (drivers.md §5): <c>System32\drivers\x.sys</c> for what starts at boot, <c>\SystemRoot\...</c>
    /// for other kernel drivers, <c>%SystemRoot%\...</c> for programs.
    /// </summary>
    public string? ImagePath(InfService service)
    {
        if (service.Binary is not { } binary || VolumePath(binary) is not { } path)
        {
            return null;
        }

        var root = system.SystemRoot + "\\";
        if (!path.StartsWith(root, StringComparison.OrdinalIgnoreCase))
        {
            return system.GuestPath(path);
        }

        var below = path[root.Length..];
        return service.ServiceType is 1 or 2 or 8
            ? service.StartType == 0 ? below : $@"\SystemRoot\{below}"
            : $"%SystemRoot%\\{below}{(service.BinaryArguments.Length > 0 ? " " + service.BinaryArguments : "")}";
    }
}
