using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Registry;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Boot;

/// <summary>
/// Wine's setupapi installs the INF of each driver (<c>InstallHinfSection</c>); the Services key that it writes is compared with the one
/// that <c>fix</c> staged. Real packages: a folder of them in <c>OFFLINEPATCH_VIRTIO_WIN</c>, laid out like the virtio-win disc.
/// </summary>
[Trait("tier", "oracle")]
public sealed partial class WineSetupTests(Machines machines) : IClassFixture<Machines>
{
    /// <summary>What Wine writes on its own account.</summary>
    private static readonly string[] WinesOwn = ["ObjectName", "PreshutdownTimeout"];

    [SkippableFact]
    public void Services_are_those_that_setupapi_writes_for_the_sample_drivers() => Compare(machines.Drivers, trustSamples: true);

    [SkippableFact]
    public void Services_are_those_that_setupapi_writes_for_real_drivers()
    {
        var folder = Environment.GetEnvironmentVariable("OFFLINEPATCH_VIRTIO_WIN");
        Skip.If(!Directory.Exists(folder), "OFFLINEPATCH_VIRTIO_WIN does not name a folder of real drivers");
        Compare(folder!, trustSamples: false);
    }

    private void Compare(string drivers, bool trustSamples)
    {
        Oracle.Require("wine", "wineserver");
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win10", MachineFirmware.Bios));
        string[] trust = trustSamples ? [] : ["--allow-unsigned"];
        string[] rules = ["--only", "drivers.virtio-storage", "--only", "drivers.virtio-network", "--only", "drivers.virtio-other"];
        Tool.Run(["fix", image, "--drivers", drivers, .. rules, .. trust]);
        Tool.Run("fs", "get", image, "/Windows/System32/config/SYSTEM", scratch.Path).MustExit(0);
        var services = Hive.Open(File.ReadAllBytes(scratch["SYSTEM"])).Find(@"ControlSet001\Services")!;

        // network drivers are installed when the device is met: a service without its class configuration would break the adapter
        Assert.Null(services.Find("netkvm"));
        var packages = SampleDrivers.Virtios
            .Where(d => d.Inf != "netkvm" && Directory.Exists(Path.Combine(drivers, d.Folder, "w10", "amd64"))).ToList();
        Assert.NotEmpty(packages);
        var wine = Install(scratch, [.. packages.Select(d => Path.Combine(drivers, d.Folder, "w10", "amd64", d.Inf + ".inf"))]);
        foreach (var package in packages)
        {
            var inf = File.ReadAllText(Path.Combine(drivers, package.Folder, "w10", "amd64", package.Inf + ".inf"));
            var name = AddService().Match(inf).Groups["name"].Value;
            var theirs = wine.Where(k => (k.Key + @"\").StartsWith(name + @"\", StringComparison.OrdinalIgnoreCase)).ToList();
            Assert.True(theirs.Count > 0, $"Wine has no service {name}");
            foreach (var (path, values) in theirs)
            {
                var ours = services.Find(path);
                Assert.True(ours is not null, $"Services\\{path} is missing");
                foreach (var (value, data) in values.Where(v => !WinesOwn.Contains(v.Key)))
                {
                    var own = ours.GetDword(value) is { } number ? number.ToString(CultureInfo.InvariantCulture) : ours.GetString(value);
                    var (expected, actual) = value switch
                    {
                        "ImagePath" => (FileName(data), FileName(own ?? "")), // Wine writes the whole path
                        // Windows keeps where the text comes from: @oem1.inf,%Name%;text
                        "DisplayName" => (data, own?[(own.LastIndexOf(';') + 1)..]),
                        _ => (data, own),
                    };
                    var same = string.Equals(expected, actual, StringComparison.OrdinalIgnoreCase);
                    Assert.True(same, $"Services\\{path} {value}: setupapi {expected}, staged {actual}");
                }
            }
        }
    }

    private static string FileName(string path) => path[(path.LastIndexOf('\\') + 1)..];

    /// <summary>
    /// The services of a new Wine prefix after the installation of each INF: values by path below Services; numbers in decimal.
    /// </summary>
    private static Dictionary<string, Dictionary<string, string>> Install(ScratchFolder scratch, IReadOnlyList<string> infs)
    {
        var script = new StringBuilder();
        foreach (var inf in infs)
        {
            var folder = scratch[Path.GetFileNameWithoutExtension(inf)];
            Directory.CreateDirectory(folder);
            foreach (var file in Directory.GetFiles(Path.GetDirectoryName(inf)!))
            {
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            }

            var section = Model().Match(File.ReadAllText(inf)).Groups["section"].Value;
            script.Append("rundll32 setupapi,InstallHinfSection ").Append(section).Append(" 132 Z:")
                .Append(Path.Combine(folder, Path.GetFileName(inf)).Replace('/', '\\')).Append("\r\n");
        }

        File.WriteAllText(scratch["install.bat"], script.ToString());
        string[] environment = [$"WINEPREFIX={scratch["wine"]}", "WINEDEBUG=-all", "WINEDLLOVERRIDES=mscoree,mshtml="];
        Oracle.Run("/usr/bin/env", [.. environment, "wine", "wineboot", "-i"]).MustSucceed();
        Oracle.Run("/usr/bin/env", [.. environment, "wine", "cmd", "/c", "Z:" + scratch["install.bat"].Replace('/', '\\')]).MustSucceed();
        Oracle.Run("/usr/bin/env", [.. environment, "wineserver", "-w"]);

        const string Root = @"[System\\CurrentControlSet\\Services\\";
        var keys = new Dictionary<string, Dictionary<string, string>>(StringComparer.OrdinalIgnoreCase);
        Dictionary<string, string>? values = null;
        foreach (var line in File.ReadLines(scratch["wine/system.reg"]))
        {
            if (line.StartsWith('['))
            {
                values = null;
                if (line.StartsWith(Root, StringComparison.OrdinalIgnoreCase))
                {
                    values = new(StringComparer.OrdinalIgnoreCase);
                    keys[line[Root.Length..line.LastIndexOf(']')].Replace(@"\\", @"\", StringComparison.Ordinal)] = values;
                }
            }
            else if (values is not null && Value().Match(line) is { Success: true } match)
            {
                var data = match.Groups["data"].Value;
                values[match.Groups["name"].Value] = data.StartsWith("dword:", StringComparison.Ordinal)
                    ? $"{uint.Parse(data.AsSpan(6), NumberStyles.HexNumber, CultureInfo.InvariantCulture)}"
                    : data[(data.IndexOf('"', StringComparison.Ordinal) + 1)..^1].Replace(@"\\", @"\", StringComparison.Ordinal);
            }
        }

        return keys;
    }

    [GeneratedRegex(@"^%[^%=]+%\s*=\s*(?<section>[\w.]+)\s*,\s*(PCI|ACPI)\\", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Model();

    [GeneratedRegex(
        @"^AddService\s*=\s*(?<name>[\w%.]+)\s*,", RegexOptions.Multiline | RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex AddService();

    [GeneratedRegex(@"^""(?<name>[^""]*)""=(?<data>dword:[0-9a-f]{8}|(str\(\d+\):)?"".*"")$", RegexOptions.ExplicitCapture)]
    private static partial Regex Value();
}
