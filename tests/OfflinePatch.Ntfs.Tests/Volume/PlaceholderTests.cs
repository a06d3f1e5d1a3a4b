using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;
using OfflinePatch.Ntfs.Volume;

namespace OfflinePatch.Ntfs.Tests.Volume;

/// <summary>Files whose content is not on the volume are refused on reading; what is on the volume is read, whatever the tag.</summary>
public sealed class PlaceholderTests
{
    private const uint Offline = 0x1000;
    private const uint RecallOnOpen = 0x40000;
    private const uint RecallOnDataAccess = 0x400000;

    [Theory, Trait("tier", "unit")]
    [InlineData(0x9000601Au, Offline | RecallOnDataAccess, false, "NTFS-0206")] // OneDrive, moved to the cloud
    [InlineData(0x9000601Au, RecallOnOpen, true, "NTFS-0206")]
    [InlineData(0x9000601Au, 0u, false, "NTFS-0206")] // no attribute says so, but nothing is stored
    [InlineData(0x9000601Au, 0u, true, null)] // on this device
    [InlineData(0x8000001Eu, 0u, true, null)]
    [InlineData(0xC0000004u, Offline, false, "NTFS-0206")]
    [InlineData(0x80000006u, 0u, true, null)] // HSM, copied and still here
    [InlineData(0x80000007u, 0u, true, "NTFS-0206")] // SIS
    [InlineData(0x80000013u, 0u, false, "NTFS-0206")] // deduplicated
    [InlineData(0x8000001Bu, 0u, false, "NTFS-0207")] // AppExecLink
    [InlineData(0xA000001Du, 0u, false, "NTFS-0207")]
    [InlineData(0x80000014u, 0u, false, "NTFS-0207")]
    [InlineData(0xA000000Cu, 0u, false, "NTFS-0207")]
    [InlineData(0x00001234u, 0u, true, "NTFS-0208")]
    [InlineData(0u, RecallOnOpen, true, null)] // the bit means extended attributes here
    [InlineData(0u, Offline, true, null)]
    [InlineData(0u, Offline, false, "NTFS-0206")]
    public void Is_read_only_where_the_content_is_here(uint tag, uint attributes, bool isStored, string? code)
    {
        using var device = new MemoryDevice(8 << 20);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = 4096 });
        using var volume = NtfsVolume.Open(device);
        var content = new byte[100_000];
        new Random(1).NextBytes(content);
        volume.WriteFile("file.bin", content);
        var node = volume.Core.Nodes.Get(volume.OpenFile("file.bin")!.Reference);
        var standard = node.Attributes.Single(a => a.Type == AttributeType.StandardInformation);
        BinaryPrimitives.WriteUInt32LittleEndian(standard.Value.AsSpan(StandardInformation.Layout.Attributes),
            attributes | (tag == 0 ? 0 : 0x400u));
        if (tag != 0)
        {
            var point = new NodeAttribute(AttributeType.ReparsePoint, "");
            var value = new byte[24];
            BinaryPrimitives.WriteUInt32LittleEndian(value, tag);
            BinaryPrimitives.WriteUInt16LittleEndian(value.AsSpan(4), 16);
            point.SetResident(value);
            node.Attributes.Add(point);
        }

        if (!isStored)
        {
            var data = node.Find(AttributeType.Data, "")!;
            var hole = new RunList();
            hole.Append(-1, data.Runs.ClusterCount);
            data.Runs = hole;
            data.Flags |= AttributeFlags.Sparse;
        }

        if (code is null)
        {
            Assert.Equal(content, volume.ReadFile("file.bin"));
        }
        else
        {
            Assert.Equal(code, Assert.Throws<UnsupportedImageException>(() => volume.OpenRead("file.bin")).Code);
            Assert.Equal(code, Assert.Throws<UnsupportedImageException>(() => volume.Read("file.bin", 0, new byte[10])).Code);
        }
    }

    [Fact, Trait("tier", "unit")]
    public void Holes_are_known_without_reading()
    {
        using var device = new MemoryDevice(8 << 20);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = 4096 });
        using var volume = NtfsVolume.Open(device);
        volume.WriteFile("file.bin", new byte[20_000]);
        volume.SetLength("file.bin", 1_000_000);
        using var stream = volume.OpenRead("file.bin");
        var sparse = Assert.IsAssignableFrom<ISparseContent>(stream);
        Assert.Equal(0, sparse.ZeroRun(0));
        Assert.Equal(0, sparse.ZeroRun(19_999));
        Assert.Equal(980_000, sparse.ZeroRun(20_000));
        Assert.Equal(0, sparse.ZeroRun(1_000_000));

        var data = volume.Core.Nodes.Get(volume.OpenFile("file.bin")!.Reference).Find(AttributeType.Data, "")!;
        var (lcn, count) = (data.Runs.Runs[0].Lcn, data.Runs.ClusterCount);
        data.Runs = new RunList();
        data.Runs.Append(lcn, 2);
        data.Runs.Append(-1, count - 3);
        data.Runs.Append(lcn + 2, 1);
        data.InitializedSize = data.DataSize;
        Assert.Equal(0, sparse.ZeroRun(8191));
        Assert.Equal((count - 3) * 4096, sparse.ZeroRun(8192));
        Assert.Equal(((count - 1) * 4096) - 500_000, sparse.ZeroRun(500_000));
        Assert.Equal(0, sparse.ZeroRun(999_999));
    }
}
