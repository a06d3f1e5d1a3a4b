using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using OfflinePatch.Fixtures.Agents;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>
/// Cloudbase-Init with more than 3,000 files into a machine, from each kind of package, judged by readers that are not ours: ntfs-3g for
/// the files, hivex for the service, Python's configparser for the configuration.
/// </summary>
[Trait("tier", "e2e")]
public sealed class AgentInstallTests(Machines machines) : IClassFixture<Machines>
{
    private const string ReadService = """
        import hivex, json, sys
        h = hivex.Hivex(sys.argv[1])
        n = h.root()
        for name in ['ControlSet001', 'Services', 'cloudbase-init']: n = h.node_get_child(n, name)
        print(json.dumps({h.value_key(v): [h.value_type(v)[0], h.value_value(v)[1].hex()] for v in h.node_values(n)}))
        """;

    private const string ReadConf = """
        import configparser, json, sys
        c = configparser.ConfigParser(interpolation=None, strict=True, default_section='(none)')
        c.read_string(open(sys.argv[1], 'rb').read().decode('ascii'))
        print(json.dumps({s: dict(c[s]) for s in c.sections()}))
        """;

    /// <summary>boot-network-accounts.md §7.2: type and data of every value.</summary>
    private static readonly Dictionary<string, (int Type, object Data)> Recipe = new(StringComparer.Ordinal)
    {
        ["Type"] = (4, 0x10),
        ["Start"] = (4, 2),
        ["ErrorControl"] = (4, 0),
        ["ImagePath"] = (2, "\"C:\\Cloudbase-Init\\Bin\\OpenStackService.exe\" cloudbase-init \"C:\\Cloudbase-Init\\Python\\python.exe\" "
            + "\"C:\\Cloudbase-Init\\Python\\Scripts\\cloudbase-init.exe\" --config-file "
            + "\"C:\\Cloudbase-Init\\conf\\cloudbase-init.conf\"\0"),
        ["DisplayName"] = (1, "Cloudbase-Init\0"),
        ["Description"] = (1, "Cloud Initialization Service\0"),
        ["ObjectName"] = (1, "LocalSystem\0"),
        ["DependOnService"] = (7, "winmgmt\0nsi\0profsvc\0\0"),
    };

    /// <summary>What Huawei's manual asks for (images-and-cloud.md §1.7), and what the MSI writes besides.</summary>
    private static readonly Dictionary<string, string> Wanted = new(StringComparer.Ordinal)
    {
        ["netbios_host_name_compatibility"] = "false",
        ["metadata_services"] = "cloudbaseinit.metadata.services.httpservice.HttpService",
        ["plugins"] = "cloudbaseinit.plugins.common.localscripts.LocalScriptsPlugin,cloudbaseinit.plugins.common.mtu.MTUPlugin,"
            + "cloudbaseinit.plugins.windows.createuser.CreateUserPlugin,"
            + "cloudbaseinit.plugins.common.setuserpassword.SetUserPasswordPlugin,"
            + "cloudbaseinit.plugins.common.sshpublickeys.SetUserSSHPublicKeysPlugin,"
            + "cloudbaseinit.plugins.common.sethostname.SetHostNamePlugin,"
            + "cloudbaseinit.plugins.windows.extendvolumes.ExtendVolumesPlugin,cloudbaseinit.plugins.common.userdata.UserDataPlugin,"
            + "cloudbaseinit.plugins.windows.licensing.WindowsLicensingPlugin",
        ["retry_count"] = "40",
        ["retry_count_interval"] = "5",
        ["username"] = "Administrator",
        ["groups"] = "Administrators",
        ["first_logon_behaviour"] = "no",
        ["real_time_clock_utc"] = "true",
        ["san_policy"] = "OnlineAll",
        ["logging_serial_port_settings"] = "COM1,115200,N,8",
        ["inject_user_password"] = "true",
        ["config_drive_raw_hhd"] = "true",
        ["config_drive_cdrom"] = "true",
        ["config_drive_vfat"] = "true",
        ["bsdtar_path"] = @"C:\Cloudbase-Init\Bin\bsdtar.exe",
        ["mtools_path"] = @"C:\Cloudbase-Init\Bin\",
        ["verbose"] = "true",
        ["debug"] = "true",
        ["log_dir"] = @"C:\Cloudbase-Init\Log\",
        ["log_file"] = "cloudbase-init.log",
        ["default_log_levels"] = "comtypes=INFO,suds=INFO,iso8601=WARN,requests=WARN",
        ["mtu_use_dhcp_config"] = "true",
        ["ntp_use_dhcp_config"] = "true",
        ["local_scripts_path"] = @"C:\Cloudbase-Init\LocalScripts\",
        ["check_latest_version"] = "true",
    };

    [SkippableTheory]
    [InlineData("zip", 3200)]
    [InlineData("directory", 100)]
    [InlineData("msi", 100)]
    [Trait("tier", "oracle")]
    public void Files_service_and_configuration_are_those_of_the_package_and_the_recipe(string kind, int libraryFiles) =>
        Install(kind, libraryFiles);

    [SkippableTheory]
    [InlineData("directory", 3200)]
    [InlineData("msi", 3200)]
    [Trait("speed", "slow")]
    [Trait("tier", "oracle")]
    public void Large_packages_of_the_other_kinds(string kind, int libraryFiles) => Install(kind, libraryFiles);

    private void Install(string kind, int libraryFiles)
    {
        GuestVolumes.RequireTools();
        Skip.IfNot(Oracle.Run("/usr/bin/python3", "-c", "import hivex").ExitCode == 0, "Python's hivex is not installed");
        using var scratch = new ScratchFolder();
        SampleCloudbaseInit.Write(scratch["agent.zip"], libraryFiles);
        ZipFile.ExtractToDirectory(scratch["agent.zip"], scratch["unpacked"]);
        var package = kind switch
        {
            "zip" => scratch["agent.zip"],
            "msi" => WixlPackage.Create(scratch, scratch["unpacked"]),
            _ => scratch["unpacked"]
        };
        using var target = new ScratchFolder();
        var image = machines.Copy(target, machines.Raw("win2019", MachineFirmware.Bios));
        var before = SparseHash.Of(image);

        var run = Tool.RunJson("fix", image, "--cloudbase-init", package, "--only", "agent.cloudbase-init").MustExit(0);
        Assert.Equal("fixed", run.State("agent.cloudbase-init"));
        Assert.True(run.Image.GetProperty("changes").GetProperty("filesAdded").GetInt32() > libraryFiles);
        var done = SparseHash.Of(image);
        Assert.Empty(Tool.RunJson("fix", image, "--cloudbase-init", package, "--only", "agent.cloudbase-init").MustExit(0).In("fixed"));
        Assert.Equal(done, SparseHash.Of(image));

        var plan = DiskPlan.For(new MachineSpec { Firmware = MachineFirmware.Bios }).Windows;
        var volume = GuestVolumes.CutOut(target, image, "raw", plan.Offset, plan.Length, "volume");
        var files = GuestVolumes.ReadAll(target, volume).Where(f => f.Key.StartsWith(@"Cloudbase-Init\", StringComparison.Ordinal))
            .ToDictionary(f => f.Key, f => f.Value, StringComparer.Ordinal);
        var expected = Directory.EnumerateFiles(scratch["unpacked"], "*", SearchOption.AllDirectories).ToDictionary(
            f => @"Cloudbase-Init\" + Path.GetRelativePath(scratch["unpacked"], f).Replace('/', '\\'),
            f => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(f))), StringComparer.Ordinal);
        Assert.True(expected.Count > libraryFiles);
        string[] ours = [@"Cloudbase-Init\conf\cloudbase-init.conf", @"Cloudbase-Init\conf\cloudbase-init-unattend.conf",
            @"Cloudbase-Init\conf\Unattend.xml"];
        Assert.Equal(expected.Keys.Concat(ours).Order(StringComparer.Ordinal), files.Keys.Order(StringComparer.Ordinal));
        Assert.All(expected, f => Assert.Equal(f.Value, files[f.Key]));

        GuestVolumes.CopyOut(volume, "/Windows/System32/config/SYSTEM", target["SYSTEM"]);
        var service = Python(ReadService, target["SYSTEM"]).EnumerateObject()
            .ToDictionary(v => v.Name, v => (v.Value[0].GetInt32(), v.Value[1].GetString()!), StringComparer.Ordinal);
        Assert.Equal(Recipe.ToDictionary(v => v.Key, v => (v.Value.Type, Convert.ToHexStringLower(
            v.Value.Data is string text ? System.Text.Encoding.Unicode.GetBytes(text) : BitConverter.GetBytes((int)v.Value.Data))),
            StringComparer.Ordinal), service);

        GuestVolumes.CopyOut(volume, "/Cloudbase-Init/conf/cloudbase-init.conf", target["conf"]);
        var conf = Python(ReadConf, target["conf"]);
        Assert.Equal(["DEFAULT", "openstack"], conf.EnumerateObject().Select(s => s.Name).Order(StringComparer.Ordinal));
        Assert.Equal(new SortedDictionary<string, string>(Wanted, StringComparer.Ordinal), Section(conf, "DEFAULT"));
        Assert.Equal(new SortedDictionary<string, string>(StringComparer.Ordinal) { ["add_metadata_private_ip_route"] = "False" },
            Section(conf, "openstack"));

        Tool.Run("undo", image).MustExit(0);
        Assert.Equal(before, SparseHash.Of(image));
    }

    private static SortedDictionary<string, string> Section(JsonElement conf, string name) =>
        new(conf.GetProperty(name).EnumerateObject().ToDictionary(o => o.Name, o => o.Value.GetString()!, StringComparer.Ordinal),
            StringComparer.Ordinal);

    private static JsonElement Python(string script, string file) =>
        JsonDocument.Parse(Oracle.Run("/usr/bin/python3", "-c", script, file).MustSucceed().Output).RootElement.Clone();
}
