using OfflinePatch.Core;
using OfflinePatch.Drivers.Pe;

namespace OfflinePatch.Windows.Guest;

/// <summary>The file behind a service key (Services\NAME), and how the service starts.</summary>
public static class ServiceImage
{
    /// <summary>Start = 4: disabled.</summary>
    public const uint Disabled = 4;

    private const uint ProgramTypes = 0x30; // SERVICE_WIN32_OWN_PROCESS, SERVICE_WIN32_SHARE_PROCESS

    /// <summary>Whether a service is a program, and not a driver. One without Type is neither.</summary>
    internal static bool IsProgram(GuestKey service) => ((service.GetDword("Type") ?? 0) & ProgramTypes) != 0;

    /// <summary>Whether a service has a start type, and is not disabled.</summary>
    internal static bool IsEnabled(GuestKey service) => service.GetDword("Start") is { } start && start != Disabled;

    /// <summary>
    /// The path on the Windows volume of a driver's or service's file; null when the service has none, or when it is on another drive.
    /// A driver without ImagePath is <c>System32\drivers\NAME.sys</c>.
    /// </summary>
    public static string? Resolve(WindowsSystem system, GuestKey service)
    {
        var type = service.GetDword("Type") ?? 0;
        var text = service.GetString("ImagePath");
        if (string.IsNullOrWhiteSpace(text))
        {
            return type is 1 or 2 or 8 ? system.PathOf(@"System32\drivers\" + service.Name + ".sys") : null;
        }

        return Resolve(system, text);
    }

    /// <summary>
    /// The path on the Windows volume that an ImagePath names: the program without its arguments; null when it is on another drive.
    /// </summary>
    public static string? Resolve(WindowsSystem system, string imagePath)
    {
        var path = Program(imagePath.Trim());
        foreach (var prefix in (ReadOnlySpan<string>)[@"\SystemRoot\", @"%SystemRoot%\", @"%windir%\"])
        {
            if (path.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                return system.PathOf(path[prefix.Length..]);
            }
        }

        if (path.StartsWith(@"\??\", StringComparison.Ordinal))
        {
            path = path[4..];
        }

        if (path.StartsWith("%SystemDrive%", StringComparison.OrdinalIgnoreCase))
        {
            path = system.DriveLetter + path["%SystemDrive%".Length..];
        }

        if (path.StartsWith("%ProgramFiles%", StringComparison.OrdinalIgnoreCase))
        {
            path = system.DriveLetter + @"\Program Files" + path["%ProgramFiles%".Length..];
        }

        if (path.Length > 2 && path[1] == ':')
        {
            return path.StartsWith(system.DriveLetter, StringComparison.OrdinalIgnoreCase) ? path[2..].TrimStart('\\') : null;
        }

        // A relative path starts at the Windows directory: system32\drivers\x.sys
        return path.StartsWith('\\') || path.StartsWith('%') ? null : system.PathOf(path);
    }

    /// <summary>Whether the file of a service is there and not empty; null when it is on another drive.</summary>
    public static bool? HasFile(WindowsSystem system, GuestKey service) =>
        Resolve(system, service) is not { } path
            ? null
            : system.Volume.RequireFiles().Find(path) is { IsDirectory: false, Length: > 0 };

    /// <summary>Whether the service is a kernel driver: Type 1 (driver), 2 (file system driver), 4 (adapter) or 8 (recognizer).</summary>
    public static bool IsDriver(GuestKey service) => service.GetDword("Type") is 1 or 2 or 4 or 8;

    /// <summary>
    /// Whether the file of a service is an executable for another processor than that of this Windows. False for what is no executable.
    /// </summary>
    public static bool IsForAnotherMachine(WindowsSystem system, GuestKey service) =>
        system.Facts.Architecture is { } wanted && Resolve(system, service) is { } path
        && PeImage.ReadArchitecture(system.Volume.RequireFiles(), path) is { } machine && machine != wanted;

    /// <summary>Start as a word: <c>boot</c>, <c>system</c>, <c>auto</c>, <c>demand</c>, <c>disabled</c>.</summary>
    public static string StartText(uint? start) => start switch
    {
        0 => "boot",
        1 => "system",
        2 => "auto",
        3 => "demand",
        4 => "disabled",
        null => "not set",
        _ => $"{start}",
    };

    private static string Program(string text)
    {
        if (text.StartsWith('"'))
        {
            var end = text.IndexOf('"', 1);
            return end < 0 ? text[1..] : text[1..end];
        }

        foreach (var extension in (ReadOnlySpan<string>)[".exe", ".sys", ".dll"])
        {
            var at = text.IndexOf(extension, StringComparison.OrdinalIgnoreCase);
            if (at > 0)
            {
                return text[..(at + extension.Length)];
            }
        }

        return text;
    }
}
