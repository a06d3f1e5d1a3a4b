using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Windows.CloudbaseInit;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Agent;
using OfflinePatch.Windows.Targets;
using OfflinePatch.Windows.Tests.Machines;
using OfflinePatch.Windows.Tests.Rules;

namespace OfflinePatch.Windows.Tests.CloudbaseInit;

/// <summary>Agent, state of the setup, accounts and surroundings are judged together.</summary>
[Trait("tier", "unit")]
public sealed class AgentSurroundingsTests
{
    private const string Conf = @"Cloudbase-Init\conf\cloudbase-init.conf";
    private const string Script = @"Windows\Setup\Scripts\SetupComplete.cmd";

    private static readonly CloudbaseInitRule Rule = new();

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void In_a_generalised_image_the_end_of_the_setup_starts_the_agent(uint start)
    {
        var machine = Installed();
        Generalize(machine);
        machine.Set(@"Services\cloudbase-init").SetDword("Start", start);
        machine.WindowsFiles.Put(Script, "echo own\n"u8.ToArray());
        var context = machine.Start();
        Assert.True(Rule.Inspect(context).Fixable, Rule.Inspect(context).Message);
        Rule.Fix(context);
        Machine.Save(context);
        Assert.Equal(3u, machine.Restart().Windows.Current.Service("cloudbase-init")!.GetDword("Start"));
        Assert.Equal("echo own\nsc config cloudbase-init start= auto && net start cloudbase-init\r\n",
            Encoding.ASCII.GetString(machine.WindowsFiles.ReadFile(Script)));
        Assert.Equal(FindingState.Ok, Rule.Inspect(machine.Restart()).State);
    }

    [Fact]
    public void A_generalised_image_whose_setup_starts_the_agent_is_left_as_it_is()
    {
        var machine = Installed();
        Generalize(machine);
        machine.Set(@"Services\cloudbase-init").SetDword("Start", 3);
        machine.WindowsFiles.Put(Script, "sc config cloudbase-init start= auto && net start cloudbase-init\r\n"u8.ToArray());
        Assert.Equal(FindingState.Ok, Rule.Inspect(machine.Start()).State);
    }

    [Fact]
    public void A_new_agent_in_a_generalised_image_waits_for_the_end_of_the_setup()
    {
        var machine = new Machine { Options = new RuleOptions { CloudbaseInit = SamplePackage.Tree() } };
        Generalize(machine);
        var context = machine.Start();
        Rule.Fix(context);
        Machine.Save(context);
        Assert.Equal(3u, machine.Restart().Windows.Current.Service("cloudbase-init")!.GetDword("Start"));
        Assert.Contains("cloudbase-init", Encoding.ASCII.GetString(machine.WindowsFiles.ReadFile(Script)), StringComparison.Ordinal);
        Assert.Equal(FindingState.Ok, Rule.Inspect(machine.Restart()).State);
    }

    /// <summary>
    /// What the agent waits for is run with an OEM key on Enterprise editions and servers only; a key that is not known is no evidence.
    /// </summary>
    [Theory]
    [InlineData("Professional", "00325-96058-34284-AAOEM", "", true)]
    [InlineData("Professional", "00371-OEM-8992671-00524", "", true)]
    [InlineData("Professional", "00330-80000-00000-AA123", "OEM:DM", true)] // DigitalProductId4 says more than ProductId
    [InlineData("Core", "00325-96058-34284-AAOEM", "Retail", false)]
    [InlineData("Professional", "00330-80000-00000-AA123", "", false)]
    [InlineData("Professional", "", "", false)]
    [InlineData("Enterprise", "00329-00000-00003-AAOEM", "", false)]
    [InlineData("ServerStandard", "00429-OEM-0000000-00000", "", false)]
    public void With_an_OEM_key_the_end_of_the_setup_starts_nothing(string edition, string productId, string keyType, bool fails)
    {
        var machine = Installed();
        Generalize(machine);
        machine.Set(@"Services\cloudbase-init").SetDword("Start", 4);
        var version = machine.Software.Create(@"Microsoft\Windows NT\CurrentVersion");
        version.SetString("EditionID", edition);
        machine.Set(@"Control\ProductOptions")
            .SetString("ProductType", edition.StartsWith("Server", StringComparison.Ordinal) ? "ServerNT" : "WinNT");
        if (productId.Length > 0)
        {
            version.SetString("ProductId", productId);
        }

        if (keyType.Length > 0)
        {
            var id = new byte[1272];
            Encoding.Unicode.GetBytes(keyType).CopyTo(id, 0x3F8);
            version.SetBinary("DigitalProductId4", id);
        }

        var context = machine.Start();
        Rule.Fix(context);
        Machine.Save(context);
        var finding = Rule.Inspect(machine.Restart());
        Assert.Equal((fails ? FindingState.Failed : FindingState.Ok, false), (finding.State, finding.Fixable));
        Assert.Equal(fails ? RuleSeverity.Warning : null, finding.Severity);
        Assert.Equal(fails, finding.Message.Contains("OEM product key", StringComparison.Ordinal));
        machine.Set(@"Services\cloudbase-init").SetDword("Start", 2); // needs no script
        Assert.Equal(FindingState.Ok, Rule.Inspect(machine.Start()).State);
    }

    [Fact]
    public void Names_of_accounts_are_those_of_this_Windows()
    {
        var machine = Installed();
        machine.Sam.Create(@"SAM\Domains\Builtin\Aliases\Names\Administratoren").SetValue("", (RegistryValueType)0x220, []);
        machine.AddAccount(500, "Chef", 0x0210, hasPassword: true);
        machine.WindowsFiles.Put(Conf, Encoding.UTF8.GetBytes("[DEFAULT]\r\ngroups=Administratoren\r\n"));
        var context = machine.Start();
        Rule.Fix(context);
        var config = CloudbaseInitConfig.Parse(machine.WindowsFiles.ReadFile(Conf));
        Assert.Equal(("Administratoren", "Chef"), (config.Get("DEFAULT", "groups"), config.Get("DEFAULT", "username")));
    }

    [Fact]
    public void Without_the_name_of_the_group_the_users_own_stays()
    {
        var machine = Installed();
        machine.WindowsFiles.Put(Conf, Encoding.UTF8.GetBytes("[DEFAULT]\r\ngroups=Administratoren\r\n"));
        Rule.Fix(machine.Start());
        Assert.Equal("Administratoren", CloudbaseInitConfig.Parse(machine.WindowsFiles.ReadFile(Conf)).Get("DEFAULT", "groups"));
    }

    [Fact]
    public void The_account_of_the_configuration_is_enabled() =>
        Fails(m => m.AddAccount(500, "Administrator", 0x0211, hasPassword: true), "names the account Administrator, which is disabled");

    [Fact]
    public void The_account_of_the_service_exists() =>
        Fails(m => m.Set(@"Services\cloudbase-init").SetString("ObjectName", @".\cloudbase-init"), "does not exist");

    [Theory]
    [InlineData("HTTP_PROXY", "", true)]
    [InlineData("https_proxy", "intranet.example", true)]
    [InlineData("HTTP_PROXY", "localhost,169.254.169.254", false)]
    [InlineData("HTTP_PROXY", "169.254.*", true)] // requests knows no patterns
    [InlineData("HTTP_PROXY", "16", true)]
    [InlineData("HTTP_PROXY", "169.254.0.0/16", false)]
    [InlineData("HTTP_PROXY", "169.254.1.1/16", false)]
    [InlineData("HTTP_PROXY", "169.253.0.0/16", true)]
    [InlineData("HTTP_PROXY", "*", false)]
    public void A_proxy_takes_the_way_to_the_metadata(string variable, string exceptions, bool fails)
    {
        void Break(Machine m)
        {
            m.Set(@"Control\Session Manager\Environment").SetString(variable, "http://proxy.example:3128");
            m.Set(@"Control\Session Manager\Environment").SetString("NO_PROXY", exceptions);
        }

        if (fails)
        {
            Fails(Break, "asks a proxy for the metadata");
        }
        else
        {
            var machine = Installed();
            Break(machine);
            Assert.Equal(FindingState.Ok, Rule.Inspect(machine.Start()).State);
        }
    }

    /// <summary>The service sees the settings of its account: by SID, name of the profile, or built in.</summary>
    [Theory]
    [InlineData(@".\agent", "S-1-5-21-0-0-0-1001", @"C:\Users\agent.BENCH", @"Users\agent.BENCH")]
    [InlineData("agent", "S-1-5-21-0-0-0-1001", @"%SystemDrive%\Users\cloud base", @"Users\cloud base")]
    [InlineData(@"ACME\svc", "S-1-5-21-1-2-3-1105", @"C:\Users\svc.ACME", @"Users\svc.ACME")]
    [InlineData("svc@acme.example", "S-1-5-21-1-2-3-1105", @"C:\Users\svc", @"Users\svc")]
    [InlineData(@"NT AUTHORITY\NetworkService", "S-1-5-20", @"%systemroot%\ServiceProfiles\NetworkService",
        @"Windows\ServiceProfiles\NetworkService")]
    public void The_proxy_of_the_agents_own_account_is_found(string account, string sid, string path, string folder)
    {
        var machine = Installed();
        machine.AddAccount(1001, "agent", 0x0210, hasPassword: true);
        machine.Set(@"Services\cloudbase-init").SetString("ObjectName", account);
        var profile = machine.Software.Create($@"Microsoft\Windows NT\CurrentVersion\ProfileList\{sid}");
        profile.SetExpandString("ProfileImagePath", path);
        var hive = Hive.Create(rootName: "NTUSER");
        var settings = hive.Create(@"Software\Microsoft\Windows\CurrentVersion\Internet Settings");
        settings.SetDword("ProxyEnable", 1);
        settings.SetString("ProxyServer", "proxy.example:3128");
        machine.WindowsFiles.Put($@"{folder}\NTUSER.DAT", hive.ToArray());
        Judge("proxy.example:3128: the agent asks a proxy");

        settings.SetString("ProxyOverride", "169.254.*");
        machine.WindowsFiles.Put($@"{folder}\NTUSER.DAT", hive.ToArray());
        Judge(null);

        hive.Create("Environment").SetString("HTTP_PROXY", "http://other.example:3128");
        machine.WindowsFiles.Put($@"{folder}\NTUSER.DAT", hive.ToArray());
        Judge(@"\Environment\HTTP_PROXY=http://other.example:3128: the agent asks a proxy");

        machine.Set(@"Services\cloudbase-init").SetString("ObjectName", "LocalSystem"); // the profile is somebody else's now
        Judge(null);

        void Judge(string? says)
        {
            var finding = Rule.Inspect(machine.Start());
            Assert.Equal(says is null ? (FindingState.Ok, null) : (FindingState.Failed, RuleSeverity.Warning),
                (finding.State, finding.Severity));
            Assert.Contains(says ?? "", finding.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>What LocalSystem is set to is nothing that an agent of another account asks.</summary>
    [Fact]
    public void The_proxy_of_LocalSystem_is_not_that_of_another_account()
    {
        var machine = Installed();
        var hive = Hive.Create(rootName: "DEFAULT");
        var settings = hive.Create(@"Software\Microsoft\Windows\CurrentVersion\Internet Settings");
        settings.SetDword("ProxyEnable", 1);
        settings.SetString("ProxyServer", "proxy.example:3128");
        machine.WindowsFiles.Put(@"Windows\System32\config\DEFAULT", hive.ToArray());
        Assert.Equal(FindingState.Failed, Rule.Inspect(machine.Start()).State);
        machine.AddAccount(1001, "agent", 0x0210, hasPassword: true);
        machine.Set(@"Services\cloudbase-init").SetString("ObjectName", @".\agent");
        Assert.Equal(FindingState.Ok, Rule.Inspect(machine.Start()).State);
    }

    [Theory]
    [InlineData("proxy.example:3128", "", true)]
    [InlineData("http=proxy.example:3128", "<local>;*.example", true)]
    [InlineData("proxy.example:3128", "169.254.169.254", false)]
    [InlineData("proxy.example:3128", "<local>;169.254.*", false)]
    [InlineData("", "", false)]
    public void The_proxy_of_WinHTTP_is_a_warning(string proxy, string exceptions, bool fails)
    {
        var machine = Installed();
        PreparedDefectTests.WinHttp(machine, proxy, exceptions);
        var finding = Rule.Inspect(machine.Start());
        Assert.Equal((fails ? FindingState.Failed : FindingState.Ok, false), (finding.State, finding.Fixable));
        Assert.Equal(fails ? RuleSeverity.Warning : null, finding.Severity);
    }

    /// <summary>Every value that ends early or says that it is longer than it is: no exception, no proxy that is not there.</summary>
    [Fact]
    public void A_damaged_value_of_WinHTTP_is_no_proxy()
    {
        byte[] whole = [0x18, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, .. "host"u8, 1, 0, 0, 0, .. "x"u8];
        Assert.Equal(("host", "x"), MetadataProxy.Parse(whole));
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.True(MetadataProxy.Parse(whole.AsSpan(0, length)) is null or ("host", ""), $"{length}");
        }

        whole[15] = 0x80;
        Assert.Null(MetadataProxy.Parse(whole));
    }

    [Fact]
    public void Services_that_the_agent_depends_on_are_enabled()
    {
        var machine = Installed();
        machine.Service("winmgmt", 4);
        machine.Set(@"Services\winmgmt").SetMultiString("DependOnService", ["RpcSs", "ProfSvc"]);
        var context = machine.Start();
        Assert.True(Rule.Inspect(context).Fixable);
        Rule.Fix(context);
        Assert.Equal(2u, context.Windows.Current.Service("winmgmt")!.GetDword("Start"));
        Assert.Equal(FindingState.Ok, Rule.Inspect(context).State);
        Fails(m =>
        {
            m.Set(@"Services\winmgmt").SetMultiString("DependOnService", ["acme"]);
            m.Service("acme", 4);
        }, @"Services\acme\Start=4");
        Fails(m => m.Set(@"Services\winmgmt").SetMultiString("DependOnService", ["acme"]), @"Services\acme: missing");
        Fails(m =>
        {
            m.Set(@"Services\winmgmt").SetMultiString("DependOnService", ["acme"]);
            m.Set(@"Services\acme").SetString("DisplayName", "a key that is no service");
        }, @"Services\acme: missing");
    }

    /// <summary>A group is there as long as one of its services can start.</summary>
    [Fact]
    public void A_group_that_the_agent_depends_on_has_a_service_that_starts()
    {
        static void Depend(Machine m)
        {
            m.Set(@"Services\cloudbase-init").SetMultiString("DependOnGroup", ["Acme Group"]);
            m.Service("acme1", 4);
            m.Set(@"Services\acme1").SetString("Group", "ACME group");
        }

        Fails(Depend, @"no service of the group Acme Group is enabled");
        var machine = Installed();
        Depend(machine);
        machine.Service("acme2", 3);
        machine.Set(@"Services\acme2").SetString("Group", "acme group");
        Assert.Equal(FindingState.Ok, Rule.Inspect(machine.Start()).State);
    }

    [Fact]
    public void On_a_domain_controller_it_is_said_whose_account_the_agent_would_change()
    {
        var machine = Installed();
        machine.Set(@"Control\ProductOptions").SetString("ProductType", "LanmanNT");
        Assert.Contains(Rule.Inspect(machine.Start()).Remarks, r => r.Contains("domain controller", StringComparison.Ordinal));
    }

    [Fact]
    public void A_configuration_that_cannot_be_read_is_not_touched()
    {
        var machine = Installed();
        byte[] content = [.. "[DEFAULT]\r\nusername=a\0b\r\nnonsense\r\n"u8];
        machine.WindowsFiles.Put(Conf, content);
        var finding = Rule.Inspect(machine.Start());
        Assert.Equal((FindingState.Failed, false), (finding.State, finding.Fixable));
        Assert.Equal(content, machine.WindowsFiles.ReadFile(Conf));
    }

    private static void Fails(Action<Machine> defect, string names)
    {
        var machine = Installed();
        defect(machine);
        var finding = Rule.Inspect(machine.Start());
        Assert.Equal((FindingState.Failed, false), (finding.State, finding.Fixable));
        Assert.Contains(names, finding.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", finding.Remedy, StringComparison.Ordinal);
    }

    private static Machine Installed()
    {
        var machine = new Machine { Options = new RuleOptions { CloudbaseInit = SamplePackage.Tree() } };
        var context = machine.Start();
        Rule.Fix(context);
        Machine.Save(context);
        machine.System = Hive.Open(machine.WindowsFiles.ReadFile(@"Windows\System32\config\SYSTEM"));
        machine.Options = new RuleOptions();
        return machine;
    }

    private static void Generalize(Machine machine) =>
        machine.Software.Create(@"Microsoft\Windows\CurrentVersion\Setup\State")
            .SetString("ImageState", "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE");
}
