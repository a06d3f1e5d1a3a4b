using OfflinePatch.Drivers;

namespace OfflinePatch.Windows.Guest;

/// <summary>What a Windows installation says it is (SOFTWARE\Microsoft\Windows NT\CurrentVersion, and the header of its kernel).</summary>
public sealed record WindowsFacts
{
    /// <summary>The name as people know it; Windows 11 is called that although its registry says 10.</summary>
    public string? ProductName { get; init; }

    /// <summary>EditionID: <c>ServerStandard</c>, <c>Professional</c>…</summary>
    public string? EditionId { get; init; }

    /// <summary>InstallationType: <c>Client</c>, <c>Server</c>, <c>Server Core</c>, <c>Nano Server</c>.</summary>
    public string? InstallationType { get; init; }

    /// <summary>Major version: 6 or 10.</summary>
    public int Major { get; init; }

    /// <summary>Minor version.</summary>
    public int Minor { get; init; }

    /// <summary>CurrentBuildNumber; 0 when unknown.</summary>
    public int Build { get; init; }

    /// <summary>DisplayVersion or ReleaseId: <c>22H2</c>, <c>1709</c>; null before Windows 10.</summary>
    public string? Release { get; init; }

    /// <summary>
    /// From the PE header of ntoskrnl.exe or kernel32.dll, else from PROCESSOR_ARCHITECTURE; null where neither says it.
    /// </summary>
    public ProcessorArchitecture? Architecture { get; init; }

    /// <summary>Control\ProductOptions\ProductType: <c>WinNT</c> (client), <c>ServerNT</c>, <c>LanmanNT</c> (domain controller).</summary>
    public string? ProductType { get; init; }

    /// <summary>The machine's name.</summary>
    public string? ComputerName { get; init; }

    /// <summary>Whether it is a server edition.</summary>
    public bool IsServer => ProductType is not null
        ? !ProductType.Equals("WinNT", StringComparison.OrdinalIgnoreCase)
        : InstallationType?.StartsWith("Server", StringComparison.OrdinalIgnoreCase) ?? false;

    /// <summary>Whether it is a domain controller.</summary>
    public bool IsDomainController => string.Equals(ProductType, "LanmanNT", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether this is that version of Windows, by its kernel, or a later one: 6.1 is 7, 6.2 is 8, 10.0 is 10 and 11.</summary>
    public bool AtLeast(int major, int minor) => Major > major || (Major == major && Minor >= minor);

    /// <summary><c>10.0 (1709)</c>.</summary>
    public string? VersionText => Major == 0 ? null : Release is null ? $"{Major}.{Minor}" : $"{Major}.{Minor} ({Release})";

    /// <summary><c>x64</c>, <c>x86</c>, <c>arm64</c>, <c>arm</c>, <c>ia64</c>, or null.</summary>
    public string? ArchitectureText => Architecture switch
    {
        ProcessorArchitecture.Amd64 => "x64",
        ProcessorArchitecture.X86 => "x86",
        ProcessorArchitecture.Arm64 => "arm64",
        ProcessorArchitecture.Arm => "arm",
        ProcessorArchitecture.Ia64 => "ia64",
        _ => null,
    };
}
