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
    public static readonly Guid ScsiAdapter = new("4d36e97b-e325-11ce-bfc1-08002be10318");
    public static readonly Guid Hdc = new("4d36e96a-e325-11ce-bfc1-08002be10318");
    public static readonly Guid SystemDevices = new("4d36e97d-e325-11ce-bfc1-08002be10318");
    public static readonly Guid Net = new("4d36e972-e325-11ce-bfc1-08002be10318");

    public static readonly Guid Extension = new("e2f84ce7-8efa-411c-aa69-97454ca4cb57");

    private static readonly Guid[] InSystem =
    [
        ScsiAdapter, Hdc, SystemDevices,
        new("4d36e967-e325-11ce-bfc1-08002be10318"), // DiskDrive
        new("4d36e965-e325-11ce-bfc1-08002be10318"), // CDROM
        new("4d36e966-e325-11ce-bfc1-08002be10318"), // Computer
        new("4d36e969-e325-11ce-bfc1-08002be10318"), // FDC
        new("4d36e96b-e325-11ce-bfc1-08002be10318"), // Keyboard
        new("4d36e96f-e325-11ce-bfc1-08002be10318"), // Mouse
        new("4d36e977-e325-11ce-bfc1-08002be10318"), // PCMCIA
        new("4d36e978-e325-11ce-bfc1-08002be10318"), // Ports
        new("4d36e980-e325-11ce-bfc1-08002be10318"), // FloppyDisk
        new("36fc9e60-c465-11cf-8056-444553540000"), // USB
        new("50127dc3-0f36-415e-a6cc-4cb3be910b65"), // Processor
        new("71a27cdd-812a-11d0-bec7-08002be2092f"), // Volume
        new("72631e54-78a4-11d0-bcf7-00aa00b7b32a"), // Battery
        new("745a17a0-74d3-11d0-b6fe-00a0c90f57da"), // HIDClass
        new("f2e7dd72-6468-4e36-b6f1-6488f42c1b52"), // Firmware
        Extension,
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
            return HiveName.System; // an image without that hive has nowhere else to keep them
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
