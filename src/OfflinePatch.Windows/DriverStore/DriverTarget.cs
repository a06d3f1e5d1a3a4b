using OfflinePatch.Core;
using OfflinePatch.Drivers;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>A Windows installation as drivers are chosen for it.</summary>
public static class DriverTarget
{
    /// <summary>The version, architecture and product type of an installation.</summary>
    /// <exception cref="UnsupportedImageException"><c>STG-0008</c>: its version or architecture is unknown.</exception>
    public static WindowsTarget Of(WindowsSystem system)
    {
        var facts = system.Facts;
        if (facts.Architecture is not { } architecture || facts.Major == 0)
        {
            throw new UnsupportedImageException("STG-0008",
                "The version or the architecture of this Windows is unknown: no driver can be chosen for it.",
                "The SOFTWARE hive or ntoskrnl.exe is missing or damaged; repair Windows in the source machine.");
        }

        return new WindowsTarget(facts.Major, facts.Minor, facts.Build, architecture,
            facts.IsDomainController ? WindowsProductType.DomainController
                : facts.IsServer ? WindowsProductType.Server
                : WindowsProductType.Workstation);
    }

    /// <summary>Whether the version and the architecture of an installation are known.</summary>
    public static bool IsKnown(WindowsSystem system) => system.Facts is { Architecture: not null, Major: not 0 };
}
