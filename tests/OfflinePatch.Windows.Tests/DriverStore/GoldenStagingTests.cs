using System.Text;
using System.Text.RegularExpressions;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Check;
using OfflinePatch.Registry.RegText;
using OfflinePatch.Testing;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Drivers;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.DriverStore;

/// <summary>
/// What staging the sample drivers (VirtIO, and the Xen PV chain for a Xen target) changes in the hives, as .reg text, and on the volume,
/// as comments behind it, against files in <c>Golden/</c>, one per Windows. <c>OFFLINEPATCH_GOLDEN=write</c> writes them anew; the
/// difference is then for a person to judge. Each key carries its source as a comment, and each value must be one that drivers.md (or a
/// measured hive) explains.
/// </summary>
[Trait("tier", "layout")]
public sealed class GoldenStagingTests
{
    /// <summary>Which lines may appear, and where each is explained.</summary>
    private static readonly (string Source, string Pattern)[] Explained =
    [
        ("drivers.md 3.4", @"^SYSTEM\\DriverDatabase\\DeviceIds(\\[^\[]+)?( \[oem\d+\.inf\] (3: 0[12]ff0[01]00|0: ))?$"),
        ("drivers.md 3.4", @"^DRIVERS\\DriverDatabase\\DeviceIds(\\[^\[]+)?( \[oem\d+\.inf\] (3: 0[12]ff0[01]00|0: ))?$"),
        ("drivers.md 3.5", @"\\DriverDatabase\\DriverInfFiles(\\oem\d+\.inf( \[(Active|Configurations|)\].*)?)?$"),
        ("drivers.md 3.6", @"\\DriverDatabase\\DriverPackages(\\[^\\ ]+( "
            + @"\[(Catalog|FileSize|ImportDate|InfName|OemPath|Provider|SignerName|SignerScore|StatusFlags|Version|)\].*)?)?$"),
        ("drivers.md 3.6, Configurations",
            @"\\DriverPackages\\[^\\]+\\Configurations(\\[^\\ ]+( \[(ConfigFlags|ConfigScope|Service)\].*)?)?$"),
        ("drivers.md 3.6, Device", @"\\Configurations\\[^\\]+\\Device(\\Interrupt Management.*)?$"),
        ("drivers.md 3.6, Services", @"\\Configurations\\[^\\]+\\Services(\\[^\\]+(\\Parameters.*|\\Unplug)?)?$"),
        ("drivers.md 7, class filters",
            @"^SYSTEM\\ControlSet00\d\\Control\\Class(\\\{4d36e9(6a|7d)-e325-11ce-bfc1-08002be10318\}( \[UpperFilters\] multi "
                + @".*""XENFILT"")?)?$"),
        ("drivers.md 7, unplug keys", @"^SYSTEM\\ControlSet00\d\\Services\\XEN(\\(Force)?Unplug( \[(DISKS|NICS)\] dword [01])?)?$"),
        ("drivers.md 5, xenvif BootFlags", @"\\Configurations\\Inst\\Services\\xenvif \[BootFlags\] 20004: 81000000$"),
        ("drivers.md 3.6, Descriptors",
            @"\\DriverPackages\\[^\\]+\\Descriptors(\\[^\[]+)?( \[(Configuration|Description|Manufacturer)\].*)?$"),
        ("drivers.md 3.6, Strings", @"\\DriverPackages\\[^\\]+\\Strings( \[[^\]]+\] sz .*)?$"),
        ("drivers.md 3.3", @"^SYSTEM\\DriverDatabase \[(OemInfMap|UpdateDate)\]"),
        ("drivers.md 5", @"^SYSTEM\\ControlSet00\d\\Services\\[^\\ ]+( "
            + @"\[(Type|Start|ErrorControl|ImagePath|Group|DisplayName|Owners|BootFlags)\].*)?$"),
        ("drivers.md 1.3, 6 and 7",
            @"^SYSTEM\\ControlSet00\d\\Services\\[^\\]+\\(Parameters|Unplug)(\\PnpInterface|\\Wdf|\\Precedence)?( \[.*)?$"),
        ("drivers.md 3.7", @"^SYSTEM\\ControlSet00\d\\Services\\EventLog(\\System(\\[^\\ ]+( "
            + @"\[(EventMessageFile|TypesSupported)\].*)?)?)?$"),
        ("drivers.md 4", @"^SYSTEM\\ControlSet00\d\\Control\\CriticalDeviceDatabase\\[^\\ ]+( \[(Service|ClassGUID)\].*)?$"),
        ("drivers.md 3.7", @"^SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Setup(\\PnpLockdownFiles(\\%SystemRoot%/System32/[^ ]+( "
            + @"\[(Class|Owners|Source)\].*)?)?)?$"),
        ("drivers.md 2 and 4", @"^SOFTWARE\\Microsoft\\Windows\\CurrentVersion \[DevicePath\]"),
        ("drivers.md 3.1",
            @"^FILE Windows\\(System32\\DriverStore\\FileRepository\\[^\\]+\\[^\\]+|INF\\oem\d+\.inf|"
                + @"System32\\CatRoot\\\{F750E6C3-38EE-11D1-85E5-00C04FC295EE\}\\\w+\.cat|"
                + @"System32\\drivers\\\w+\.sys|System32\\config\\\w+) \d*"),
        ("drivers.md 4", @"^FILE Windows\\Drivers\\OfflinePatch\\\w+\\\w+\.\w+ \d+"),
    ];

    public static TheoryData<string> Names => [.. StagingMachine.Generations.Select(g => g.Name)];

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void Staging_changes_exactly_this(string name)
    {
        var machine = StagingMachine.Create(name);
        machine.Profile = TargetCatalog.Get("xen");
        machine.Options = new RuleOptions { Clock = StagingMachine.Clock, DriverSources = [StagingMachine.Disc(SampleDriverDisc.Xen())] };
        var guest = machine.Start();
        var before = Snapshot(guest.Windows, machine);
        var hives = Hives(guest.Windows).ToDictionary(h => h.Name, h => Hive.Open(h.Hive.ToArray()));
        Assert.Equal(8, StagingMachine.StageFamily(guest.Windows, StagingMachine.Disc(SampleDriverDisc.Virtio()), "virtio").Count);
        new XenPvRule().Fix(guest);
        Assert.Equal(FindingState.Ok, new XenPvRule().Inspect(guest).State);

        var lines = StagingMachine.Difference(before, Snapshot(guest.Windows, machine));
        foreach (var line in lines)
        {
            Assert.True(Source(line[2..]) is not null, $"not explained: {line}");
        }

        Compare(name, RegText(guest.Windows, hives)
            + string.Concat(lines.Where(l => l[2..].StartsWith("FILE ", StringComparison.Ordinal)).Select(l => $"; {l}\n")));
        Machine.Save(guest);
        foreach (var hive in (string[])["SYSTEM", "SOFTWARE", "DRIVERS"])
        {
            if (machine.WindowsFiles.Find($@"Windows\System32\config\{hive}") is not null)
            {
                var written = Hive.Open(FileSystemExtensions.ReadFile(machine.WindowsFiles, $@"Windows\System32\config\{hive}"));
                Assert.DoesNotContain(written.Check(), f => f.Severity == HiveFindingSeverity.Error);
            }
        }
    }

    private static string? Source(string line) =>
        Explained.FirstOrDefault(e => Regex.IsMatch(line, e.Pattern, RegexOptions.IgnoreCase)).Source;

    private static IEnumerable<(HiveName Name, Hive Hive)> Hives(WindowsSystem system) =>
        from name in (HiveName[])[HiveName.System, HiveName.Software, HiveName.Drivers]
        where system.Find(name) is not null
        select (name, system.Find(name)!.Hive);

    /// <summary>The difference of all hives as .reg text, with the source of each key above it.</summary>
    private static string RegText(WindowsSystem system, Dictionary<HiveName, Hive> before)
    {
        using var stream = new MemoryStream();
        foreach (var (name, hive) in Hives(system))
        {
            RegTextWriter.Diff(before[name].Root, hive.Root, $@"HKEY_LOCAL_MACHINE\{name.FileName()}", stream, RegTextEncoding.Utf8,
                withHeader: stream.Length == 0);
        }

        var text = new StringBuilder();
        foreach (var line in Encoding.UTF8.GetString(stream.ToArray()).TrimStart('\uFEFF').ReplaceLineEndings("\n").Split('\n'))
        {
            if (line is ['[', .., ']'])
            {
                text.Append($"; {Source(line[@"[HKEY_LOCAL_MACHINE\".Length..^1])}\n");
            }

            text.Append(line).Append('\n');
        }

        return text.ToString();
    }

    internal static List<string> Snapshot(WindowsSystem system, Machine machine)
    {
        var lines = new List<string>();
        foreach (var (name, hive) in Hives(system))
        {
            lines.AddRange(StagingMachine.Dump(hive, name.FileName()));
        }

        AddFiles(machine.WindowsFiles, "", lines);
        return lines;
    }

    private static void AddFiles(MemoryFiles files, string folder, List<string> lines)
    {
        foreach (var entry in files.Enumerate(folder))
        {
            var path = folder.Length == 0 ? entry.Name : $"{folder}\\{entry.Name}";
            if (entry.IsDirectory)
            {
                AddFiles(files, path, lines);
            }
            else
            {
                lines.Add($"FILE {path} {entry.Length}");
            }
        }
    }

    private static void Compare(string name, string actual)
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "DriverStore", "Golden");
        if (Environment.GetEnvironmentVariable("OFFLINEPATCH_GOLDEN") == "write")
        {
            var root = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(root!.FullName, "OfflinePatch.sln")))
            {
                root = root.Parent;
            }

            File.WriteAllText(Path.Combine(root.FullName, "tests", "OfflinePatch.Windows.Tests", "DriverStore", "Golden", name + ".reg"),
                actual);
            return;
        }

        var expected = File.ReadAllText(Path.Combine(folder, name + ".reg"), Encoding.UTF8).ReplaceLineEndings("\n");
        if (expected != actual)
        {
            var (a, b) = (expected.Split('\n'), actual.Split('\n'));
            Assert.Fail(
                $"{name}: missing\n{string.Join('\n', a.Except(b).Take(20))}\nunexpected\n{string.Join('\n', b.Except(a).Take(20))}");
        }
    }
}
