using OfflinePatch.Core;
using OfflinePatch.Registry.Bcd;
using OfflinePatch.Testing;

namespace OfflinePatch.Registry.Tests.Bcd;

[Trait("tier", "unit")]
public sealed class BcdTests
{
    [SkippableFact]
    public void A_store_of_a_real_machine()
    {
        var store = BcdStore.Open(Hive.Open(Corpus.Read("bcd/uefi-win10/BCD")));
        Assert.Empty(store.Notes);
        var manager = store.BootManager!;
        Assert.Equal("Windows Boot Manager", manager.TypeName);
        var device = manager.Find(BcdStore.ApplicationDevice)!.Device!;
        Assert.Equal(BcdDeviceKind.GptPartition, device.Kind);
        Assert.Equal(new Guid("1c6ab89c-bcbf-4abe-8593-618e4d2f5811"), device.PartitionId);
        Assert.Equal(new Guid("5541e87d-91a5-4f2b-ad43-a0345c199e9b"), device.DiskId);

        var loader = store.DefaultLoader!;
        Assert.Equal("Windows 10", loader.Find(0x12000004)!.Text);
        Assert.Equal(@"\WINDOWS\system32\winload.efi", loader.Find(BcdStore.ApplicationPath)!.Text);
        Assert.Equal(@"\WINDOWS", loader.Find(BcdStore.SystemRoot)!.Text);
        Assert.Equal(loader.Find(BcdStore.ApplicationDevice)!.Device, loader.Find(BcdStore.OsDevice)!.Device);

        var recovery = store.Find(new Guid("e018a2d1-b134-11ea-95b2-81f0ac71b75b"))!.Find(BcdStore.OsDevice)!.Device!;
        Assert.Equal(BcdDeviceKind.Ramdisk, recovery.Kind);
        Assert.Equal(@"\Recovery\WindowsRE\Winre.wim", recovery.Path);
        Assert.Equal(new Guid("e018a2d2-b134-11ea-95b2-81f0ac71b75b"), recovery.Options);
        Assert.Equal(BcdDeviceKind.GptPartition, recovery.Parent!.Kind);

        var text = BcdText.Print(store);
        Assert.Contains("identifier              {bootmgr}\n", text, StringComparison.Ordinal);
        Assert.Contains("recoveryenabled         Yes\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("custom:", text, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Setup_media_start_from_a_file()
    {
        var store = BcdStore.Open(Hive.Open(Corpus.Read("bcd/ez-BCD")));
        var device = store.DefaultLoader!.Find(BcdStore.OsDevice)!.Device!;
        Assert.Equal(@"ramdisk=[boot]\sources\boot.wim,{7619dcc8-fafe-11d9-b411-000476eba25f}", device.ToString());
    }

    [Fact]
    public void An_MBR_partition()
    {
        var element = new byte[88];
        element[0x10] = 6;
        element[0x18] = 0x48;
        element[0x22] = 0x10; // offset 0x100000
        element[0x34] = 1;
        element[0x38] = 0xEF;
        element[0x3B] = 0xBE;
        var device = BcdDevice.Read(element);
        Assert.Equal(BcdDeviceKind.MbrPartition, device.Kind);
        Assert.Equal(0x100000, device.PartitionOffset);
        Assert.Equal(0xBE0000EFu, device.DiskSignature);
    }

    [SkippableFact]
    public void Nothing_in_an_element_throws()
    {
        var random = new Random(1);
        foreach (var name in new[] { "bcd/uefi-win10/BCD", "bcd/ez-BCD", "bcd/regipy-BCD" })
        {
            foreach (var element in BcdStore.Open(Hive.Open(Corpus.Read(name))).Objects.SelectMany(o => o.Elements)
                .Where(e => e.Device is not null))
            {
                for (var i = 0; i < 300; i++)
                {
                    var bytes = element.Data[..random.Next(element.Data.Length + 1)];
                    for (var n = random.Next(6); n > 0 && bytes.Length > 0; n--)
                    {
                        bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                    }

                    _ = BcdDevice.Read(bytes).ToString();
                }
            }
        }
    }

    [Fact]
    public void Another_hive_is_no_store() =>
        Assert.Equal("REG-0601", Assert.Throws<CorruptImageException>(() => BcdStore.Open(Hive.Create())).Code);
}
