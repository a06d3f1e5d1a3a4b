using OfflinePatch.Disks;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Gates;
using OfflinePatch.Windows.Rules.Image;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

[Trait("tier", "unit")]
public sealed class ImageRulesTests
{
    [Theory]
    [InlineData(40, "huawei-ims", true)]
    [InlineData(39, "huawei-ims", false)]
    [InlineData(1024, "huawei-ims", true)]
    [InlineData(1025, "huawei-ims", false)]
    [InlineData(20, "otc", true)]
    [InlineData(2048, "generic-kvm", true)]
    public void The_size_of_the_disk(long gigabytes, string profile, bool accepted)
    {
        var guest = Context(ImageFormat.Raw, gigabytes, profile);
        Assert.Equal(accepted ? FindingState.Ok : FindingState.Failed, new ImageSizeRule().Inspect(guest).State);
    }

    [Theory]
    [InlineData(ImageFormat.Vmdk, 129, false)]
    [InlineData(ImageFormat.Vmdk, 128, true)]
    [InlineData(ImageFormat.Raw, 500, true)]
    [InlineData(ImageFormat.Zvhd2, 500, true)]
    [InlineData(ImageFormat.Zvhd, 500, false)]
    public void The_size_of_the_file(ImageFormat format, long gigabytes, bool accepted)
    {
        var guest = Context(format, 600, "huawei-ims", new RuleOptions { FileSize = gigabytes * Machine.GiB });
        Assert.Equal(accepted ? FindingState.Ok : FindingState.Failed, new ImageSizeRule().Inspect(guest).State);
    }

    [Theory]
    [InlineData("1", false)]
    [InlineData("2", true)]
    [InlineData("many", false)]
    public void Disks_of_an_OVF_description(string count, bool fails)
    {
        var machine = new Machine(properties: new Dictionary<string, string> { ["ovf.diskCount"] = count });
        var finding = new ImageSingleDiskRule().Inspect(machine.Start());
        Assert.Equal(fails ? FindingState.Failed : FindingState.Ok, finding.State);
        if (fails)
        {
            Assert.Contains("names 2 disks", finding.Message, StringComparison.Ordinal);
            Assert.Contains("data disk image", finding.Remedy, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_format_of_the_copy_counts()
    {
        Assert.Equal(FindingState.Failed, new ImageFormatRule().Inspect(Context(ImageFormat.Qed, 40, "xen")).State);
        Assert.Equal(FindingState.Ok,
            new ImageFormatRule().Inspect(Context(ImageFormat.Qed, 40, "xen", new RuleOptions { OutputFormat = ImageFormat.Vhd })).State);
        Assert.Equal(FindingState.Ok, new ImageFormatRule().Inspect(Context(ImageFormat.Qed, 40, "huawei-ims")).State);
    }

    [Fact]
    public void A_VMDK_without_a_disk_database_is_not_from_VMware()
    {
        var guest = Context(ImageFormat.Vmdk, 40, "huawei-ims",
            properties: new Dictionary<string, string> { ["createType"] = "monolithicSparse" });
        var finding = new ImageVmdkOriginRule().Inspect(guest);
        Assert.Equal(FindingState.Failed, finding.State);
        Assert.Contains("ddb.virtualHWVersion", finding.Message, StringComparison.Ordinal);
        guest = Context(ImageFormat.Vmdk, 40, "huawei-ims", properties: new Dictionary<string, string>
        {
            ["createType"] = "monolithicSparse",
            ["ddb.adapterType"] = "lsilogic",
            ["ddb.virtualHWVersion"] = "14",
            ["ddb.geometry.cylinders"] = "5221",
        });
        Assert.Equal(FindingState.Ok, new ImageVmdkOriginRule().Inspect(guest).State);
        Assert.Equal(FindingState.NotApplicable, new ImageVmdkOriginRule().Inspect(Context(ImageFormat.Raw, 40, "huawei-ims")).State);
    }

    [Fact]
    public void Encrypted_containers_and_disks()
    {
        var rule = new ImageEncryptionRule();
        Assert.Equal(FindingState.Ok, rule.Inspect(Context(ImageFormat.Qcow2, 40, "huawei-ims")).State);
        Assert.Equal(FindingState.Failed,
            rule.Inspect(Context(ImageFormat.Qcow2, 40, "huawei-ims",
                properties: new Dictionary<string, string> { ["encryption"] = "LUKS" })).State);
        var luks = Context(ImageFormat.Raw, 40, "huawei-ims");
        luks.Disk!.Write(0, [(byte)'L', (byte)'U', (byte)'K', (byte)'S', 0xBA, 0xBE]);
        Assert.Equal(FindingState.Failed, rule.Inspect(luks).State);
    }

    [Fact]
    public void BitLocker_is_refused_wherever_it_is()
    {
        var machine = new Machine { WindowsKind = VolumeKind.BitLocker };
        var guest = machine.Start();
        Assert.Null(guest.FoundWindows);
        var finding = new VolumeBitLockerGate().Inspect(guest);
        Assert.Equal(FindingState.Failed, finding.State);
        Assert.Contains("manage-bde -off", finding.Remedy, StringComparison.Ordinal);
    }

    private static RuleContext Context(
        ImageFormat format, long gigabytes, string profile, RuleOptions? options = null, Dictionary<string, string>? properties = null) =>
        (options ?? new RuleOptions())
            .ContextOf(Empty(new TestDisk(gigabytes * Machine.GiB, format, properties)), TargetCatalog.Get(profile));

    private static GuestMachine Empty(TestDisk disk) => GuestMachine.Find(disk, PartitionTable.Read(disk), [], new ChangeLog());
}
