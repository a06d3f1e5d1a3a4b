using OfflinePatch.Core;
using OfflinePatch.Disks.Partitions;

namespace OfflinePatch.Disks.Tests.Partitions;

/// <summary>
/// Protective MBRs as firmware sees them. What is expected here is what OVMF (edk2-stable202211, EFI shell's "map" on an AHCI disk and on
/// one with 4096-byte sectors) listed for each of these disks.
/// </summary>
public sealed class ProtectiveMbrTests
{
    private const long MiB = 1024 * 1024;
    private const int Slot1 = 446;

    public static TheoryData<string, bool> Cases => new()
    {
        { "as it should be", true },
        { "no sector 0", false },
        { "start 0", false },
        { "start 2", false },
        { "status 0x80", true },
        { "no 55 AA", true },
        { "no entry", false },
        { "slot 2", true },
        { "one sector", true },
        { "2^32-1 sectors", true },
        { "hybrid", true },
        { "damaged primary header", true },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    [Trait("tier", "layout")]
    public void Firmware_sees_the_GPT_or_not(string what, bool isVisible)
    {
        var disk = Damaged(what);

        var table = PartitionTable.Read(disk);

        Assert.Equal((PartitionScheme.Gpt, 2), (table.Scheme, table.Partitions.Count));
        Assert.Equal(isVisible, table.IsVisibleToFirmware);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    [Trait("tier", "unit")]
    public void The_entry_is_written(string what, bool isVisible)
    {
        var disk = Damaged(what);
        disk.Write(0, [0xEB, 0x63]); // boot code
        var changed = ProtectiveMbrWriter.Write(disk, PartitionTable.Read(disk));

        var table = PartitionTable.Read(disk);
        Assert.True(table.IsVisibleToFirmware);
        Assert.Equal((1U, (uint)((100 * MiB / 512) - 1), true, (byte)0),
            (table.Protective!.FirstSector, table.Protective.SectorCount, table.Protective.HasBootSignature, table.Protective.Status));
        Assert.Equal(what == "slot 2" ? 2 : 1, table.Protective.Slot);
        Assert.Equal(what == "hybrid", table.Protective.HasOtherEntries);
        Assert.Equal([0xEB, 0x63], Bytes(disk, 0, 2));
        Assert.True(changed || isVisible);
        Assert.False(ProtectiveMbrWriter.Write(disk, table)); // the second run writes nothing
    }

    [Fact]
    [Trait("tier", "unit")]
    public void Nothing_else_is_overwritten()
    {
        var full = Damaged("no entry");
        for (var slot = 0; slot < 4; slot++)
        {
            full.Write(Slot1 + (16 * slot) + 4, [0x83]);
        }

        full.Write(510, [0, 0]); // no partitions for now, but they would be after 55 AA is written
        Assert.Equal("PART-0007", Assert.Throws<RefusedException>(() => ProtectiveMbrWriter.Write(full, PartitionTable.Read(full))).Code);

        var mbr = PartitionedDisk.Mbr(100 * MiB, (0, 0x80, 7, 2048, 4096));
        Assert.Equal("PART-0008", Assert.Throws<RefusedException>(() => ProtectiveMbrWriter.Write(mbr, PartitionTable.Read(mbr))).Code);
    }

    [Theory]
    [InlineData(4096, 512, false)]
    [InlineData(4096, 4096, true)]
    [InlineData(512, 4096, false)]
    [Trait("tier", "layout")]
    public void The_sector_size_of_the_table_must_be_the_disks(int tableSize, int diskSize, bool isVisible)
    {
        var source = PartitionedDisk.Gpt(100 * MiB, tableSize, (PartitionedDisk.Esp, 512, 1023, "ESP"));
        var disk = new MemoryDevice(Bytes(source, 0, (int)source.Length), diskSize);

        var table = PartitionTable.Read(disk);

        Assert.Equal((tableSize, diskSize, isVisible), (table.SectorSize, table.DeviceSectorSize, table.IsVisibleToFirmware));
    }

    private static MemoryDevice Damaged(string what)
    {
        var disk = PartitionedDisk.Gpt(100 * MiB, 512, (PartitionedDisk.Esp, 2048, 4095, "ESP"),
            (PartitionedDisk.Basic, 4096, 8191, "data"));
        var entry = Bytes(disk, Slot1, 16);
        switch (what)
        {
            case "no sector 0":
                disk.Write(0, new byte[512]);
                break;
            case "start 0" or "start 2":
                disk.Write(Slot1 + 8, [(byte)(what[^1] - '0')]);
                break;
            case "status 0x80":
                disk.Write(Slot1, [0x80]);
                break;
            case "no 55 AA":
                disk.Write(510, [0, 0]);
                break;
            case "no entry":
                disk.Write(Slot1, new byte[64]);
                break;
            case "slot 2":
                disk.Write(Slot1, new byte[16]);
                disk.Write(Slot1 + 16, entry);
                break;
            case "one sector":
                disk.Write(Slot1 + 12, [1, 0, 0, 0]);
                break;
            case "2^32-1 sectors":
                disk.Write(Slot1 + 12, [0xFF, 0xFF, 0xFF, 0xFF]);
                break;
            case "hybrid":
                disk.Write(Slot1 + 16, [0x80, 0, 2, 0, 7, 0xFF, 0xFF, 0xFF, 0, 16, 0, 0, 0, 16, 0, 0]);
                break;
            case "damaged primary header":
                disk.Write(512, "XXXX"u8);
                break;
        }

        return disk;
    }

    private static byte[] Bytes(BlockDevice disk, long offset, int count)
    {
        var bytes = new byte[count];
        disk.Read(offset, bytes);
        return bytes;
    }
}
