using OfflinePatch.Core;

namespace OfflinePatch.Windows.Guest;

/// <summary>One factory per distinct error of this assembly; codes <c>WIN-0001</c> and up.</summary>
internal static class WindowsError
{
    public static UnsupportedImageException NoWindows(string path, string volumes) =>
        new("WIN-0001", $"{path} holds no Windows installation ({volumes}).",
            "Name the image of the system disk. A disk that holds data or Linux only needs no preparation by this program.");

    public static CorruptImageException NoSystemHive(string systemRoot) =>
        new("WIN-0002", systemRoot + @"\System32\config", -1, "the registry hives SYSTEM and SOFTWARE", "a Windows directory without them",
            "The Windows installation is incomplete. Export the disk again, or repair Windows in the source machine.");

    public static CorruptImageException NoControlSet(string hive) =>
        new("WIN-0003", hive, -1, "a key Select whose value Current names an existing ControlSetNNN", "none",
            "The SYSTEM hive is incomplete. Restore it in the source machine (System Restore, or the copy in "
                + "Windows\\System32\\config\\RegBack).");

    public static CorruptImageException HiveCheckFailed(string hive, string finding) =>
        new("WIN-0004", hive, -1, "a hive without findings after the changes", finding,
            "Nothing was written. This is a fault of this program, or of a hive that was damaged before: please report it.");

    public static CorruptImageException VolumeCheckFailed(string volume, string finding) =>
        new("WIN-0005", volume, -1, "a volume without findings after the changes", finding,
            "Nothing was written. This is a fault of this program, or of a volume that was damaged before: run chkdsk in the source "
                + "machine, then report it.");

    public static CorruptImageException VerificationFailed(string rule, string message) =>
        new("WIN-0006", "the result", -1, $"rule {rule} satisfied when read back", message,
            "Nothing was written. This is a fault of this program: please report it.");

    public static UnsupportedImageException HiveTooLarge(string path, long length) =>
        new("WIN-0009", $"The hive {path} has {length} bytes, more than the 1 GiB that is read at most.");

    public static UnsupportedImageException ValueType(string key, string name) =>
        new("WIN-0010", $"The registry value {name} of {key} has a type or length that it must not have.");
}
