using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Windows.CloudbaseInit;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Agent;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.CloudbaseInit;

[Trait("tier", "unit")]
public sealed class CloudbaseInitRuleTests
{
    private const string Conf = @"Cloudbase-Init\conf\cloudbase-init.conf";
    private static readonly CloudbaseInitRule Rule = new();

    [Fact]
    public void Without_a_package_it_is_said_what_to_fetch()
    {
        var finding = Rule.Inspect(new Machine().Start());
        Assert.Equal(FindingState.Failed, finding.State);
        Assert.False(finding.Fixable);
        Assert.Contains("--cloudbase-init", finding.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_package_is_installed_once(bool hasProgramFiles)
    {
        var machine = new Machine { Options = new RuleOptions { CloudbaseInit = SamplePackage.Tree() } };
        if (hasProgramFiles)
        {
            machine.WindowsFiles.Put(@"Program Files\other.txt", [1]);
        }

        var guest = machine.Start();
        Assert.True(Rule.Inspect(guest).Fixable);
        Assert.True(guest.Changes.IsEmpty);
        Mend(machine, guest);
        foreach (var (path, content) in SamplePackage.Files())
        {
            Assert.Equal(content, machine.WindowsFiles.ReadFile("Cloudbase-Init/" + path));
        }

        Assert.Equal(hasProgramFiles, machine.WindowsFiles.DirectoryExists("Program Files"));
        Assert.Null(machine.WindowsFiles.Find(@"Program Files\Cloudbase-Init.offlinepatch"));
        Assert.True(machine.WindowsFiles.DirectoryExists(@"Cloudbase-Init\Log"));
        var config = CloudbaseInitConfig.Parse(machine.WindowsFiles.ReadFile(Conf));
        Assert.All(CloudbaseInitSettings.For(guest.Profile), s => Assert.Equal(s.Value, config.Get(s.Section, s.Key)));

        // Once more, with another package and with none: nothing to do.
        var again = machine.Restart();
        Assert.Equal(FindingState.Ok, Rule.Inspect(again).State);
        Assert.Contains("1.1.6", Rule.Inspect(again).Message, StringComparison.Ordinal);
        machine.Options = new RuleOptions { CloudbaseInit = SamplePackage.Tree(SamplePackage.Files(version: "1.1.8")) };
        Assert.Equal(FindingState.Ok, Rule.Inspect(machine.Restart()).State);
        machine.Options = new RuleOptions();
        Assert.Equal(FindingState.Ok, Rule.Inspect(machine.Restart()).State);
    }

    [Fact]
    public void An_installation_of_the_MSI_is_corrected_and_kept()
    {
        var machine = Installed(@"Program Files\Cloudbase Solutions\Cloudbase-Init");
        machine.Options = new RuleOptions { CloudbaseInit = SamplePackage.Tree() };
        var guest = machine.Start();
        var finding = Rule.Inspect(guest);
        Assert.True(finding.Fixable, finding.Message);
        Assert.Contains("plugins", finding.Message, StringComparison.Ordinal);
        Mend(machine, guest);
        Assert.Null(machine.WindowsFiles.Find("Cloudbase-Init"));
        var text = Encoding.UTF8.GetString(
            machine.WindowsFiles.ReadFile(@"Program Files\Cloudbase Solutions\Cloudbase-Init\conf\cloudbase-init.conf"));
        Assert.Contains("own_key=kept\r\n", text, StringComparison.Ordinal);
        Assert.Contains("username=Administrator\r\n", text, StringComparison.Ordinal);
        Assert.Equal(@".\cloudbase-init", machine.Restart().Windows.Current.Service("cloudbase-init")!.GetString("ObjectName"));
    }

    [Fact]
    public void A_disabled_service_and_the_state_of_a_clone_are_mended()
    {
        var machine = Installed("Cloudbase-Init");
        Mend(machine, machine.Start());
        machine.System.Find(@"ControlSet001\Services\cloudbase-init")!.SetDword("Start", 4);
        machine.Software.Create(@"Cloudbase Solutions\Cloudbase-Init\i-1234\Plugins").SetDword("SetHostNamePlugin", 1);
        var guest = machine.Start();
        Assert.Contains("does not start", Rule.Inspect(guest).Message, StringComparison.Ordinal);
        Mend(machine, guest);
        Assert.Equal(2u, machine.Restart().Windows.Current.Service("cloudbase-init")!.GetDword("Start"));
        Assert.Null(machine.Restart().Windows.Software.Root.Find(@"Cloudbase Solutions\Cloudbase-Init\i-1234\Plugins"));
    }

    [Fact]
    public void Missing_files_are_put_back_from_a_package()
    {
        var machine = Installed("Cloudbase-Init");
        machine.WindowsFiles.Delete(@"Cloudbase-Init\Python\python.exe");
        Assert.False(Rule.Inspect(machine.Start()).Fixable);
        machine.Options = new RuleOptions { CloudbaseInit = SamplePackage.Tree() };
        var guest = machine.Start();
        Assert.Contains("python.exe", Rule.Inspect(guest).Message, StringComparison.OrdinalIgnoreCase);
        Mend(machine, guest);
        Assert.Equal("Cloudbase-Init", machine.Restart().Windows.Current.Service("cloudbase-init")!.GetString("DisplayName"));
    }

    [Fact]
    public void What_only_the_user_can_mend_is_told()
    {
        var machine = new Machine(Generation.Windows7) { Options = new RuleOptions { CloudbaseInit = SamplePackage.Tree() } };
        Assert.Contains("x64", Rule.Inspect(machine.Start()).Message, StringComparison.Ordinal);

        machine.Options = new RuleOptions { CloudbaseInit = SamplePackage.Tree(SamplePackage.Files(0x14C, needsRuntime: true)) };
        var guest = machine.Start();
        Rule.Fix(guest);
        Assert.Contains("ucrtbase.dll", Rule.Inspect(guest).Message, StringComparison.Ordinal);
        Assert.False(Rule.Inspect(guest).Fixable);

        var other = new Machine { Profile = TargetCatalog.Get("otc"), Options = new RuleOptions { CloudbaseInit = SamplePackage.Tree() } };
        guest = other.Start();
        Rule.Fix(guest);
        var finding = Rule.Inspect(guest);
        Assert.False(finding.Fixable);
        Assert.Equal(("1.1.6", "1.1.2"), (finding.Before, finding.After));

        var broken = Installed("Cloudbase-Init", "[DEFAULT]\r\nnonsense\r\n");
        guest = broken.Start();
        Rule.Fix(guest);
        Assert.Contains("cannot be read by the agent", Rule.Inspect(guest).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_package_that_is_not_whole_refuses_the_run()
    {
        var files = SamplePackage.Files();
        files.Remove("Bin/OpenStackService.exe");
        var machine = new Machine { Options = new RuleOptions { CloudbaseInit = SamplePackage.Tree(files) } };
        Assert.Equal("CBI-0001", Assert.Throws<RefusedException>(() => Rule.Inspect(machine.Start())).Code);
    }

    private static void Mend(Machine machine, RuleContext guest)
    {
        Rule.Fix(guest);
        Assert.True(Rule.Inspect(guest).State == FindingState.Ok, Rule.Inspect(guest).Message);
        Assert.False(guest.Changes.IsEmpty);
        Machine.Save(guest);
        var again = machine.Restart();
        var writes = machine.WindowsFiles.Writes;
        Assert.Equal(FindingState.Ok, Rule.Inspect(again).State);
        Assert.True(again.Changes.IsEmpty);
        Assert.Equal(writes, machine.WindowsFiles.Writes);
    }

    private static Machine Installed(string directory, string? conf = null)
    {
        var machine = new Machine();
        foreach (var (path, content) in SamplePackage.Files())
        {
            machine.WindowsFiles.Put(directory + "/" + path, content);
        }

        machine.WindowsFiles.Put(directory + "/conf/cloudbase-init.conf",
            Encoding.UTF8.GetBytes(conf ?? "[DEFAULT]\r\nusername=Admin\r\nown_key=kept\r\n"));
        var service = machine.Set(@"Services\cloudbase-init");
        service.SetDword("Start", 2);
        service.SetDword("Type", 0x10);
        service.SetString("ObjectName", @".\cloudbase-init");
        machine.AddAccount(1002, "cloudbase-init", 0x0210, hasPassword: true);
        service.SetExpandString("ImagePath",
            $"\"C:\\{directory}\\Bin\\OpenStackService.exe\" cloudbase-init \"C:\\{directory}\\Python\\Scripts\\cloudbase-init.exe\" "
                + $"--config-file \"C:\\{directory}\\conf\\cloudbase-init.conf\"");
        return machine;
    }
}
