using System.Security.Cryptography;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>
/// The driver store of images: packages in and out, judged by hivex and ntfs-3g; and what fix and check do about drivers that are there or
/// refused.
/// </summary>
[Trait("tier", "e2e")]
public sealed class DriverStoreTests(Machines machines) : IClassFixture<Machines>
{
    public static TheoryData<string, MachineFirmware> Generations() => new()
    {
        { "win7", MachineFirmware.Bios }, { "win2008r2", MachineFirmware.Bios }, { "win2012r2", MachineFirmware.Uefi },
        { "win81", MachineFirmware.Bios }, { "win10", MachineFirmware.Uefi },
        { "win2016", MachineFirmware.Bios }, { "win2019", MachineFirmware.Uefi }, { "win2022", MachineFirmware.Bios },
        { "win11", MachineFirmware.Uefi },
        { "win2025", MachineFirmware.Uefi },
    };

    [SkippableTheory]
    [MemberData(nameof(Generations))]
    public void What_is_added_is_listed_and_leaves_nothing_when_it_is_removed(string generation, MachineFirmware firmware)
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw(generation, firmware));
        var source = scratch["source"];
        // SHA-2 alone
        string[] trust = ["--trust-root", SampleRoot.Path, .. generation == "win2008r2" ? ["--allow-unsigned"] : Array.Empty<string>()];
        var architecture = Generation.Get(generation).Is64Bit ? "amd64" : "x86";
        foreach (var driver in new[] { SampleDrivers.VioStor, SampleDrivers.NetKvm, SampleDrivers.Balloon })
        {
            SampleDriverDisc.Write(source,
                driver.Build(architecture, SampleDriverDisc.Version).Select(f => ($"{driver.Inf}/{f.Name}", f.Content)));
        }

        // The keys that every Windows has stand there from now on.
        Tool.Run(["drivers", "add", image, Path.Combine(source, "viostor"), .. trust]).MustExit(0);
        var first = NameOf(Ours(image).Single());
        Tool.Run("drivers", "remove", image, first).MustExit(0);
        var original = SparseHash.OfAll([image]);
        var hives = Export(scratch, image, "a");
        var boots = Tool.Run("check", image, "--only", "boot.*").ExitCode; // real hives have what must be fixed first

        var trial = Tool.RunJson(["drivers", "add", image, source, .. trust, "--dry-run"]).MustExit(0);
        Assert.Equal(["staged", "staged", "staged"],
            trial.Json.GetProperty("added").EnumerateArray().Select(a => a.GetProperty("outcome").GetString()!));
        Assert.True(trial.Json.GetProperty("changes").GetProperty("filesAdded").GetInt32() > 5);
        Assert.Equal(original, SparseHash.OfAll([image]));
        Assert.Equal("staged", Tool.RunJson(["drivers", "add", image, source, .. trust]).MustExit(0).Json.GetProperty("added")[0]
            .GetProperty("outcome").GetString());
        var added = SparseHash.OfAll([image]);
        var again = Tool.RunJson(["drivers", "add", image, source, .. trust]).MustExit(0);
        Assert.False(again.Json.GetProperty("changed").GetBoolean());
        Assert.Equal(added, SparseHash.OfAll([image]));

        var list = Ours(image);
        Assert.Equal(3, list.Count);
        var viostor = list.Single(p => p.GetProperty("inf").GetString() == "viostor.inf");
        Assert.True(viostor.GetProperty("bootCritical").GetBoolean());
        Assert.False(viostor.GetProperty("inUse").GetBoolean());
        Assert.Empty(viostor.GetProperty("problems").EnumerateArray());
        // of the real hives: records without files
        var others = Tool.RunJson("drivers", "list", image).MustExit(0).Json.GetProperty("packages").GetArrayLength() - 3;
        Tool.Run("drivers", "export", image, scratch["saved"]).MustExit(others == 0 ? 0 : 2);
        Assert.Equal(3, Directory.GetFiles(scratch["saved"], "*.inf", SearchOption.AllDirectories).Length);
        foreach (var file in Directory.GetFiles(scratch["saved"], "viostor.sys", SearchOption.AllDirectories))
        {
            Assert.Equal(SHA256.HashData(File.ReadAllBytes(Path.Combine(source, "viostor", "viostor.sys"))),
                SHA256.HashData(File.ReadAllBytes(file)));
        }

        Tool.Run(["drivers", "remove", image, .. list.Select(NameOf)]).MustExit(0);
        Assert.Empty(Ours(image));
        Assert.Equal(hives, Export(scratch, image, "b"));
        Tool.Run("check", image, "--only", "boot.*").MustExit(boots);
        Tool.Run("undo", image).MustExit(0);
        Assert.Equal(added, SparseHash.OfAll([image]));
        Tool.Run("undo", image).MustExit(0);
        Assert.Equal(original, SparseHash.OfAll([image]));
    }

    [Fact]
    public void One_refusal_refuses_all_unless_the_user_says_otherwise()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios));
        var source = scratch["source"];
        SampleDriverDisc.Write(source,
            SampleDrivers.NetKvm.Build("amd64", SampleDriverDisc.Version).Select(f => ($"net/{f.Name}", f.Content)));
        SampleDriverDisc.Write(source,
            SampleDrivers.Balloon.Build("amd64", SampleDriverDisc.Version).Where(f => !f.Name.EndsWith(".cat", StringComparison.Ordinal))
                .Select(f => ($"balloon/{f.Name}", f.Content)));
        var before = SparseHash.OfAll([image]);
        var refused = Tool.RunJson("drivers", "add", image, source, "--trust-root", SampleRoot.Path).MustExit(4);
        Assert.Contains(refused.Json.GetProperty("added").EnumerateArray(),
            a => a.GetProperty("outcome").GetString() == "refused" && a.GetProperty("code").GetString() == "DRV-1007");
        Assert.Equal(before, SparseHash.OfAll([image]));
        Tool.Run("drivers", "add", image, source, "--trust-root", SampleRoot.Path, "--skip-refused").MustExit(4);
        Assert.Equal("netkvm.inf",
            Tool.RunJson("drivers", "list", image).MustExit(0).Json.GetProperty("packages").EnumerateArray().Single().GetProperty("inf")
                .GetString());
        Tool.Run("drivers", "add", image, Path.Combine(source, "balloon", "balloon.inf"), "--force-unsigned").MustExit(0);
        Assert.Equal(2, Tool.RunJson("drivers", "list", image).MustExit(0).Json.GetProperty("packages").GetArrayLength());
        Assert.Equal("STG-0010",
            Tool.RunJson("drivers", "remove", image, "oem77.inf").MustExit(4).Json.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public void A_refused_driver_does_not_stop_the_other_repairs_when_asked()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress));
        var disc = scratch["disc"];
        var altered = SampleDriverDisc.Virtio().ToList();
        altered.Single(f => f.Path == "vioscsi/2k19/amd64/vioscsi.sys").Content[0x2A0] ^= 1;
        SampleDriverDisc.Write(disc,
            altered.Where(f => !f.Path.StartsWith("vioscsi", StringComparison.Ordinal)
                || f.Path.Contains("/2k19/", StringComparison.Ordinal)));
        var before = SparseHash.OfAll([image]);
        Tool.Run("fix", image, "--drivers", disc, "--trust-root", SampleRoot.Path).MustExit(4);
        Assert.Equal(before, SparseHash.OfAll([image]));
        var fix = Tool.RunJson("fix", image, "--drivers", disc, "--trust-root", SampleRoot.Path, "--skip-refused").MustExit(3);
        Assert.Equal("failed", fix.State("drivers.virtio-storage"));
        Assert.Equal("fixed", fix.State("drivers.virtio-network"));
        Assert.Equal("fixed", fix.State("network.dhcp"));
        Assert.DoesNotContain(Tool.RunJson("drivers", "list", image).MustExit(0).Json.GetProperty("packages").EnumerateArray(),
            p => p.GetProperty("inf").GetString() is "viostor.inf" or "vioscsi.inf");
    }

    /// <summary>The hive that staging changes is damaged where nothing reads it: that is no refusal of a package.</summary>
    [Fact]
    public void Damage_of_the_image_is_not_skipped_with_refused_drivers()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios));
        const string Hives = "Windows/System32/config/";
        Tool.Run("fs", "get", image, Hives + "DRIVERS", scratch.Path).MustExit(0);
        var hive = scratch["DRIVERS"];
        Tool.Run("reg", "set", hive, @"Other\Key", "-v", "LookHere", "-d", "b", "--no-undo-keep").MustExit(0);
        var bytes = File.ReadAllBytes(hive);
        var name = bytes.AsSpan().IndexOf("LookHere"u8);
        bytes[bytes.AsSpan(0, name).LastIndexOf("vk"u8)] = (byte)'x';
        File.WriteAllBytes(hive, bytes);
        Tool.Run("fs", "put", image, hive, Hives).MustExit(0);

        string[] fix = ["fix", image, "--only", "drivers.virtio-network", "--drivers", machines.Drivers, "--trust-root", SampleRoot.Path];
        Assert.Contains("REG-0320", Tool.Run(fix).MustExit(2).Error, StringComparison.Ordinal);
        Assert.Contains("REG-0320", Tool.Run([.. fix, "--skip-refused"]).MustExit(2).Error, StringComparison.Ordinal);
        Assert.Contains("REG-0320", Tool.Run("drivers", "add", image, machines.Drivers, "--trust-root", SampleRoot.Path, "--skip-refused")
            .MustExit(2).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_says_which_device_has_no_driver()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios));
        File.WriteAllText(scratch["devices"], "00:03.0 0200: 1af4:1041 (rev 01)\n");
        Assert.Equal("notApplicable", Tool.RunJson("check", image).State("drivers.devices"));
        var missing = Tool.RunJson("check", image, "--devices", scratch["devices"]).MustExit(3);
        Assert.Contains("1AF4:1041", missing.Rule("drivers.devices").GetProperty("message").GetString(), StringComparison.Ordinal);
        Tool.Run("fix", image, "--only", "drivers.virtio-network", "--drivers", machines.Drivers, "--trust-root", SampleRoot.Path)
            .MustExit(0);
        Assert.Equal("ok", Tool.RunJson("check", image, "--devices", scratch["devices"]).State("drivers.devices"));
        Assert.Equal("failed", Tool.RunJson("check", image, "--devices", "target").State("drivers.devices"));
        Tool.Run("check", image, "--devices", scratch["nothing"]).MustExit(2);
    }

    [Theory]
    [InlineData("win7", MachineFirmware.Bios)]
    [InlineData("win2019", MachineFirmware.Uefi)]
    [InlineData("win11", MachineFirmware.Uefi)]
    public void A_machine_that_needs_a_foreign_network_driver_is_ready_after_one_fix(string generation, MachineFirmware firmware)
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw(generation, firmware));
        var original = SparseHash.OfAll([image]);
        var architecture = Generation.Get(generation).Is64Bit ? "amd64" : "x86";
        SampleDriverDisc.Write(scratch["card"], ForeignCard("8086", "1572").Build(architecture, SampleDriverDisc.Version)
            .Concat(ForeignCard("15b3", "1017").Build(architecture, SampleDriverDisc.Version)).Select(f => (f.Name, f.Content)));
        File.WriteAllText(scratch["devices"], """
            00:04.0 0200: 8086:1572 (rev 02)
            00:05.0 0100: 1af4:1042 (rev 01)
            """);
        string[] devices = ["--devices", scratch["devices"]];
        string[] common =
            ["--drivers", machines.Drivers, "--trust-root", SampleRoot.Path, "--cloudbase-init", machines.AgentFor(generation), .. devices];

        // Without a source for it the other repairs are kept, and the machine is not ready.
        var without = Tool.RunJson(["fix", image, .. common]).MustExit(3);
        Assert.Equal("failed", without.State("drivers.devices"));
        Assert.Contains("8086:1572", without.Rule("drivers.devices").GetProperty("message").GetString(), StringComparison.Ordinal);
        Tool.Run("undo", "--all", image).MustExit(0);

        string[] command = ["fix", image, "--drivers", scratch["card"], .. common];
        Assert.Equal("wouldFix", Tool.RunJson([.. command, "--dry-run"]).State("drivers.devices"));
        Assert.Equal(original, SparseHash.OfAll([image]));
        var fix = Tool.RunJson(command).MustExit(0);
        Assert.Equal("fixed", fix.State("drivers.devices"));
        Assert.Equal("ok", Tool.RunJson(["check", image, .. devices]).MustExit(0).State("drivers.devices"));
        var packages = Tool.RunJson("drivers", "list", image).MustExit(0).Json.GetProperty("packages").EnumerateArray()
            .Select(p => p.GetProperty("inf").GetString()).ToList();
        Assert.Contains("nic8086.inf", packages);
        Assert.DoesNotContain("nic15b3.inf", packages); // the source has it, and no device needs it
        Assert.Equal("ok", Tool.RunJson(command).MustExit(0).State("drivers.devices"));
        Tool.Run("undo", "--all", image).MustExit(0);
        Assert.Equal(original, SparseHash.OfAll([image]));
    }

    /// <summary>The package of a network card that no family of drivers knows.</summary>
    private static SampleDriver ForeignCard(string vendor, string device) => SampleDrivers.NetKvm with
    {
        Inf = "nic" + vendor,
        Folder = "card",
        Description = "Sample Ethernet Converged Network Adapter",
        Maker = "Sample Networks, Inc.",
        Binaries = [$"nic{vendor}.sys", $"nic{vendor}p.exe"],
        Models = [$@"kvmnet6.ndi, PCI\VEN_{vendor}&DEV_{device}"],
        Body = SampleDrivers.NetKvm.Body.Replace("netkvm", "nic" + vendor, StringComparison.Ordinal),
    };

    private static List<System.Text.Json.JsonElement> Ours(string image) =>
        [.. Tool.RunJson("drivers", "list", image).MustExit(0).Json.GetProperty("packages").EnumerateArray()
        .Where(p => p.GetProperty("inf").GetString() is "viostor.inf" or "netkvm.inf" or "balloon.inf")];

    private static string NameOf(System.Text.Json.JsonElement package) =>
        package.TryGetProperty("publishedName", out var name) ? name.GetString()! : package.GetProperty("inf").GetString()!;

    /// <summary>SYSTEM, SOFTWARE and DRIVERS as hivex reads them, without the time of the last change of the driver database.</summary>
    private static string Export(ScratchFolder scratch, string image, string name)
    {
        Oracle.Require("hivexregedit");
        var folder = scratch["hives-" + name];
        Tool.Run("fs", "get", image, "Windows/System32/config", folder).MustExit(0);
        var text = new System.Text.StringBuilder();
        foreach (var hive in new[] { "SYSTEM", "SOFTWARE", "DRIVERS" })
        {
            foreach (var path in Directory.GetFiles(folder, hive, SearchOption.AllDirectories))
            {
                text.Append(Oracle.Run("hivexregedit", "--export", path, "\\").MustSucceed().Output);
            }
        }

        return string.Join('\n', text.ToString().Split('\n').Where(l => !l.StartsWith("\"UpdateDate\"", StringComparison.Ordinal)));
    }
}
