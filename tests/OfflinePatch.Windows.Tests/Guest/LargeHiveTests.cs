using OfflinePatch.Core;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Volume;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Testing;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Tests.Guest;

/// <summary>Hives that are read in parts, and written back where they changed.</summary>
[Trait("tier", "unit")]
public sealed class LargeHiveTests
{
    private const string Hives = @"Windows\System32\config";

    [Fact]
    public void A_key_is_read_and_changed_without_writing_the_whole_hive()
    {
        using var device = Volume(out var original);
        var overlay = new OverlayDevice(device, new OverlayStorage());
        using var ntfs = NtfsVolume.Open(overlay);
        var changes = new ChangeLog();
        var guest = Open(new RecordingFileSystem(ntfs, changes, "C:"), changes);
        Assert.Equal(1234u, guest.Root.Find(@"Vendor\Product 1234")!.GetDword("Number"));
        guest.Root.Find(@"Vendor\Product 1234")!.SetDword("Number", 5);
        Assert.True(guest.WriteBack());
        ntfs.Flush();
        Assert.NotEmpty(changes.Registry);

        var written = 0L;
        for (long offset = 0; offset < overlay.Length;)
        {
            var extent = overlay.GetExtent(offset);
            var (a, b) = (new byte[extent.Length], new byte[extent.Length]);
            overlay.Read(offset, a);
            device.Read(offset, b);
            written += a.AsSpan().SequenceEqual(b) ? 0 : extent.Length;
            offset += extent.Length;
        }

        Assert.InRange(written, 4096, original.Length / 10);
        var hive = Hive.Open(NtfsVolume.Open(overlay).ReadFile(Hives + @"\SOFTWARE"));
        Assert.Empty(hive.Check());
        Assert.Equal(5u, hive.Find(@"Vendor\Product 1234")!.GetDword("Number"));
        Assert.Equal(1233u, hive.Find(@"Vendor\Product 1233")!.GetDword("Number"));
    }

    [Theory]
    [InlineData("SOFTWARE")]
    [InlineData("software")]
    public void A_file_that_another_one_replaces_does_not_change_what_was_opened(string name)
    {
        using var device = Volume(out _);
        using var ntfs = NtfsVolume.Open(device);
        var changes = new ChangeLog();
        var files = new RecordingFileSystem(ntfs, changes, "C:");
        var guest = Open(files, changes);
        files.WriteFile($@"{Hives}\{name}", new byte[3 << 20]);
        Assert.Equal(77u, guest.Root.Find(@"Vendor\Product 77")!.GetDword("Number"));
        guest.Root.Find(@"Vendor\Product 78")!.SetDword("Number", 9);
        Assert.True(guest.WriteBack());

        var hive = Hive.Open(ntfs.ReadFile(Hives + @"\SOFTWARE"));
        Assert.Empty(hive.Check());
        Assert.Equal(9u, hive.Find(@"Vendor\Product 78")!.GetDword("Number"));
        Assert.Equal(1999u, hive.Find(@"Vendor\Product 1999")!.GetDword("Number"));
    }

    private static GuestHive Open(RecordingFileSystem files, ChangeLog changes) =>
        GuestHive.Open(new GuestVolume { Kind = VolumeKind.Ntfs, Files = files }, Hives + @"\SOFTWARE", @"HKLM\SOFTWARE", changes);

    private static MemoryDevice Volume(out byte[] bytes)
    {
        var hive = Hive.Create();
        var vendor = hive.Create("Vendor");
        for (var i = 0; i < 2000; i++)
        {
            var key = vendor.CreateSubKey($"Product {i}");
            key.SetDword("Number", (uint)i);
            key.SetValue("Filler", RegistryValueType.Binary, new byte[2000]);
        }

        bytes = hive.ToArray();
        var device = new MemoryDevice(64 << 20);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = 4096 });
        using var volume = NtfsVolume.Open(device);
        volume.CreateDirectory(Hives);
        volume.WriteFile(Hives + @"\SOFTWARE", bytes);
        volume.Flush();
        return device;
    }
}
