using OfflinePatch.Core;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Check;
using OfflinePatch.Registry.Logs;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Jobs;

/// <summary>
/// The registry of the Windows in an image: HKLM\SYSTEM and its neighbours, HKLM\BCD00000000, HKU\.DEFAULT, HKU\PROFILE (a folder of
/// <c>\Users</c>). CurrentControlSet resolves to the control set that ran last.
/// </summary>
internal sealed class ImageRegistry(ImageEdit image) : IRegistryTarget
{
    private const string BootStoreName = "BCD00000000";

    private WindowsSystem Windows => image.Machine.FoundWindows ?? throw JobError.NoHive($"There is no Windows in {image.ImagePath}.");

    public HiveLocation Locate(string key)
    {
        var (root, rest) = RegistryPath.SplitRoot(key);
        var (name, path) = RegistryPath.SplitFirst(rest);
        return root switch
        {
            "HKLM" when name.Equals(BootStoreName, StringComparison.OrdinalIgnoreCase) =>
                At(BootHive(), path, RegistryPath.LongRoot(@"HKLM\" + BootStoreName)),
            "HKLM" when HiveNames.Find(name) is { } hive and not HiveName.Default => LocateMachine(hive, path),
            "HKU" when name.Equals(".DEFAULT", StringComparison.OrdinalIgnoreCase) => LocateMachine(HiveName.Default, path),
            "HKU" when name.Length > 0 => At(UserHive(name), path, RegistryPath.LongRoot(@"HKU\" + name)),
            _ => throw JobError.NoHive($"There is no key {key} in the image: name it HKLM\\SYSTEM\\…, HKLM\\SOFTWARE\\…, HKU\\PROFILE\\…"),
        };
    }

    public IReadOnlyList<string>? RootsBelow(string key)
    {
        var (root, rest) = RegistryPath.SplitRoot(key);
        if (rest.Length > 0)
        {
            return null;
        }

        var files = Windows.Volume.RequireFiles();
        return root switch
        {
            "" => [RegistryPath.LongRoot("HKLM"), RegistryPath.LongRoot("HKU")],
            "HKLM" =>
            [
                .. Enum.GetValues<HiveName>()
                    .Where(n => n != HiveName.Default && files.FileExists(Windows.PathOf(@"System32\config\" + n.FileName())))
                    .Select(n => RegistryPath.LongRoot(n.RootPath())),
                .. image.Machine.Boot.Store?.Hive is null ? Array.Empty<string>() : [RegistryPath.LongRoot(@"HKLM\" + BootStoreName)],
            ],
            "HKU" =>
            [
                RegistryPath.LongRoot(HiveName.Default.RootPath()),
                .. (files.DirectoryExists("Users") ? files.Enumerate("Users") : [])
                    .Where(e => e.IsDirectory && files.FileExists($@"Users\{e.Name}\NTUSER.DAT"))
                    .Select(e => RegistryPath.LongRoot(@"HKU\" + e.Name)),
            ],
            _ => null,
        };
    }

    public HiveLocation LocateImport(string key) => Locate(key);

    public Hive BootStore() => BootHive().Hive;

    public IReadOnlyList<(string Name, HiveCheckReport Report)> Check()
    {
        var files = Windows.Volume.RequireFiles();
        return
        [
            .. Enum.GetValues<HiveName>()
                .Select(n => (Name: n, Path: Windows.PathOf(@"System32\config\" + n.FileName())))
                .Where(h => files.FileExists(h.Path))
                .Select(h => (h.Name.RootPath(), HiveChecker.Check(files.ReadFile(h.Path), GuestHive.ReadLogs(files, h.Path)))),
        ];
    }

    public IReadOnlyList<(string Name, HiveRecovery Recovery)> Replay()
    {
        var replayed = new List<(string, HiveRecovery)>();
        foreach (var name in Enum.GetValues<HiveName>())
        {
            if (Windows.Find(name) is { } hive)
            {
                replayed.Add((name.RootPath(), hive.Hive.Recovery));
                if (image.IsWritable)
                {
                    hive.KeepRecovery();
                }
            }
        }

        return replayed;
    }

    private HiveLocation LocateMachine(HiveName name, string path)
    {
        var hive = Windows.Find(name) ?? throw JobError.NoHive($"The image has no hive {name.RootPath()}.");
        var (first, rest) = RegistryPath.SplitFirst(path);
        if (name == HiveName.System && first.Equals("CurrentControlSet", StringComparison.OrdinalIgnoreCase))
        {
            path = rest.Length == 0 ? Windows.Current.Name : $"{Windows.Current.Name}\\{rest}";
        }

        return At(hive, path, RegistryPath.LongRoot(name.RootPath()));
    }

    private GuestHive BootHive()
    {
        var store = image.Machine.Boot.Store ?? throw JobError.NoHive("The image has no boot configuration store.");
        return store.Hive ?? throw store.Failure ?? JobError.NoHive("The image has no boot configuration store.");
    }

    private GuestHive UserHive(string profile)
    {
        var load = Windows.LoadUser(profile);
        return load.Hive ?? throw load.Failure ?? JobError.NoHive($"The image has no hive {load.Path}.");
    }

    private static HiveLocation At(GuestHive hive, string path, string rootPath) => new(hive.Hive, path, rootPath);
}
