using OfflinePatch.Core;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Bcd;

namespace OfflinePatch.Windows.Guest;

/// <summary>What rules need to know about a boot configuration and its entries (boot-network-accounts.md §1).</summary>
public static class BootEntries
{
    internal const uint DescriptionElement = 0x12000004;
    internal const uint WinPeElement = 0x26000022;
    internal const uint SafeBootElement = 0x25000080;

    extension(BcdObject entry)
    {
        /// <summary>Its name in the boot menu.</summary>
        public string? Description => entry.Find(DescriptionElement)?.Text;

        /// <summary>The program, by its path on <see cref="get_Device(BcdObject)"/>.</summary>
        public string? ProgramPath => entry.Find(BcdStore.ApplicationPath)?.Text;

        /// <summary>The Windows directory on <see cref="get_OsDevice(BcdObject)"/>.</summary>
        public string? SystemRoot => entry.Find(BcdStore.SystemRoot)?.Text;

        /// <summary>Where the program is.</summary>
        public BcdDevice Device => entry.Find(BcdStore.ApplicationDevice)?.Device ?? new BcdDevice();

        /// <summary>Where Windows is.</summary>
        public BcdDevice OsDevice => entry.Find(BcdStore.OsDevice)?.Device ?? new BcdDevice();

        /// <summary>Whether it starts Windows (winload), not a recovery or setup environment.</summary>
        public bool StartsWindows =>
            entry.ProgramPath?.Contains("winload", StringComparison.OrdinalIgnoreCase) == true
                && entry.Find(WinPeElement)?.Boolean is not true;

        /// <summary>Whether it starts Windows in safe mode.</summary>
        public bool IsSafeMode => entry.Find(SafeBootElement) is not null;
    }

    /// <summary>The configuration in a hive; null when it holds none, or is too damaged to be walked.</summary>
    public static BcdStore? Read(GuestHive hive)
    {
        try
        {
            return hive.Hive.Find("Objects") is null ? null : BcdStore.Open(hive.Hive);
        }
        catch (CorruptImageException)
        {
            return null; // useless for a start; `reg check` names the fault
        }
    }
}
