using System.Text;
using System.Text.RegularExpressions;
using OfflinePatch.Core;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Testing;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Jobs;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.DriverStore;

/// <summary>
/// Drivers are staged by the rules into a machine on a real NTFS volume; then ntfs-3g reads the volume and hivex the hives, and every
/// reference is followed: from ids to packages, configurations, services and files.
/// </summary>
[Trait("tier", "oracle")]
public sealed partial class StoreWalkTests
{
    /// <summary>Every generation of test machines.</summary>
    public static TheoryData<string> Names => [.. StagingMachine.Generations.Select(g => g.Name)];

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void Every_reference_leads_somewhere(string name)
    {
        Oracle.Require("ntfscat", "ntfsfix", "hivexregedit");
        using var scratch = new ScratchFolder();
        var volume = scratch["windows.ntfs"];
        Stage(name, volume);
        Oracle.Run("ntfsfix", "-n", volume).MustSucceed();

        var system = Hive(scratch, volume, "SYSTEM");
        var software = Hive(scratch, volume, "SOFTWARE");
        foreach (var number in system.Keys.Select(k => ControlSet().Match(k)).Where(m => m.Success).Select(m => m.Value)
            .Distinct(StringComparer.OrdinalIgnoreCase))
        {
            WalkControlSet(system, volume, number);
        }

        const string set = @"\ControlSet001";
        if (name == "win7-sp1-x86")
        {
            Assert.Contains(system.Keys,
                k => k.EndsWith(@"\CriticalDeviceDatabase\PCI#VEN_1AF4&DEV_1001", StringComparison.OrdinalIgnoreCase));
            Assert.Contains(system.Keys, k => k.Contains(@"\CriticalDeviceDatabase\XENBUS#", StringComparison.OrdinalIgnoreCase));
            foreach (var (key, values) in system.Where(k =>
                k.Key.Contains(@"\CriticalDeviceDatabase\PCI#VEN_1AF4", StringComparison.OrdinalIgnoreCase)
                || k.Key.Contains(@"\CriticalDeviceDatabase\PCI#VEN_5853", StringComparison.OrdinalIgnoreCase)
                || k.Key.Contains(@"\CriticalDeviceDatabase\XENBUS#", StringComparison.OrdinalIgnoreCase)))
            {
                RequireService(system, volume, set, Text(values["Service"]), 0);
            }

            foreach (var folder in Text(software[@"\Microsoft\Windows\CurrentVersion"]["DevicePath"]).Split(';').Skip(1))
            {
                var stem = folder[(folder.LastIndexOf('\\') + 1)..];
                RequireFile(volume, folder.Replace("%SystemRoot%", "Windows", StringComparison.OrdinalIgnoreCase) + $"\\{stem}.inf");
            }

            return;
        }

        var drivers = Hive(scratch, volume, "DRIVERS");
        var staged = 0;
        foreach (var hive in (Dictionary<string, Dictionary<string, string>>[])[system, drivers])
        {
            foreach (var (key, values) in hive
                .Where(k => Regex.IsMatch(k.Key, @"^\\DriverDatabase\\DriverInfFiles\\oem\d+\.inf$", RegexOptions.IgnoreCase)).ToList())
            {
                var published = key[(key.LastIndexOf('\\') + 1)..];
                var package = $@"\DriverDatabase\DriverPackages\{Text(values["Active"])}";
                Assert.True(hive.ContainsKey(package), package);
                if (!Text(hive[package]["Provider"]).StartsWith("Sample", StringComparison.Ordinal))
                {
                    continue;
                }

                staged++;
                Assert.Equal(published, Text(hive[package]["@"]));
                Assert.Equal(48, hive[package]["Version"].Split(',').Length);
                RequireFile(volume, $@"Windows\INF\{published}");
                RequireFile(volume, $@"Windows\System32\CatRoot\{{F750E6C3-38EE-11D1-85E5-00C04FC295EE}}\{published[..^4]}.cat");
                RequireFile(volume,
                    $@"Windows\System32\DriverStore\FileRepository\{Text(values["Active"])}\{Text(hive[package]["InfName"])}");
                RequireFile(volume,
                    $@"Windows\System32\DriverStore\FileRepository\{Text(values["Active"])}\{Text(hive[package]["Catalog"])}");
                Assert.Contains(hive,
                    k => k.Key.StartsWith(@"\DriverDatabase\DeviceIds\", StringComparison.OrdinalIgnoreCase)
                        && k.Value.ContainsKey(published));
                foreach (var (descriptor,
                    record) in hive
                        .Where(k => k.Key.StartsWith(package + @"\Descriptors\", StringComparison.OrdinalIgnoreCase)
                            && k.Value.ContainsKey("Configuration")).ToList())
                {
                    var configuration = $@"{package}\Configurations\{Text(record["Configuration"])}";
                    Assert.True(hive.ContainsKey(configuration), $"{descriptor} → {configuration}");
                    RequireService(system, volume, set, Text(hive[configuration]["Service"]), null);
                    foreach (var token in (string[])[Text(record["Description"]), Text(record["Manufacturer"])])
                    {
                        Assert.True(hive[package + @"\Strings"].ContainsKey(token.Trim('%')), token);
                    }
                }
            }
        }

        Assert.Equal(13, staged);
        foreach (var (key, values) in software.Where(
            k => k.Key.Contains(@"\PnpLockdownFiles\%SystemRoot%/", StringComparison.OrdinalIgnoreCase)))
        {
            RequireFile(volume, key[(key.IndexOf('%', StringComparison.Ordinal))..]
                .Replace("%SystemRoot%", "Windows", StringComparison.Ordinal).Replace('/', '\\'));
            RequireFile(volume, Text(values["Source"]).Replace("%SystemRoot%", "Windows", StringComparison.Ordinal));
        }
    }

    /// <summary>Boot drivers, filters, unplug keys, owners and event sources of one control set.</summary>
    private static void WalkControlSet(Dictionary<string, Dictionary<string, string>> system, string volume, string set)
    {
        foreach (var service in (string[])["viostor", "vioscsi", "xenbus", "xenfilt", "xenvbd"])
        {
            RequireService(system, volume, set, service, 0);
        }

        foreach (var guid in (string[])["{4d36e96a-e325-11ce-bfc1-08002be10318}", "{4d36e97d-e325-11ce-bfc1-08002be10318}"])
        {
            var filters = Text(system[$@"{set}\Control\Class\{guid}"]["UpperFilters"]).Split('\0', StringSplitOptions.RemoveEmptyEntries);
            Assert.Contains("XENFILT", filters);
        }

        Assert.Equal("dword:00000001", system[$@"{set}\Services\XEN\ForceUnplug"]["DISKS"]); // its drivers start at boot: see above
        var ours =
            system
                .Where(k => k.Key.StartsWith($@"{set}\Services\", StringComparison.OrdinalIgnoreCase)
                    && k.Value.TryGetValue("Owners", out var owners)
            && Text(owners).Split('\0').Any(o => system.ContainsKey($@"\DriverDatabase\DriverInfFiles\{o}"))).ToList();
        foreach (var (_, values) in ours.Where(k => Text(k.Value["ImagePath"]).Contains("drivers", StringComparison.OrdinalIgnoreCase)))
        {
            foreach (var owner in Text(values["Owners"]).Split('\0', StringSplitOptions.RemoveEmptyEntries)
                .Where(o => system.ContainsKey($@"\DriverDatabase\DriverInfFiles\{o}")).Take(1))
            {
                var active = Text(system[$@"\DriverDatabase\DriverInfFiles\{owner}"]["Active"]);
                if (Text(system[$@"\DriverDatabase\DriverPackages\{active}"]["Provider"]).StartsWith("Sample", StringComparison.Ordinal))
                {
                    RequireFile(volume, $@"Windows\INF\{owner}");
                    RequireFile(volume,
                        $@"Windows\{Text(values["ImagePath"]).Replace(@"\SystemRoot\", "", StringComparison.OrdinalIgnoreCase)}");
                }
            }
        }

        foreach (var service in (string[])["viostor", "vioscsi"])
        {
            RequireFile(volume, Text(system[$@"{set}\Services\EventLog\System\{service}"]["EventMessageFile"])
                .Replace("%SystemRoot%", "Windows", StringComparison.OrdinalIgnoreCase));
        }
    }

    private static void Stage(string name, string volume)
    {
        var machine = StagingMachine.Create(name, 3 * Machine.GiB);
        machine.WindowsFiles.Put(@"Windows\System32\IoLogMsg.dll", [1]); // every Windows has it
        var files = InstalledMachine.Install(machine);
        var profile = TargetCatalog.Parse(Encoding.UTF8.GetBytes(
            "{\"id\":\"xen\",\"title\":\"t\",\"description\":\"\",\"drivers\":{\"xen-pv\":{\"required\":[\"xenbus\",\"xenvbd\","
                + "\"xenvif\",\"xennet\",\"xeniface\"]}},\"rules\":{\"drivers.virtio-storage\":{},\"drivers.virtio-network\":{},"
                + "\"drivers.virtio-other\":{},\"drivers.xen-pv\":{}}}"), "test");
        var options = new RuleOptions
        {
            TrustedRoots = SampleTrust.Options.TrustedRoots,
            DriverSources = [StagingMachine.Disc(SampleDriverDisc.Virtio()), StagingMachine.Disc(SampleDriverDisc.Xen())],
            Clock = StagingMachine.Clock,
        };
        using (var session = ImageSession.Open(files, new SessionOptions()))
        {
            var report = RuleRunner.Fix(session, options.ContextOf(session.Machine, profile));
            Assert.True(report.Result == OfflinePatch.Windows.Reports.ImageResult.Ready,
                string.Join('\n', report.Rules.Select(r => $"{r.Id} {r.State} {r.Message}")));
        }

        var partition = PartitionTable.Read(files.Image).Partitions.Single(p => p.Offset == Machine.WindowsOffset);
        using var device = partition.OpenDevice(files.Image);
        using var output = File.Create(volume);
        var buffer = new byte[1 << 20];
        for (long offset = 0; offset < device.Length; offset += buffer.Length)
        {
            var chunk = buffer.AsSpan(0, (int)Math.Min(buffer.Length, device.Length - offset));
            device.Read(offset, chunk);
            if (chunk.ContainsAnyExcept((byte)0))
            {
                output.Position = offset;
                output.Write(chunk);
            }
        }

        output.SetLength(device.Length);
    }

    private static void RequireService(Dictionary<string, Dictionary<string, string>> system, string volume, string set, string service,
        int? start)
    {
        var key = system.Keys.SingleOrDefault(k => k.Equals($@"{set}\Services\{service}", StringComparison.OrdinalIgnoreCase));
        Assert.True(key is not null, $"no service {service}");
        var values = system[key!];
        if (start is { } number)
        {
            Assert.Equal($"dword:{number:x8}", values["Start"]);
            Assert.DoesNotContain(system.Keys, k => k.StartsWith(key + @"\StartOverride", StringComparison.OrdinalIgnoreCase));
        }

        var image = Text(values["ImagePath"]).Replace(@"\SystemRoot\", "", StringComparison.OrdinalIgnoreCase);
        RequireFile(volume, $@"Windows\{image}");
    }

    private static void RequireFile(string volume, string path)
    {
        var result = Oracle.Run("ntfscat", "-f", volume, path.Replace('\\', '/'));
        Assert.True(result.ExitCode == 0 && result.Output.Length > 0, $"{path}: {result.Error}");
    }

    /// <summary>A hive as hivex reads it: key to values, both as hivexregedit prints them.</summary>
    private static Dictionary<string, Dictionary<string, string>> Hive(ScratchFolder scratch, string volume, string name)
    {
        var path = scratch[name];
        Oracle.Run("sh", "-c", $"ntfscat -f '{volume}' Windows/System32/config/{name} > '{path}'").MustSucceed();
        var keys = new Dictionary<string, Dictionary<string, string>>(StringComparer.OrdinalIgnoreCase);
        Dictionary<string, string>? current = null;
        foreach (var root in (string[])["\\"])
        {
            foreach (var line in Oracle.Run("hivexregedit", "--export", "--unsafe-printable-strings", path, root).MustSucceed().Output
                .Split('\n').Select(l => l.TrimEnd('\r')))
            {
                if (line is ['[', .., ']'])
                {
                    current = new(StringComparer.OrdinalIgnoreCase);
                    keys[line[1..^1]] = current;
                }
                else if (current is not null && ValueLine().Match(line) is { Success: true } match)
                {
                    current[match.Groups["name"].Value.Trim('"')] = match.Groups["data"].Value;
                }
            }
        }

        return keys;
    }

    private static string Text(string value)
    {
        if (value.StartsWith("str(", StringComparison.Ordinal))
        {
            return value[(value.IndexOf('"', StringComparison.Ordinal) + 1)..^1].Replace(@"\\", @"\", StringComparison.Ordinal);
        }

        var hex = value[(value.IndexOf(':', StringComparison.Ordinal) + 1)..].Split(',', StringSplitOptions.RemoveEmptyEntries);
        return Encoding.Unicode.GetString([.. hex.Select(h => Convert.ToByte(h, 16))]).TrimEnd('\0');
    }

    [GeneratedRegex(@"^\\ControlSet\d{3}(?=\\Services$)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ControlSet();

    [GeneratedRegex("""^(?<name>@|".*?")=(?<data>.*)$""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ValueLine();
}
