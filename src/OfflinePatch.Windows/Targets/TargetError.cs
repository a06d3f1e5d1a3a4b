using OfflinePatch.Core;

namespace OfflinePatch.Windows.Targets;

/// <summary>Errors of target profiles.</summary>
internal static class TargetError
{
    public static RefusedException Unknown(string name, string known) =>
        new("WIN-0007", $"There is no target profile {name}.", $"Known profiles: {known}; or name a JSON file of your own.");

    public static UnsupportedImageException Broken(string source, string reason) =>
        new("WIN-0008", $"The target profile {source} cannot be used: {reason}",
            "Begin with the one that `offlinepatch rules --as-profile` prints.");

    public static UnsupportedImageException NoDevices(string profile) =>
        new("WIN-0014", $"The profile {profile} has no list of devices.",
            "Name a file with --devices FILE, or add \"devices\" to the profile.");

    public static UnsupportedImageException BadDeviceList(string path, string reason) =>
        new("WIN-0015", $"{path} is not a list of PCI devices: {reason}",
            "Write one device a line, as `lspci -n` or `lspci -nn` prints it, or as PCI\\VEN_1AF4&DEV_1041.");
}
