using System.Buffers;
using OfflinePatch.Drivers.Inf;

namespace OfflinePatch.Drivers.Packages;

/// <summary>
/// What a driver package may do to an image. It may put files into the directories of drivers, programs, fonts, printers and help, and
/// install services of its own. It may not put a file into the root of a volume, into Windows' configuration, boot files, start menu or
/// scheduled tasks, nor use a name that Windows cannot open; nor install a service that runs a program which is not its own. Registry lines
/// outside its own keys (HKLM, HKCR, HKU) are never applied offline.
/// </summary>
internal static class PackageScope
{
    /// <summary>Folders in a destination; real ones have at most 6.</summary>
    private const int MaxDepth = 32;

    /// <summary>Characters of one name, by NTFS.</summary>
    private const int MaxNameLength = 255;

    /// <summary>Characters of a service's name, by the service control manager.</summary>
    private const int MaxServiceNameLength = 256;

    // Directories below Windows or System32 that belong to Windows alone; by their path from the directory id 10.
    private static readonly string[] WindowsOnly =
    [
        @"Boot", @"servicing", @"Tasks", @"WinSxS", @"System32\Boot", @"System32\config", @"System32\CatRoot", @"System32\CatRoot2",
            @"System32\DriverStore",
        @"System32\GroupPolicy", @"System32\Tasks", @"System32\winevt", @"System32\wbem\Repository",
    ];

    private static readonly SearchValues<char> Forbidden = SearchValues.Create("<>:\"/\\|?*");

    /// <summary>What a package does that it may not.</summary>
    public static IEnumerable<DriverFinding> Check(DriverPackage package, WindowsTarget target, IReadOnlyList<InfEffects> effects)
    {
        foreach (var finding in CheckNames(package, target))
        {
            yield return finding;
        }

        foreach (var copy in effects.SelectMany(e => e.Files).DistinctBy(f => f.Destination))
        {
            if (DestinationProblem(copy.Destination) is { } problem)
            {
                yield return DriverFinding.BadDestination(package.InfName, copy.Destination.ToString(), problem);
            }
        }

        foreach (var service in effects.SelectMany(e => e.Services).Where(s => s.Name.Length > 0)
            .DistinctBy(s => s.Name, StringComparer.OrdinalIgnoreCase))
        {
            if (ServiceProblem(package, effects, service) is { } problem)
            {
                yield return DriverFinding.BadService(package.InfName, Shown(service.Name), problem);
            }
        }
    }

    /// <summary>Whether Windows can open a file of this name.</summary>
    internal static string? NameProblem(string name)
    {
        if (name.Length is 0 or > MaxNameLength || name is "." or "..")
        {
            return "an empty or too long name";
        }

        if (name.AsSpan().IndexOfAny(Forbidden) >= 0 || name.Any(char.IsControl))
        {
            return "a character that no file name may have";
        }

        if (name[^1] is '.' or ' ')
        {
            return "a full stop or blank at the end, which Windows cuts off";
        }

        var stem = name.Split('.')[0].TrimEnd(' ').ToUpperInvariant();
        var isPort = stem.Length == 4 && (stem.StartsWith("COM", StringComparison.Ordinal)
            || stem.StartsWith("LPT", StringComparison.Ordinal)) && char.IsAsciiDigit(stem[3]);
        return isPort || stem is "CON" or "PRN" or "AUX" or "NUL" or "CONIN$" or "CONOUT$" ? "the name of a device of Windows" : null;
    }

    private static IEnumerable<DriverFinding> CheckNames(DriverPackage package, WindowsTarget target)
    {
        var version = package.Inf.Version;
        if (version.HasBrokenClassGuid)
        {
            yield return DriverFinding.BadVersion(package.InfName, "its ClassGuid is not a GUID");
        }

        foreach (var catalog in version.Catalogs.Where(c => NameProblem(c) is not null))
        {
            yield return DriverFinding.BadVersion(package.InfName, $"its catalogue {Shown(catalog)} is not a file name");
        }

        foreach (var file in package.Files(target))
        {
            if (file.Split('\\').Select(NameProblem).FirstOrDefault(p => p is not null) is { } reason)
            {
                yield return DriverFinding.BadDestination(package.InfName, file, $"it has {reason}");
            }
        }

        if (NameProblem(package.InfName) is { } problem)
        {
            yield return DriverFinding.BadVersion(package.InfName, $"its own name has {problem}");
        }
    }

    private static string? DestinationProblem(InfPath path)
    {
        if (path.DirectoryId is 24 or 30)
        {
            return "the root of a volume is not a place for drivers";
        }

        var names = path.Relative.Split('\\');
        if (names.Length > MaxDepth)
        {
            return $"it is more than {MaxDepth} folders deep";
        }

        if (names.Select(NameProblem).FirstOrDefault(p => p is not null) is { } problem)
        {
            return $"it has {problem}";
        }

        var below = path.DirectoryId switch
        {
            10 => path.Relative,
            11 => $@"System32\{path.Relative}",
            12 => $@"System32\drivers\{path.Relative}",
            16419 when path.Relative.StartsWith(@"Microsoft\Windows\Start Menu\", StringComparison.OrdinalIgnoreCase) => null,
            _ => "",
        };
        return below is null || WindowsOnly.Any(d => below.StartsWith(d + "\\", StringComparison.OrdinalIgnoreCase))
            ? "that directory belongs to Windows alone"
            : null;
    }

    private static string? ServiceProblem(DriverPackage package, IReadOnlyList<InfEffects> effects, InfService service)
    {
        if (service.Name.Length > MaxServiceNameLength || service.Name.AsSpan().IndexOfAny('\\', '/') >= 0
            || service.Name.Any(char.IsControl) || service.Name is "." or "..")
        {
            return "that is not the name of a service";
        }

        // Drivers of Windows (WinUSB, usbser) are named by many packages; a program of Windows could run anything.
        return service is { ServiceType: 0x10 or 0x20 or 0x110 or 0x120, Binary: { } binary } && !package.Lists(binary.FileName)
            && !effects.Any(e => e.Files.Any(f => f.Destination.FileName.Equals(binary.FileName, StringComparison.OrdinalIgnoreCase)))
            && !binary.FileName.Equals("svchost.exe", StringComparison.OrdinalIgnoreCase)
            ? $"it runs {Shown(binary.FileName)}, which is not a file of the package"
            : null;
    }

    // Names from a package are shown without control characters, and cut to a maximum length.
    private static string Shown(string text) => string.Concat(text.Take(80).Select(c => char.IsControl(c) ? '?' : c));
}
