using OfflinePatch.Core;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>One factory per distinct error of staging; codes <c>STG-0001</c> and up.</summary>
internal static class DriverStoreError
{
    public static RefusedException NoFreeName(string directory) =>
        new("STG-0001", $"{directory} has no free name oemN.inf below oem{PublishedNames.Maximum}.inf.",
            "Remove driver packages that are no longer used (pnputil /delete-driver).");

    public static RefusedException ForeignFile(string path, string package) =>
        new("STG-0002",
            $"{path} exists, differs from the file of {package}, and does not belong to an older version of it. It is not overwritten.",
            "Uninstall the driver that owns the file in the source machine, or skip this driver.");

    public static UnsupportedImageException IdTooLong(string package, string id) =>
        new("STG-0003", $"{package} serves the device id {id[..60]}..., which is longer than the 200 characters that Windows knows.");

    public static RefusedException Unusable(string package, string reason) =>
        new("STG-0004", $"{package} cannot be staged: {reason}",
            "Take the driver package from its vendor again, or allow it with --allow-unsigned where only its signature is wrong.");

    public static RefusedException PackageNameTaken(string name) =>
        new("STG-0005", $"The driver store has a package {name} with another content.", "Take the package from its vendor again.");

    public static UnsupportedImageException NoDriverDatabase(string system) =>
        new("STG-0006", $"{system} is Windows 8 or later, and its SYSTEM hive has no DriverDatabase.",
            "The SYSTEM hive is incomplete: restore it in the source machine.");

    public static UnsupportedImageException NoClass(string package) =>
        new("STG-0009", $"{package} names no device setup class (ClassGuid in [Version]); Windows does not install such a package.",
            "Take the driver package from its vendor again.");

    public static RefusedException NoPackage(string name, string present) =>
        new("STG-0010", $"This Windows has no driver package {name}; it has {present}.",
            "`offlinepatch drivers list` shows them. Drivers that come with Windows are not removed.");

    public static RefusedException InUse(string name, string user) =>
        new("STG-0011", $"{name} is in use: {user}.",
            "Without it the device, or Windows itself, may not start. --force removes it anyway.");

    public static UnsupportedImageException IndexNotPublic(string name) =>
        new("STG-0012", $"{name} was installed by this Windows itself, which keeps its index of drivers in files whose form is not public.",
            "Remove it in the running machine: pnputil -d.");

    public static UnsupportedImageException ServiceFileMissing(string service, string package) =>
        new("STG-0007", $"The service {service} of {package} starts at boot, and its file is not part of the package.");
}
