using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.Logs;
using OfflinePatch.Testing;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.DriverStore;

/// <summary>
/// Machines to stage drivers into: real SYSTEM hives of the corpus, or invented ones with an empty driver database; and a DRIVERS hive.
/// </summary>
internal static class StagingMachine
{
    /// <summary>The generations of the golden files: name, corpus hive or null, test machine, build.</summary>
    public static readonly (string Name, string? Hive, Generation Generation, int Build, bool Server)[] Generations =
    [
        ("win7-sp1-x86", "hives/win7-sp1-x86/SYSTEM", Generation.Windows7, 7601, false),
        ("win81-x64", "hives/win81-x64/SYSTEM", Generation.Windows81, 9600, false),
        ("win10-1709-x64", "hives/win10-1709-x64/SYSTEM", Generation.Windows10, 16299, false),
        ("server2016", null, Generation.Server2019, 14393, true),
        ("server2019", null, Generation.Server2019, 17763, true),
        ("server2022", null, Generation.Server2019, 20348, true),
        ("server2025", null, Generation.Server2019, 26100, true),
        ("win11", null, Generation.Windows10, 22631, false),
    ];

    public static readonly TimeProvider Clock = new SetClock { Time = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero) };

    public static Machine Create(string name, long size = 40 * Machine.GiB)
    {
        var (_, hive, generation, build, server) = Generations.Single(g => g.Name == name);
        var machine = new Machine(generation, size: size);
        if (hive is not null)
        {
            Corpus.Require(hive);
            machine.System = Hive.Open(Corpus.Read(hive), options: new HiveOpenOptions { Unclean = UncleanHive.Reconcile });
            machine.System.Root.SetDword("touched", 1); // a first edit makes the reconciled copy whole
            machine.System.Root.DeleteValue("touched");
        }
        else
        {
            var database = machine.System.Create("DriverDatabase");
            database.SetDword("Architecture", 9);
            database.SetDword("SchemaVersion", 0x10000);
            machine.System.Create(@"DriverDatabase\DeviceIds");
            machine.System.Create(@"DriverDatabase\DriverInfFiles");
            machine.System.Create(@"DriverDatabase\DriverPackages");
        }

        var version = machine.Software.Create(@"Microsoft\Windows NT\CurrentVersion");
        version.SetString("CurrentBuildNumber", $"{build}");
        if (generation != Generation.Windows7)
        {
            var drivers = Hive.Create(rootName: "DRIVERS");
            drivers.Create(@"DriverDatabase\DeviceIds").SetDword("x", 0);
            drivers.Create(@"DriverDatabase\DeviceIds").DeleteValue("x");
            machine.WindowsFiles.Put(@"Windows\System32\config\DRIVERS", drivers.ToArray());
        }

        machine.Software.Create(@"Microsoft\Windows\CurrentVersion").SetExpandString("DevicePath", @"%SystemRoot%\inf");
        _ = server;
        return machine;
    }

    public static MemoryFileSystem Disc(IEnumerable<(string Path, byte[] Content)> files)
    {
        var disc = new MemoryFileSystem("disc");
        foreach (var (path, content) in files)
        {
            disc.Add(path, content);
        }

        return disc;
    }

    /// <summary>Stages the chosen package of each driver of a family.</summary>
    public static List<StagingResult> StageFamily(WindowsSystem system, MemoryFileSystem disc, string family)
    {
        var target = DriverTarget.Of(system);
        var selection = DriverSelection.Choose(DriverSource.Scan(disc).Packages,
            OfflinePatch.Drivers.Manifest.DriverManifest.Embedded.Find(family)!, target);
        return [.. selection.Chosen.Select(
            c =>
                GuestDriverStore.Stage(system, DriverPackageCheck.Run(c.Package, target, SampleTrust.Options),
                    new StagingOptions { Clock = Clock }))];
    }

    /// <summary>Stages one package that is given by its files.</summary>
    public static StagingResult Stage(WindowsSystem system, IEnumerable<(string Name, byte[] Content)> files, bool allowUnsigned = false)
    {
        var disc = Disc(files);
        var package = DriverSource.Scan(disc).Packages.Single();
        return GuestDriverStore.Stage(system, DriverPackageCheck.Run(package, DriverTarget.Of(system), SampleTrust.Options),
            new StagingOptions { AllowUnsigned = allowUnsigned, Clock = Clock });
    }

    /// <summary>Every key and value of a hive as lines: <c>key</c>, and <c>key [name] type data</c>.</summary>
    public static List<string> Dump(Hive hive, string prefix)
    {
        var lines = new List<string>();
        Dump(hive.Root, prefix, lines);
        return lines;
    }

    /// <summary>The keys and values below some keys.</summary>
    public static List<string> Dump(Hive hive, string prefix, params string[] keys)
    {
        var lines = new List<string>();
        foreach (var path in keys)
        {
            if (hive.Find(path) is { } key)
            {
                Dump(key, $"{prefix}\\{path}", lines);
            }
        }

        return lines;
    }

    /// <summary>What changed: lines that went (-) and came (+), in the order of their keys.</summary>
    public static List<string> Difference(List<string> before, List<string> after)
    {
        var (old, current) = (before.ToHashSet(StringComparer.Ordinal), after.ToHashSet(StringComparer.Ordinal));
        return [.. before.Where(l => !current.Contains(l)).Select(l => (l, "-"))
            .Concat(after.Where(l => !old.Contains(l)).Select(l => (l, "+")))
            .OrderBy(l => l.l, StringComparer.OrdinalIgnoreCase).ThenBy(l => l.Item2 == "+").Select(l => $"{l.Item2} {l.l}")];
    }

    private static void Dump(HiveKey key, string path, List<string> lines)
    {
        lines.Add(path);
        foreach (var value in key.Values)
        {
            lines.Add($"{path} [{value.Name}] {Text(value)}");
        }

        foreach (var child in key.SubKeys)
        {
            Dump(child, $"{path}\\{child.Name}", lines);
        }
    }

    private static string Text(HiveValue value)
    {
        var data = value.ReadData();
        return value.Type switch
        {
            RegistryValueType.String => $"sz \"{ValueText.Decode(data)}\"",
            RegistryValueType.ExpandString => $"expand \"{ValueText.Decode(data)}\"",
            RegistryValueType.MultiString => $"multi {string.Join(" ", ValueText.DecodeMulti(data).Select(s => $"\"{s}\""))}",
            RegistryValueType.Dword when data.Length == 4 => $"dword {BitConverter.ToUInt32(data):x}",
            RegistryValueType.Qword when data.Length == 8 => $"qword {BitConverter.ToUInt64(data):x}",
            _ => $"{(uint)value.Type:x}: {Convert.ToHexStringLower(data.AsSpan(0, Math.Min(data.Length, 64)))}",
        };
    }
}
