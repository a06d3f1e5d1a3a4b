using System.Buffers.Binary;
using System.IO.Hashing;
using OfflinePatch.Core;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Boot;
using OfflinePatch.Windows.Rules.Image;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

[Trait("tier", "unit")]
public sealed class SectorSizeTests
{
    private const int LargeSector = 4096;

    /// <summary>
    /// As a disk of a host with 4096-byte sectors is copied: the same bytes in the partitions, a table in the larger unit.
    /// </summary>
    [Fact]
    public void A_layout_for_large_sectors_is_an_error()
    {
        var machine = new Machine();
        Assert.Equal(FindingState.Ok, new ImageSectorSizeRule().Inspect(machine.Start()).State);
        MakeLarge(machine.Disk);
        var context = machine.Restart();
        Assert.NotNull(context.FoundWindows); // the reader is more tolerant than the target
        var finding = new ImageSectorSizeRule().Inspect(context);
        Assert.Equal((FindingState.Failed, false), (finding.State, finding.Fixable));
        Assert.Contains("4096", finding.Message, StringComparison.Ordinal);
        Assert.Contains("512", finding.Remedy, StringComparison.Ordinal);

        var loader = new BootLoaderRule().Inspect(context); // what OVMF shows of such a disk: no partition
        Assert.Equal((FindingState.Failed, false), (loader.State, loader.Fixable));
        Assert.Contains("image.sector-size", loader.Remedy, StringComparison.Ordinal);
    }

    private static void MakeLarge(BlockDevice disk)
    {
        var header = new byte[LargeSector];
        disk.Read(512, header.AsSpan(0, 512));
        var entries = new byte[128 * 128];
        disk.Read(1024, entries);
        for (var entry = entries.AsSpan(); entry.Length > 0; entry = entry[128..])
        {
            var (first, last) = (BinaryPrimitives.ReadInt64LittleEndian(entry[32..]), BinaryPrimitives.ReadInt64LittleEndian(entry[40..]));
            if (last > 0)
            {
                BinaryPrimitives.WriteInt64LittleEndian(entry[32..], first * 512 / LargeSector);
                BinaryPrimitives.WriteInt64LittleEndian(entry[40..], ((last + 1) * 512 / LargeSector) - 1);
            }
        }

        var end = (disk.Length / LargeSector) - 1;
        disk.Write(512, new byte[34 * 512]);
        disk.Write(disk.Length - (34 * 512), new byte[34 * 512]);
        Write(disk, header, entries, 1, end, 2);
        Write(disk, header, entries, end, 1, end - 4);
    }

    private static void Write(BlockDevice disk, byte[] header, byte[] entries, long own, long other, long array)
    {
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(24), own);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(32), other);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(40), 6);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(48), (disk.Length / LargeSector) - 6);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(72), array);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(88), Crc32.HashToUInt32(entries));
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(16), 0);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(16), Crc32.HashToUInt32(header.AsSpan(0, 92)));
        disk.Write(own * LargeSector, header);
        disk.Write(array * LargeSector, entries);
    }
}
