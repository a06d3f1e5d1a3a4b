using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Targets;
using OfflinePatch.Windows.Tests.CloudbaseInit;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

/// <summary>
/// Defects of drivers and agent on every generation and firmware: on a machine that was prepared, or while it is being prepared. The rule
/// notices, says what it is, and mends it where it can.
/// </summary>
[Trait("tier", "unit")]
public sealed class PreparedDefectTests
{
    private const string Storage = "drivers.virtio-storage";
    private const string Network = "drivers.virtio-network";
    private const string Agent = "agent.cloudbase-init";
    private const string Conf = @"Cloudbase-Init\conf\cloudbase-init.conf";

    /// <summary>One thing that is wrong.</summary>
    /// <param name="Name">For people.</param>
    /// <param name="Rule">Who notices.</param>
    /// <param name="Fixable">Whether a fix mends it.</param>
    /// <param name="Break">What is done to the prepared machine.</param>
    /// <param name="Says">Part of the message.</param>
    private sealed record Row(string Name, string Rule, bool Fixable, Action<Machine> Break, string Says)
    {
        public bool Bare { get; init; }

        public Func<Generation, bool> Where { get; init; } = _ => true;

        public Action<Machine>? After { get; init; }
    }

    private static readonly Row[] Rows =
    [
        new("drivers of a source with a test signature", Storage, false, m => m.Options = Source(SampleSigner.TestSigned), "test-signed")
        {
            Bare = true,
            Where = IsX64,
        },
        new("network driver of a source with a test signature", Network, false, m => m.Options = Source(SampleSigner.TestSigned),
            "test-signed") { Bare = true, Where = IsX64 },
        new("drivers by attestation on Windows before 10", Storage, false, m => m.Options = Source(SampleSigner.Attestation),
            "by attestation")
        { Bare = true, Where = g => IsX64(g) && g is Generation.Server2008R2 or Generation.Windows81 or Generation.Server2012R2 },
        new("drivers with SHA-2 only without the update", Storage, false, m => m.Options = Source(SampleSigner.Whql, sha2Only: true),
            "KB3033929") { Bare = true, Where = g => g == Generation.Server2008R2 },
        new("drivers with SHA-2 only with the update", Storage, true, m =>
        {
            m.Options = Source(SampleSigner.Whql, sha2Only: true);
            HasUpdate(m, 0x70);
        }, "no viostor.inf") { Bare = true, Where = g => g == Generation.Server2008R2 },
        new("update of SHA-2 that is not installed yet", Storage, false, m =>
        {
            m.Options = Source(SampleSigner.Whql, sha2Only: true);
            HasUpdate(m, 0x40); // staged
        }, "KB3033929") { Bare = true, Where = g => g == Generation.Server2008R2 },
        new("network driver of a publisher that is not trusted yet", Network, true, m => m.Options = Source(SampleSigner.CrossSigned),
            "no netkvm.inf")
        {
            Bare = true,
            Where = g => g == Generation.Server2008R2,
            After = m =>
                Assert.NotEmpty(Hive.Open(m.WindowsFiles.ReadFile(@"Windows\System32\config\SOFTWARE"))
                    .Find(@"Microsoft\SystemCertificates\TrustedPublisher\Certificates")!.SubKeys),
        },
        new("test-signed drivers in the image", Storage, false, m => m.Options = new RuleOptions { TrustedRoots = [] }, "test-signed")
        {
            Where = g => IsX64(g) && !Machine.Old(g),
        },
        new("test-signed network driver in the image", Network, false, m => m.Options = new RuleOptions { TrustedRoots = [] },
            "test-signed") { Where = g => IsX64(g) && !Machine.Old(g) },
        new("network driver in the store without its file", Network, false,
            m => m.WindowsFiles.Delete($@"{PreparedMachine.NetworkFolder(m)}\netkvm.sys"), "netkvm.sys is missing"),
        new("network driver in the store without its file, and a source", Network, true, m =>
        {
            m.WindowsFiles.Delete($@"{PreparedMachine.NetworkFolder(m)}\netkvm.sys");
            m.Options = Source(SampleSigner.Whql);
        }, "netkvm.sys is missing"),
        new("network driver in the store without its catalogue", Network, false,
            m => m.WindowsFiles.Delete($@"{PreparedMachine.NetworkFolder(m)}\netkvm.cat"), "netkvm.cat is missing"),
        new("network driver in the store that was altered", Network, false,
            m => Alter(m, $@"{PreparedMachine.NetworkFolder(m)}\netkvm.sys"), "netkvm.sys is not the file"),
        new("storage driver on demand", Storage, true, m =>
        {
            m.Set(@"Services\viostor").SetDword("Start", 3);
            m.Options = Source(SampleSigner.Whql);
        }, @"viostor\Start is demand"),
        new("storage driver that is only not configured, without a source", Storage, true,
            m => m.System.Find(@"ControlSet001\Services")!.DeleteSubKeyTree("viostor"), @"no service ControlSet001\Services\viostor")
        { Where = g => !Machine.Old(g) },
        new("storage driver whose file for the start is gone", Storage, true, m =>
        {
            m.WindowsFiles.Delete(@"Windows\System32\drivers\viostor.sys");
            m.Options = Source(SampleSigner.Whql);
        }, "viostor.sys"),
        new("agent disabled", Agent, true, m => m.Set(@"Services\cloudbase-init").SetDword("Start", 4), "does not start by itself"),
        new("agent of a generalised image disabled", Agent, true, m =>
        {
            Generalize(m);
            m.Set(@"Services\cloudbase-init").SetDword("Start", 4);
        }, "continues its setup")
        {
            After = m =>
            {
                Assert.Equal(3u, m.Restart().Windows.Current.Service("cloudbase-init")!.GetDword("Start"));
                Assert.Contains("sc config cloudbase-init start= auto",
                    Encoding.ASCII.GetString(m.WindowsFiles.ReadFile(@"Windows\Setup\Scripts\SetupComplete.cmd")),
                    StringComparison.Ordinal);
            },
        },
        new("disabled agent that the script only starts", Agent, true, m =>
        {
            Generalize(m);
            m.Set(@"Services\cloudbase-init").SetDword("Start", 4);
            m.WindowsFiles.Put(@"Windows\Setup\Scripts\SetupComplete.cmd",
                "rem sc config cloudbase-init start= auto\r\nnet start cloudbase-init\r\n"u8.ToArray());
        }, "continues its setup"),
        new("agent in audit mode on demand", Agent, true, m =>
        {
            m.Software.Create(@"Microsoft\Windows\CurrentVersion\Setup\State")
                .SetString("ImageState", "IMAGE_STATE_GENERALIZE_RESEAL_TO_AUDIT");
            m.Set(@"Services\cloudbase-init").SetDword("Start", 3);
        }, "continues its setup"),
        new("service of the agent's dependencies disabled", Agent, true, m => m.Service("winmgmt", 4), @"Services\winmgmt\Start=4"),
        new("service of the agent's dependencies missing", Agent, false,
            m => m.System.Find(@"ControlSet001\Services")!.DeleteSubKeyTree("ProfSvc"), @"Services\profsvc: missing"),
        new("service that the agent's dependencies need missing", Agent, false,
            m => m.Set(@"Services\Winmgmt").SetMultiString("DependOnService", ["RPCSS", "gonebase"]), @"Services\gonebase: missing"),
        new("group of services that the agent depends on without a service", Agent, false,
            m => m.Set(@"Services\cloudbase-init").SetMultiString("DependOnGroup", ["TDI of acme"]), "no service of the group TDI of acme"),
        new("group in another language", Agent, true, m =>
        {
            m.Sam.Create(@"SAM\Domains\Builtin\Aliases\Names\Administratoren").SetValue("", (RegistryValueType)0x220, []);
        }, "groups")
        { After = m =>
            Assert.Contains("groups=Administratoren", Encoding.ASCII.GetString(m.WindowsFiles.ReadFile(Conf)), StringComparison.Ordinal) },
        new("administrator of the configuration disabled", Agent, false, m => m.AddAccount(500, "Administrator", 0x0211, hasPassword: true),
            "names the account Administrator, which is disabled"),
        new("administrator of the configuration locked", Agent, false, m => m.AddAccount(500, "Administrator", 0x0610, hasPassword: true),
            "which is locked"),
        new("account of the service does not exist", Agent, false,
            m => m.Set(@"Services\cloudbase-init").SetString("ObjectName", @".\cloudbase-init"), "does not exist"),
        new("account of the service by its name alone", Agent, false,
            m => m.Set(@"Services\cloudbase-init").SetString("ObjectName", "agent"), "does not exist"),
        new("proxy for the metadata", Agent, false,
            m => m.Set(@"Control\Session Manager\Environment").SetString("HTTP_PROXY", "http://proxy.example:3128"), "asks a proxy"),
        new("proxy of the service alone", Agent, false,
            m => m.Set(@"Services\cloudbase-init").SetMultiString("Environment", ["https_proxy=http://proxy.example:3128"]),
            "asks a proxy"),
        new("proxy of WinHTTP", Agent, false, m => WinHttp(m, "proxy.example:3128", "*.example"), "WinHttpSettings: proxy.example:3128"),
        new("proxy of LocalSystem", Agent, false, m =>
        {
            var settings = Hive.Create(rootName: "DEFAULT");
            var key = settings.Create(@"Software\Microsoft\Windows\CurrentVersion\Internet Settings");
            key.SetDword("ProxyEnable", 1);
            key.SetString("ProxyServer", "proxy.example:3128");
            m.WindowsFiles.Put(@"Windows\System32\config\DEFAULT", settings.ToArray());
        }, "asks a proxy"),
        new("proxy of the agent's own account", Agent, false, m =>
        {
            m.AddAccount(1001, "cloudbase-init", 0x0210, hasPassword: true);
            m.Set(@"Services\cloudbase-init").SetString("ObjectName", @".\cloudbase-init");
            m.Software.Create(@"Microsoft\Windows NT\CurrentVersion\ProfileList\S-1-5-21-0-0-0-1001")
                .SetString("ProfileImagePath", @"C:\Users\cloudbase-init");
            var settings = Hive.Create(rootName: "NTUSER");
            settings.Create("Environment").SetString("HTTPS_PROXY", "http://proxy.example:3128");
            m.WindowsFiles.Put(@"Users\cloudbase-init\NTUSER.DAT", settings.ToArray());
        }, @"HKU\cloudbase-init\Environment\HTTPS_PROXY"),
        new("proxy of all users", Agent, false, m =>
        {
            m.Software.Create(@"Policies\Microsoft\Windows\CurrentVersion\Internet Settings").SetDword("ProxySettingsPerUser", 0);
            m.Software.Create(@"Microsoft\Windows\CurrentVersion\Internet Settings").SetDword("ProxyEnable", 1);
            m.Software.Create(@"Microsoft\Windows\CurrentVersion\Internet Settings").SetString("ProxyServer", "proxy.example:3128");
        }, "Internet settings of the machine"),
        new("firewall that lets nothing out", Agent, false,
            m => m.Set(@"Services\SharedAccess\Parameters\FirewallPolicy\PublicProfile").SetDword("DefaultOutboundAction", 1),
            "DefaultOutboundAction=1"),
        new("policy of a firewall that lets nothing out", Agent, false,
            m => m.Software.Create(@"Policies\Microsoft\WindowsFirewall\PublicProfile").SetDword("DefaultOutboundAction", 1),
            "DefaultOutboundAction=1"),
        new("filter of CD-ROM drives without service", Agent, false,
            m => m.Class("4d36e965-e325-11ce-bfc1-08002be10318").SetMultiString("UpperFilters", ["GEARAspiWDM"]), "configuration drive"),
        new("agent that waits for a script that Windows leaves out", Agent, false, m =>
        {
            Generalize(m);
            m.Set(@"Services\cloudbase-init").SetDword("Start", 3);
            m.WindowsFiles.Put(@"Windows\Setup\Scripts\SetupComplete.cmd", "net start cloudbase-init\r\n"u8.ToArray());
            m.Software.Create(@"Microsoft\Windows NT\CurrentVersion").SetString("ProductId", "00325-96058-34284-AAOEM");
        }, "OEM product key") { Where = g => !Machine.Server(g) },
        new("storage driver whose file for the start is damaged", Storage, true, m =>
        {
            m.WindowsFiles.Put(@"Windows\System32\drivers\viostor.sys", [1, 2, 3]);
            m.Options = Source(SampleSigner.Whql);
        }, "is not an executable"),
        new("storage driver whose file for the start is for another processor", Storage, true, m =>
        {
            m.WindowsFiles.Put(@"Windows\System32\drivers\viostor.sys", SamplePe.Build(SamplePe.Arm64, [], version: 0x0065_0000_0000_0000));
            m.Options = Source(SampleSigner.Whql);
        }, "another processor"),
        new("configuration in UTF-16", Agent, true,
            m =>
                m.WindowsFiles.Put(Conf,
                    [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(Encoding.ASCII.GetString(m.WindowsFiles.ReadFile(Conf)))]), "encoding"),
        new("configuration that is no text", Agent, false,
            m => m.WindowsFiles.Put(Conf, [.. m.WindowsFiles.ReadFile(Conf), .. "x=\x00\r\n"u8]), "cannot be read"),
    ];

    public static TheoryData<string, Generation, Firmware> Variants
    {
        get
        {
            var data = new TheoryData<string, Generation, Firmware>();
            foreach (var row in Rows)
            {
                foreach (var generation in Enum.GetValues<Generation>().Where(row.Where))
                {
                    data.Add(row.Name, generation, Firmware.Bios);
                    data.Add(row.Name, generation, Firmware.Uefi);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void The_rule_notices_and_a_fix_mends_it(string name, Generation generation, Firmware firmware)
    {
        var row = Rows.Single(r => r.Name == name);
        var machine = row.Bare ? PreparedMachine.Bare(generation, firmware) : PreparedMachine.Create(generation, firmware);
        row.Break(machine);
        var rule = RuleCatalog.All.Single(r => r.Id == row.Rule);
        var context = machine.Start();
        var finding = rule.Inspect(context);
        Assert.Equal((FindingState.Failed, row.Fixable), (finding.State, finding.Fixable));
        Assert.Contains(row.Says, finding.Message, StringComparison.OrdinalIgnoreCase);
        Assert.True(finding.Remedy is { Length: > 10 } remedy && remedy.EndsWith('.'), finding.Remedy);
        Assert.True(context.Changes.IsEmpty);
        if (!row.Fixable)
        {
            return;
        }

        rule.Fix(context);
        Machine.Save(context);
        var again = machine.Restart();
        Assert.Equal((FindingState.Ok, ""),
            (rule.Inspect(again).State, rule.Inspect(again).State == FindingState.Ok ? "" : rule.Inspect(again).Message));
        Assert.True(again.Changes.IsEmpty);
        row.After?.Invoke(machine);
    }

    [Theory]
    [InlineData(Firmware.Bios)]
    [InlineData(Firmware.Uefi)]
    public void A_prepared_machine_is_content(Firmware firmware)
    {
        foreach (var generation in Enum.GetValues<Generation>())
        {
            var context = PreparedMachine.Create(generation, firmware).Start();
            Assert.All(RuleCatalog.All.Where(r => r.Id is Storage or Network or Agent),
                r => Assert.True(r.Inspect(context).State == FindingState.Ok, $"{generation} {r.Id}: {r.Inspect(context).Message}"));
        }
    }

    /// <summary>With testsigning on, the kernel loads what nobody vouches for: then it is told, and no failure.</summary>
    [Fact]
    public void Testsigning_lets_the_kernel_load_test_signed_drivers()
    {
        var machine = PreparedMachine.Create(Generation.Server2019, Firmware.Bios);
        machine.Options = new RuleOptions { TrustedRoots = [] };
        machine.Loader("16000049").SetBinary("Element", [1]);
        var context = machine.Start();
        var finding = RuleCatalog.All.Single(r => r.Id == Storage).Inspect(context);
        Assert.Equal(FindingState.Ok, finding.State);
        Assert.Contains(finding.Remarks, r => r.Contains("is test-signed", StringComparison.Ordinal));
    }

    /// <summary>Windows 7 and 2008 R2 ask on the console where the publisher's certificate was taken away again.</summary>
    [Fact]
    public void A_publisher_that_is_no_longer_trusted_is_told()
    {
        var machine = PreparedMachine.Create(Generation.Server2008R2, Firmware.Bios, SampleSigner.CrossSigned);
        var software = Hive.Open(machine.WindowsFiles.ReadFile(@"Windows\System32\config\SOFTWARE"));
        var store = software.Find(@"Microsoft\SystemCertificates\TrustedPublisher\Certificates")!;
        Assert.Equal(40, store.SubKeys.Single().Name.Length); // the SHA-1 of the certificate
        var blob = store.SubKeys.Single().FindValue("Blob")!.ReadData();
        Assert.Equal((3u, 1u, 20u), (BitConverter.ToUInt32(blob, 0), BitConverter.ToUInt32(blob, 4), BitConverter.ToUInt32(blob, 8)));
        Assert.Equal(store.SubKeys.Single().Name, Convert.ToHexString(blob.AsSpan(12, 20)));
        Assert.Equal((32u, 1u), (BitConverter.ToUInt32(blob, 32), BitConverter.ToUInt32(blob, 36)));
        Assert.Equal(store.SubKeys.Single().Name, Convert.ToHexString(System.Security.Cryptography.SHA1.HashData(blob.AsSpan(44))));
        var network = RuleCatalog.All.Single(r => r.Id == Network);
        Assert.DoesNotContain(network.Inspect(machine.Restart()).Remarks, r => r.Contains("ask on the console", StringComparison.Ordinal));
        software.Find(@"Microsoft\SystemCertificates\TrustedPublisher")!.DeleteSubKeyTree("Certificates");
        machine.WindowsFiles.Put(@"Windows\System32\config\SOFTWARE", software.ToArray());
        Assert.Contains(network.Inspect(machine.Restart()).Remarks, r => r.Contains("ask on the console", StringComparison.Ordinal));
    }

    private static bool IsX64(Generation generation) => generation != Generation.Windows7;

    private static RuleOptions Source(SampleSigner signer, bool sha2Only = false) =>
        new() { DriverSources = [PreparedMachine.Disc(signer, sha2Only)] };

    private static void HasUpdate(Machine machine, uint state) =>
        machine.Software
            .Create(@"Microsoft\Windows\CurrentVersion\Component Based "
                + @"Servicing\Packages\Package_for_KB3033929~31bf3856ad364e35~amd64~~6.1.1.0").SetDword("CurrentState", state);

    /// <summary>WinHttpSettings as netsh writes it.</summary>
    internal static void WinHttp(Machine machine, string proxy, string exceptions)
    {
        static byte[] Text(string text) => [.. BitConverter.GetBytes(text.Length), .. Encoding.ASCII.GetBytes(text)];
        machine.Software.Create(@"Microsoft\Windows\CurrentVersion\Internet Settings\Connections").SetBinary("WinHttpSettings",
            [0x18, 0, 0, 0, 0, 0, 0, 0, (byte)(proxy.Length > 0 ? 3 : 1), 0, 0, 0, .. Text(proxy), .. Text(exceptions)]);
    }

    private static void Generalize(Machine machine) =>
        machine.Software.Create(@"Microsoft\Windows\CurrentVersion\Setup\State")
            .SetString("ImageState", "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE");

    private static void Alter(Machine machine, string path)
    {
        var content = machine.WindowsFiles.ReadFile(path).ToArray();
        content[^1] ^= 1;
        content[0x200] ^= 1;
        machine.WindowsFiles.Put(path, content);
    }
}
