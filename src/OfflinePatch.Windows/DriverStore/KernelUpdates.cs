using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>Updates of Windows 7 and Server 2008 R2 that decide which drivers their kernel loads.</summary>
internal static class KernelUpdates
{
    private const string Packages = @"Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages";
    private const uint Installed = 0x70; // CurrentState: CBS_STATE_INSTALLED; 0x80 is permanently installed

    /// <summary>
    /// The updates that bring SHA-2 to kernel and boot loader. Source: Microsoft security advisory 3033929 and "2019 SHA-2 code signing
    /// support requirement" (KB4474419).
    /// </summary>
    private static readonly string[] Sha2 = ["Package_for_KB3033929~", "Package_for_KB4474419~"];

    /// <summary>Whether a Windows before 8 has one of the updates that bring SHA-2. Later ones need none.</summary>
    public static bool HasSha2(WindowsSystem system)
    {
        if (system.Facts.AtLeast(6, 2))
        {
            return true;
        }

        return system.Load(HiveName.Software).Hive?.Root.Find(Packages)?.SubKeys.Any(k =>
            Sha2.Any(p => k.Name.StartsWith(p, StringComparison.OrdinalIgnoreCase)) && k.GetDword("CurrentState") is >= Installed) ?? false;
    }
}
