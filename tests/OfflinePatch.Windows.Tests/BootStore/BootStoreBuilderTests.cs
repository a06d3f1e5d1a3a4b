using OfflinePatch.Registry;
using OfflinePatch.Registry.Bcd;
using OfflinePatch.Testing;
using OfflinePatch.Windows.BootStore;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Tests.BootStore;

/// <summary>A boot configuration from Windows' template, held against one that Windows itself made.</summary>
public sealed class BootStoreBuilderTests
{
    private const string Template = "hives/win10-set/BCD-Template";

    /// <summary>
    /// Elements that others than bcdboot write: the recovery environment (reagentc), the firmware, a user's timeout, the kind of the last
    /// start.
    /// </summary>
    private static readonly uint[] OfOthers = [0x14000008, 0x16000009, 0x15000066, 0x15000065, 0x25000004];

    [SkippableTheory]
    [InlineData("bcd/uefi-win10/BCD")]
    [InlineData("bcd/regipy-BCD")]
    public void The_store_is_what_Windows_made_element_by_element(string store)
    {
        var template = Hive.Open(Corpus.Read(Template));
        var real = BcdStore.Open(Hive.Open(Corpus.Read(store)));
        var loader = real.DefaultLoader!;
        var target = new BootTarget(
            Firmware.Uefi, real.BootManager!.Find(0x11000001)!.Device!, loader.Find(0x21000001)!.Device!,
            loader.Find(0x22000002)!.Text!.Trim('\\'), "Windows 10");
        var made = BcdStore.Open(Hive.Open(BootStoreBuilder.Build(template, target, TimeProvider.System)));
        Assert.Empty(made.Notes);

        var names = new Dictionary<Guid, Guid>
        {
            [loader.Id] = made.DefaultLoader!.Id,
            [loader.Find(0x23000003)!.Objects[0]] = made.DefaultLoader.Find(0x23000003)!.Objects[0],
        };
        var compared = 0;
        foreach (var theirs in real.Objects.Where(o => names.ContainsKey(o.Id)
            || o.Type is 0x10100002 or 0x10200005 or 0x20100000 or 0x20200003 or 0x20200004))
        {
            var ours = made.Find(names.GetValueOrDefault(theirs.Id, theirs.Id));
            Assert.True(ours is not null, $"{theirs.Identifier} is missing");
            Assert.Equal(theirs.Type, ours.Type);
            Assert.Equal(
                theirs.Elements.Where(e => !OfOthers.Contains(e.Id)).Select(e => e.Id).Order(),
                ours.Elements.Where(e => !OfOthers.Contains(e.Id)).Select(e => e.Id).Order());
            foreach (var element in theirs.Elements.Where(e => !OfOthers.Contains(e.Id)))
            {
                var own = ours.Find(element.Id)!;
                Assert.Equal(element.Type, own.Type);
                if (element.Objects.Count > 0)
                {
                    Assert.Equal(element.Objects.Select(o => names.GetValueOrDefault(o, o)), own.Objects);
                }
                else if (element.Text is { } text)
                {
                    Assert.Equal(text.Trim(), own.Text!.Trim(), ignoreCase: true); // \WINDOWS and \Windows
                }
                else
                {
                    Assert.Equal(element.Data, own.Data);
                }

                compared++;
            }
        }

        Assert.InRange(compared, 35, 80);
        Assert.Equal(real.Objects.Count(o => o.IsOsLoader && o.Find(0x26000022) is null), made.Objects.Count(o => o.IsOsLoader));
    }

    /// <summary>The recovery entry that reagentc made is in the new store as it was, on the partition that it names now.</summary>
    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_recovery_environment_is_taken_over(bool uefi)
    {
        var template = Hive.Open(Corpus.Read(Template));
        var old = BcdStore.Open(Hive.Open(Corpus.Read("bcd/uefi-win10/BCD")));
        var place = BcdDevice.OfGpt(Guid.NewGuid(), Guid.NewGuid());
        var files = new List<string?>();
        var firmware = uefi ? Firmware.Uefi : Firmware.Bios;
        var recovery = KeptRecovery.Find(old, firmware, (_, path) =>
        {
            files.Add(path);
            return place;
        });
        Assert.NotNull(recovery);
        Assert.Equal(2, recovery.Entries.Count);
        Assert.Contains(@"\Recovery\WindowsRE\Winre.wim", files);
        var target = new BootTarget(firmware, place, place, "Windows", "Windows 10");
        var made = BcdStore.Open(Hive.Open(BootStoreBuilder.Build(template, target, TimeProvider.System, recovery)));
        Assert.Empty(made.Notes);
        foreach (var entry in new[] { made.DefaultLoader!, made.Find(made.DefaultLoader!.Find(0x23000003)!.Objects[0])! })
        {
            Assert.Equal(old.DefaultLoader!.Find(0x14000008)!.Data, entry.Find(0x14000008)!.Data);
            Assert.Equal(true, entry.Find(0x16000009)!.Boolean);
        }

        var compared = 0;
        foreach (var id in recovery.Entries.Select(e => e.Id))
        {
            var theirs = old.Find(id)!;
            var ours = made.Find(id)!;
            Assert.Equal(theirs.Type, ours.Type);
            Assert.Equal(theirs.Elements.Select(e => e.Id), ours.Elements.Select(e => e.Id));
            foreach (var element in theirs.Elements)
            {
                var own = ours.Find(element.Id)!;
                Assert.Equal(element.Type, own.Type);
                if (element.Device is { } device)
                {
                    Assert.Equal(element.Data.Length, own.Data.Length);
                    Assert.Equal(device.Options, own.Device!.Options);
                    Assert.Equal(device.Path, own.Device.Path);
                    Assert.Equal(place, device.Parent is null ? own.Device with { Options = Guid.Empty } : own.Device.Parent);
                }
                else if (element.Id == 0x12000002 && !uefi)
                {
                    Assert.Equal(@"\windows\system32\winload.exe", own.Text);
                }
                else
                {
                    Assert.Equal(element.Data, own.Data);
                }

                compared++;
            }
        }

        Assert.InRange(compared, 14, 20);
        Assert.Null(KeptRecovery.Find(old, firmware, (_, path) => path is null ? place : null)); // the image of it is gone
        Assert.True(BootStoreBuilder.AreEqual(made, made));
        Assert.False(BootStoreBuilder.AreEqual(made, old));
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_template_gives_a_store_for_each_firmware(bool uefi)
    {
        var system = uefi ? BcdDevice.OfGpt(Guid.NewGuid(), Guid.NewGuid()) : BcdDevice.OfMbr(0x11223344, 1 << 20);
        var windows = uefi ? BcdDevice.OfGpt(system.DiskId, Guid.NewGuid()) : BcdDevice.OfMbr(0x11223344, 101 << 20);
        var target = new BootTarget(uefi ? Firmware.Uefi : Firmware.Bios, system, windows, "Windows", "Windows Server");
        var bytes = BootStoreBuilder.Build(Hive.Open(Corpus.Read(Template)), target, TimeProvider.System);
        var hive = Hive.Open(bytes);
        Assert.DoesNotContain(hive.Check(), f => f.ForbidsEditing);
        var store = BcdStore.Open(hive);
        var loader = store.DefaultLoader!;
        Assert.Equal(uefi ? @"\Windows\system32\winload.efi" : @"\Windows\system32\winload.exe", loader.Find(0x12000002)!.Text);
        Assert.Equal(windows, loader.Find(0x21000001)!.Device);
        Assert.Equal(windows, loader.Find(0x11000001)!.Device);
        Assert.Equal(system, store.BootManager!.Find(0x11000001)!.Device);
        Assert.Equal("Windows Server", loader.Find(0x12000004)!.Text);
        Assert.Equal(uefi, store.BootManager.Find(0x12000002) is not null);
        Assert.Single(store.Objects, o => o.IsOsLoader);
        Assert.DoesNotContain(store.Objects.SelectMany(o => o.Elements), e => e.Id >> 28 == 4);
    }

    [Fact]
    public void A_device_is_pointed_elsewhere_in_place_and_the_file_of_a_RAM_disk_too()
    {
        var old = BcdDevice.OfGpt(Guid.NewGuid(), Guid.NewGuid());
        var wanted = BcdDevice.OfMbr(0xCAFE, 123 << 20);
        var plain = old.ToElement();
        Assert.Equal(old with { Options = Guid.Empty }, BcdDevice.Read(plain));
        Assert.True(BcdDevice.Retarget(plain, d => d == old ? wanted : null));
        Assert.Equal(wanted, BcdDevice.Read(plain));
        Assert.False(BcdDevice.Retarget(plain, _ => null));

        // A RAM disk as reagentc writes it: options, a local device of type 3, a path descriptor, the partition, the path.
        var path = System.Text.Encoding.Unicode.GetBytes("\\Recovery\\WindowsRE\\Winre.wim\0");
        byte[] element =
        [
            .. Guid.NewGuid().ToByteArray(), 0, 0, 0, 0, 1, 0, 0, 0, 0xB8, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, .. new byte[20], 1, 0, 0, 0,
            (byte)(0x0C + 0x48 + path.Length), 0, 0, 0, 5, 0, 0, 0,
            .. old.ToElement()[16..], .. path,
        ];
        Assert.Equal(BcdDeviceKind.Ramdisk, BcdDevice.Read(element).Kind);
        Assert.True(BcdDevice.Retarget(element, d => d == old ? old with { DiskId = Guid.Empty } : null));
        Assert.Equal(Guid.Empty, BcdDevice.Read(element).Parent!.DiskId);
        Assert.Equal(@"\Recovery\WindowsRE\Winre.wim", BcdDevice.Read(element).Path);
    }
}
