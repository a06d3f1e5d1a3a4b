using OfflinePatch.Drivers.Inf;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>
/// Device setup classes, and which hive keeps the records of their drivers: those that a boot may need are in SYSTEM, with their
/// configurations; all others are in DRIVERS, where user mode installs from the store. The image itself says it (each hive indexes its
/// packages by class under <c>DeviceIds\{class}</c>); the table is for classes that neither hive holds. It lists the classes of the SYSTEM
/// hives of Windows 8.1 and 10 in the corpus.
/// </summary>
internal static class DriverClass
{
    public static readonly Guid ScsiAdapter = new(DeviceClass.ScsiAdapter);
    public static readonly Guid Hdc = new(DeviceClass.Hdc);
    public static readonly Guid SystemDevices = new(DeviceClass.System);
    public static readonly Guid Net = new(DeviceClass.Net);
    public static readonly Guid DiskDrive = new(DeviceClass.DiskDrive);
    public static readonly Guid Volume = new(DeviceClass.Volume);
    public static readonly Guid Extension = new(DeviceClass.Extension);

    private static readonly Guid[] InSystem =
    [
        ScsiAdapter, Hdc, SystemDevices, DiskDrive, Volume, Extension, new(DeviceClass.CdRom), new(DeviceClass.Computer),
        new(DeviceClass.Fdc), new(DeviceClass.Keyboard), new(DeviceClass.Mouse), new(DeviceClass.Pcmcia), new(DeviceClass.Ports),
        new(DeviceClass.FloppyDisk), new(DeviceClass.Usb), new(DeviceClass.Processor), new(DeviceClass.Battery), new(DeviceClass.HidClass),
        new(DeviceClass.Firmware),
    ];

    /// <summary>The hive that keeps the records of a class: SYSTEM or DRIVERS.</summary>
    public static HiveName HiveOf(WindowsSystem system, Guid classGuid)
    {
        var index = $@"DriverDatabase\DeviceIds\{Key(classGuid)}";
        if (system.System.Root.Find(index) is not null)
        {
            return HiveName.System;
        }

        if (system.Find(HiveName.Drivers) is not { } drivers)
        {
            return HiveName.System; // an image without that hive has no other place for them
        }

        return drivers.Root.Find(index) is null && InSystem.Contains(classGuid) ? HiveName.System : HiveName.Drivers;
    }

    /// <summary>The name of a class key in <c>DeviceIds</c>: <c>{4d36e97b-e325-11ce-bfc1-08002be10318}</c>.</summary>
    public static string Key(Guid classGuid) => classGuid.ToString("B");

    /// <summary>The class as CriticalDeviceDatabase and Enum write it: upper case.</summary>
    public static string Value(Guid classGuid) => classGuid.ToString("B").ToUpperInvariant();

    /// <summary>
    /// Whether a package drives the disk that Windows starts from, or the bus of one: a storage class, or a service that starts at boot.
    /// </summary>
    public static bool IsBootCritical(Guid classGuid, IEnumerable<InfEffects> effects) =>
        effects.SelectMany(e => e.Services).Any(s => s is { Name.Length: > 0, StartType: 0, ServiceType: 1 or 2 })
            && (classGuid == ScsiAdapter || classGuid == Hdc || InSystem.Contains(classGuid));
}
