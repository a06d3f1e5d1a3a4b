using OfflinePatch.Core;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Logs;
using OfflinePatch.Testing;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.GuestTools;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Drivers;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.GuestTools;

/// <summary>
/// Every product of the program, planted from its own file and removed; and real hives of machines under VMware and VirtualBox.
/// </summary>
[Trait("tier", "unit")]
public sealed class ProductTableTests
{
    public static TheoryData<string, Generation> Products()
    {
        var cases = new TheoryData<string, Generation>();
        foreach (var product in ToolsCatalog.Embedded.Products)
        {
            foreach (var generation in Enum.GetValues<Generation>())
            {
                cases.Add(product.Id, generation);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Products))]
    public void A_product_is_removed_and_what_stands_beside_it_stays(string id, Generation generation)
    {
        var product = ToolsCatalog.Embedded.Get(id);
        var machine = new Machine(generation);
        foreach (var service in product.Services)
        {
            var key = machine.Set($@"Services\{service}");
            key.SetDword("Type", 0x10);
            key.SetDword("Start", 2);
        }

        foreach (var file in product.Files.Concat(product.Folders.Where(f => !f.Contains('*', StringComparison.Ordinal))
            .Select(f => f + @"\sub\file.bin")))
        {
            machine.WindowsFiles.Put(file, [1]);
        }

        foreach (var name in product.Run)
        {
            machine.Software.Create(@"Microsoft\Windows\CurrentVersion\Run").SetString(name, "x");
        }

        foreach (var key in product.Keys.Where(k => k.StartsWith(@"SOFTWARE\", StringComparison.Ordinal)))
        {
            machine.Software.Create(key[@"SOFTWARE\".Length..]).SetString("v", "x");
        }

        foreach (var name in product.Uninstall)
        {
            var key = machine.Software.Create($@"Microsoft\Windows\CurrentVersion\Uninstall\{name.TrimEnd('*')} 1");
            key.SetString("DisplayName", name.TrimEnd('*'));
            key.SetString("DisplayVersion", "1.2.3");
        }

        var filters = product.Filters.Concat(product.Services.Take(1)).ToList();
        machine.Class("4d36e96f-e325-11ce-bfc1-08002be10318").SetMultiString("UpperFilters", [.. filters, "mouclass"]);
        machine.Set(@"Services\Owner").SetDword("Start", 2);
        machine.WindowsFiles.Put(@"Program Files\Owner\work.txt", [1]);

        var context = machine.Start();
        var found = ToolsFinder.Find(context.Windows, product)!;
        Assert.Equal(ToolsState.Active, found.State);
        Assert.Equal(product.Uninstall.Count > 0 ? "1.2.3" : null, found.Version);
        ToolsRemoval.Plan(context.Windows, product, ToolsLevel.Remove, "nothing is ready").Apply();
        Machine.Save(context);

        context = machine.Restart();
        Assert.Null(ToolsFinder.Find(context.Windows, product));
        Assert.Empty(ToolsRemoval.Plan(context.Windows, product, ToolsLevel.Remove, "nothing is ready").Steps);
        Assert.Equal(["mouclass"],
            context.Windows.Current.Find(@"Control\Class\{4d36e96f-e325-11ce-bfc1-08002be10318}")!.GetMultiString("UpperFilters")!);
        Assert.NotNull(context.Windows.Current.Service("Owner"));
        Assert.True(machine.WindowsFiles.FileExists(@"Program Files\Owner\work.txt"));
        foreach (var path in product.Files.Concat(product.Folders))
        {
            Assert.Null(machine.WindowsFiles.Find(path.TrimEnd('*')));
        }
    }

    [Fact]
    public void A_service_that_others_need_and_one_of_Windows_stay()
    {
        var machine = new Machine();
        machine.Driver("vsock", 0);
        machine.Driver("vmci", 0);
        var owner = machine.Set(@"Services\Owner");
        owner.SetDword("Start", 2);
        owner.SetMultiString("DependOnService", ["vsock"]);
        machine.Set(@"Services\vmci").SetMultiString("Owners", ["inbox.inf", "!inbox.inf_amd64_0"]);
        var context = machine.Start();
        var removal = ToolsRemoval.Plan(context.Windows, ToolsCatalog.Embedded.Get("vmware"), ToolsLevel.Remove, null);
        removal.Apply();
        Assert.NotNull(context.Windows.Current.Service("vsock"));
        Assert.NotNull(context.Windows.Current.Service("vmci"));
        Assert.Contains(removal.Kept, k => k.StartsWith("vsock: Owner", StringComparison.Ordinal));
        Assert.True(machine.WindowsFiles.FileExists(@"Windows\System32\drivers\vsock.sys"));
        Assert.True(machine.WindowsFiles.FileExists(@"Windows\System32\drivers\vmci.sys"));
    }

    /// <summary>A service that stays keeps the package that holds its file.</summary>
    [Fact]
    public void A_package_that_a_staying_service_needs_stays()
    {
        const string Package = "vsock.inf_amd64_0123456789abcdef";
        var machine = new Machine(Generation.Server2019);
        machine.System.Create($@"DriverDatabase\DriverPackages\{Package}").SetString("", "oem4.inf");
        machine.System.Create(@"DriverDatabase\DriverInfFiles\oem4.inf").SetMultiString("", [Package]);
        var service = machine.Set(@"Services\vsock");
        service.SetDword("Type", 1);
        service.SetDword("Start", 0);
        service.SetExpandString("ImagePath", $@"System32\DriverStore\FileRepository\{Package}\vsock.sys");
        machine.WindowsFiles.Put($@"Windows\System32\DriverStore\FileRepository\{Package}\vsock.sys", [1]);
        var owner = machine.Set(@"Services\Owner");
        owner.SetDword("Start", 2);
        owner.SetMultiString("DependOnService", ["vsock"]);
        var context = machine.Start();
        var removal = ToolsRemoval.Plan(context.Windows, ToolsCatalog.Embedded.Get("vmware"), ToolsLevel.Remove, null);
        removal.Apply();
        Assert.NotNull(context.Windows.Current.Service("vsock"));
        Assert.True(machine.WindowsFiles.FileExists($@"Windows\System32\DriverStore\FileRepository\{Package}\vsock.sys"));
        Assert.NotNull(context.Windows.System.Root.Find($@"DriverDatabase\DriverPackages\{Package}"));
        Assert.Contains(removal.Kept, k => k.StartsWith("vsock.inf in the driver store", StringComparison.Ordinal));

        // Without the one that needs it, it goes with its package.
        owner.SetMultiString("DependOnService", []);
        context = machine.Start();
        ToolsRemoval.Plan(context.Windows, ToolsCatalog.Embedded.Get("vmware"), ToolsLevel.Remove, null).Apply();
        Assert.Null(context.Windows.Current.Service("vsock"));
        Assert.Null(context.Windows.System.Root.Find($@"DriverDatabase\DriverPackages\{Package}"));
        Assert.Null(machine.WindowsFiles.Find($@"Windows\System32\DriverStore\FileRepository\{Package}"));
    }

    /// <summary>What a product's file calls an ordinary service, and a disk hangs on, is a storage driver all the same.</summary>
    [Fact]
    public void A_driver_that_a_disk_hangs_on_stays_whatever_the_file_says()
    {
        var machine = new Machine();
        machine.Driver("ourdisk", 0);
        var device = machine.Set(@"Enum\PCI\VEN_1234&DEV_0001\0");
        device.SetString("Service", "ourdisk");
        device.SetString("ClassGUID", "{4d36e97b-e325-11ce-bfc1-08002be10318}");
        var context = machine.Start();
        var product = ToolsProduct.Parse(
            """
            { "schema": 1, "id": "ours", "title": "Ours", "source": "s", "services": ["ourdisk"],
              "files": ["Windows\\System32\\drivers\\ourdisk.sys"] }
            """u8, "ours");
        ToolsRemoval.Plan(context.Windows, product, ToolsLevel.Remove, "nothing is ready").Apply();
        Assert.NotNull(context.Windows.Current.Service("ourdisk"));
        Assert.True(machine.WindowsFiles.FileExists(@"Windows\System32\drivers\ourdisk.sys"));
        ToolsRemoval.Plan(context.Windows, product, ToolsLevel.Remove, null).Apply();
        Assert.Null(context.Windows.Current.Service("ourdisk"));
        Assert.Null(context.Windows.Current.Find(@"Enum\PCI\VEN_1234&DEV_0001"));
    }

    /// <summary>
    /// SYSTEM hives of machines under VMware (Tools 8 and 11) and VirtualBox (5.0): nothing of the product is left but names of hardware
    /// that drivers of Windows serve.
    /// </summary>
    [SkippableTheory]
    [Trait("tier", "layout")]
    [InlineData("hives/win7-sp1-x86/SYSTEM", Generation.Windows7, "vmware",
        "vmtool|vm3d|vmci|vmhgfs|vmmemctl|vmrawdsk|vmusbmouse|vsock|vgauth|vmupgrade")]
    [InlineData("hives/win10-1709-x64/SYSTEM", Generation.Windows10, "vmware",
        "vmtool|vm3d|vmci|vmhgfs|vmmemctl|vmrawdsk|vmmouse|vmusbmouse|vsocklib|vgauth|vmupgrade")]
    [InlineData("hives/win81-x64/SYSTEM", Generation.Windows81, "virtualbox",
        "vboxguest|vboxmouse|vboxsf|vboxvideo|vboxservice|vboxtray|vboxmrxnp")]
    public void Real_hives(string name, Generation generation, string id, string words)
    {
        var search = new System.Text.RegularExpressions.Regex(words, System.Text.RegularExpressions.RegexOptions.IgnoreCase,
            TimeSpan.FromSeconds(10));
        var hive = Hive.Open(Corpus.Read(name), options: new HiveOpenOptions { Unclean = UncleanHive.Reconcile });
        hive.Root.CreateSubKey("OfflinePatchTest"); // an edit makes the copy clean; the fixtures do the same
        var machine = new Machine(generation) { System = hive };
        machine.PutDriverFiles();
        var context = machine.Start();
        Assert.True(Hits(context.Windows.System.Hive.Root, search).Count > 20);
        var product = ToolsCatalog.Embedded.Get(id);
        ToolsRemoval.Plan(context.Windows, product, ToolsLevel.Remove, "nothing is ready").Apply();
        Machine.Save(context);
        context = machine.Restart();
        Assert.DoesNotContain(context.Windows.System.Hive.Check(), f => f.ForbidsEditing);
        Assert.Empty(ToolsRemoval.Plan(context.Windows, product, ToolsLevel.Remove, "nothing is ready").Steps);
        Assert.Empty(DeviceFilters.Naming(context.Windows.Current, [.. product.Services]));

        // Not of this run of Windows: what setup saved of an older one, memories of devices by their own names, what Windows remembers of
        // programs that ran, and file operations that an installer left for the next start.
        Assert.DoesNotContain(Hits(context.Windows.System.Hive.Root, search),
            h => !h.StartsWith(@"Setup\", StringComparison.OrdinalIgnoreCase)
            && !h.Contains(@"\Control\DeviceContainers\", StringComparison.OrdinalIgnoreCase)
                && !h.Contains(@"\Session Manager\AppCompat", StringComparison.OrdinalIgnoreCase)
                && !h.Contains(@"\Session Manager\PendingFileRenameOperations", StringComparison.OrdinalIgnoreCase)
                && !h.Contains(@"\Services\bam\State\UserSettings\", StringComparison.OrdinalIgnoreCase)
                && !h.Contains(@"\Control\DeviceMigration\", StringComparison.OrdinalIgnoreCase));
        Assert.NotNull(context.Windows.Current.Service("disk"));
        Assert.NotNull(context.Windows.Current.Service("i8042prt"));
    }

    private static List<string> Hits(HiveKey root, System.Text.RegularExpressions.Regex search)
    {
        var hits = new List<string>();
        var pending = new Stack<HiveKey>([root]);
        while (pending.TryPop(out var key))
        {
            if (search.IsMatch(key.Name))
            {
                hits.Add(key.Path);
            }

            foreach (var value in key.Values)
            {
                var data = value.ReadData();
                if (value.Name == "PackedCatalogItem" && Array.IndexOf(data, (byte)0) is > 0 and var end)
                {
                    data = data[..end]; // behind the path is whatever was in memory when an installer wrote the entry
                }

                if (search.IsMatch(value.Name) || search.IsMatch(System.Text.Encoding.Unicode.GetString(data))
                    || search.IsMatch(System.Text.Encoding.Latin1.GetString(data)))
                {
                    hits.Add($@"{key.Path}\{value.Name}");
                }
            }

            foreach (var child in key.SubKeys)
            {
                pending.Push(child);
            }
        }

        return hits;
    }
}
