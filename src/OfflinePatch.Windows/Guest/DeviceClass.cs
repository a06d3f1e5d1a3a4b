namespace OfflinePatch.Windows.Guest;

/// <summary>
/// Device setup classes, each by the name of its key below <c>Control\Class</c>: the GUID in braces, upper case, as Windows writes it.
/// Source: learn.microsoft.com, "System-Defined Device Setup Classes Available to Vendors" and "… Reserved for System Use".
/// </summary>
internal static class DeviceClass
{
    public const string CdRom = "{4D36E965-E325-11CE-BFC1-08002BE10318}";

    /// <summary>The computer: the root that ACPI and PCI are attached to.</summary>
    public const string Computer = "{4D36E966-E325-11CE-BFC1-08002BE10318}";

    public const string DiskDrive = "{4D36E967-E325-11CE-BFC1-08002BE10318}";
    public const string Fdc = "{4D36E969-E325-11CE-BFC1-08002BE10318}";
    public const string Hdc = "{4D36E96A-E325-11CE-BFC1-08002BE10318}";
    public const string Keyboard = "{4D36E96B-E325-11CE-BFC1-08002BE10318}";
    public const string Mouse = "{4D36E96F-E325-11CE-BFC1-08002BE10318}";

    /// <summary>Network adapters; also the key of their connections below <c>Control\Network</c>.</summary>
    public const string Net = "{4D36E972-E325-11CE-BFC1-08002BE10318}";

    public const string Pcmcia = "{4D36E977-E325-11CE-BFC1-08002BE10318}";
    public const string Ports = "{4D36E978-E325-11CE-BFC1-08002BE10318}";
    public const string ScsiAdapter = "{4D36E97B-E325-11CE-BFC1-08002BE10318}";
    public const string System = "{4D36E97D-E325-11CE-BFC1-08002BE10318}";
    public const string FloppyDisk = "{4D36E980-E325-11CE-BFC1-08002BE10318}";
    public const string Usb = "{36FC9E60-C465-11CF-8056-444553540000}";
    public const string Processor = "{50127DC3-0F36-415E-A6CC-4CB3BE910B65}";
    public const string Volume = "{71A27CDD-812A-11D0-BEC7-08002BE2092F}";
    public const string Battery = "{72631E54-78A4-11D0-BCF7-00AA00B7B32A}";
    public const string HidClass = "{745A17A0-74D3-11D0-B6FE-00A0C90F57DA}";
    public const string Extension = "{E2F84CE7-8EFA-411C-AA69-97454CA4CB57}";
    public const string Firmware = "{F2E7DD72-6468-4E36-B6F1-6488F42C1B52}";
}
