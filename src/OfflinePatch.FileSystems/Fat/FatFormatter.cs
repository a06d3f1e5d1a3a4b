using System.Buffers.Binary;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.FileSystems.Trees;

namespace OfflinePatch.FileSystems.Fat;

/// <summary>
/// Makes an empty FAT volume: EFI system partitions and floppies for fixtures. Source: fatgen103; the values are those that Windows' format
/// writes.
/// </summary>
public static class FatFormatter
{
    private const long FloppyLength = 1440 * 1024;
    private const int Fat32Reserved = 32;
    private const int InfoSector = 1;
    private const int BackupSector = 6;

    /// <summary>
    /// Formats a partition, or a floppy image. Sectors are those of the device (512 or 4096 bytes); the data area is left as it is.
    /// </summary>
    /// <exception cref="RefusedException"><c>FAT-0022</c>: the device is too small or too large for the type.</exception>
    public static void Format(BlockDevice partition, FatFormatOptions? options = null)
    {
        options ??= new FatFormatOptions();
        if (options.Label.Length > 11 || options.Label.Any(c => c is < ' ' or > '~'))
        {
            throw FatError.CannotFormat($"'{options.Label}' is no label of at most 11 characters");
        }

        var plan = Choose(partition, options);
        var boot = new byte[plan.SectorSize];
        WriteBootSector(boot, plan, options);
        var zeros = new byte[64 * 1024];
        for (var at = 0L; at < plan.ClusterOffset + (plan.Type == FatType.Fat32 ? plan.ClusterSize : 0); at += zeros.Length)
        {
            var end = plan.ClusterOffset + (plan.Type == FatType.Fat32 ? plan.ClusterSize : 0);
            partition.Write(at, zeros.AsSpan(0, (int)Math.Min(zeros.Length, end - at)));
        }

        partition.Write(0, boot);
        if (plan.Type == FatType.Fat32)
        {
            WriteFat32Extras(partition, plan, boot);
        }

        WriteTables(partition, plan);
        if (options.Label.Length > 0)
        {
            WriteLabel(partition, plan, options);
        }

        partition.Flush();
    }

    private static Plan Choose(BlockDevice partition, FatFormatOptions options)
    {
        var sectorSize = partition.SectorSize;
        var total = partition.Length / sectorSize;
        var isFloppy = partition.Length == FloppyLength && sectorSize == 512;
        var type = options.Type
            ?? (partition.Length <= 4L << 20 ? FatType.Fat12 : partition.Length <= 64L << 20 ? FatType.Fat16 : FatType.Fat32);
        if (total is < 32 or > uint.MaxValue)
        {
            throw FatError.CannotFormat($"{total} sectors");
        }

        var rootSlots = type == FatType.Fat32 ? 0 : isFloppy ? 224 : 512;
        var reserved = type == FatType.Fat32 ? Fat32Reserved : 1;
        var (lowest, highest) =
            type switch { FatType.Fat12 => (1, 4084 - 16), FatType.Fat16 => (4085 + 16, 65_524 - 16), _ => (65_525 + 16, 0x0FFFFFF0) };
        for (var sectorsPerCluster = options.SectorsPerCluster == 0 ? 1
            : options.SectorsPerCluster; sectorsPerCluster <= 128; sectorsPerCluster *= 2)
        {
            // The FAT must hold the clusters that are left beside it: start from one that holds too many, and take the fixed point.
            var rootSectors = ((long)rootSlots * FatLayout.Slot.Size + sectorSize - 1) / sectorSize;
            var clusters = (total - reserved - rootSectors) / sectorsPerCluster;
            var fatSectors = 0L;
            for (var i = 0; i < 4; i++)
            {
                fatSectors = ((((clusters + 2) * (int)type) + 7) / 8 + sectorSize - 1) / sectorSize;
                clusters = (total - reserved - rootSectors - (2 * fatSectors)) / sectorsPerCluster;
            }

            if (clusters >= lowest && clusters <= highest && (type == FatType.Fat32 || fatSectors <= ushort.MaxValue))
            {
                return new Plan(type, sectorSize, sectorsPerCluster, reserved, fatSectors, rootSlots, total,
                    reserved + (2 * fatSectors) + rootSectors, (uint)clusters, isFloppy);
            }

            if (options.SectorsPerCluster != 0)
            {
                break;
            }
        }

        throw FatError.CannotFormat($"{partition.Length} bytes do not suit FAT{(int)type}");
    }

    private static void WriteBootSector(Span<byte> boot, Plan plan, FatFormatOptions options)
    {
        var isFat32 = plan.Type == FatType.Fat32;
        var code = isFat32 ? FatLayout.Boot.New.Code : FatLayout.Boot.Old.Code;
        boot[0] = 0xEB;
        boot[1] = (byte)(code - 2);
        boot[2] = 0x90;
        "MSDOS5.0"u8.CopyTo(boot[FatLayout.Boot.OemName..]);
        BinaryPrimitives.WriteUInt16LittleEndian(boot[FatLayout.Boot.BytesPerSector..], (ushort)plan.SectorSize);
        boot[FatLayout.Boot.SectorsPerCluster] = (byte)plan.SectorsPerCluster;
        BinaryPrimitives.WriteUInt16LittleEndian(boot[FatLayout.Boot.ReservedSectors..], (ushort)plan.Reserved);
        boot[FatLayout.Boot.FatCount] = 2;
        BinaryPrimitives.WriteUInt16LittleEndian(boot[FatLayout.Boot.RootEntries..], (ushort)plan.RootSlots);
        var isShort = !isFat32 && plan.TotalSectors <= ushort.MaxValue;
        BinaryPrimitives.WriteUInt16LittleEndian(boot[FatLayout.Boot.TotalSectors16..], isShort ? (ushort)plan.TotalSectors : (ushort)0);
        BinaryPrimitives.WriteUInt32LittleEndian(boot[FatLayout.Boot.TotalSectors32..], isShort ? 0 : (uint)plan.TotalSectors);
        boot[FatLayout.Boot.Media] = plan.Media;
        BinaryPrimitives.WriteUInt16LittleEndian(boot[FatLayout.Boot.SectorsPerFat16..], isFat32 ? (ushort)0 : (ushort)plan.FatSectors);
        BinaryPrimitives.WriteUInt16LittleEndian(boot[FatLayout.Boot.SectorsPerTrack..], (ushort)(plan.IsFloppy ? 18 : 63));
        BinaryPrimitives.WriteUInt16LittleEndian(boot[FatLayout.Boot.Heads..], (ushort)(plan.IsFloppy ? 2 : 255));
        BinaryPrimitives.WriteUInt32LittleEndian(boot[FatLayout.Boot.HiddenSectors..], options.HiddenSectors);
        if (isFat32)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(boot[FatLayout.Boot.New.SectorsPerFat..], (uint)plan.FatSectors);
            BinaryPrimitives.WriteUInt32LittleEndian(boot[FatLayout.Boot.New.RootCluster..], 2);
            BinaryPrimitives.WriteUInt16LittleEndian(boot[FatLayout.Boot.New.InfoSector..], InfoSector);
            BinaryPrimitives.WriteUInt16LittleEndian(boot[FatLayout.Boot.New.BackupSector..], BackupSector);
        }

        boot[isFat32 ? FatLayout.Boot.New.DriveNumber : FatLayout.Boot.Old.DriveNumber] = plan.IsFloppy ? (byte)0 : (byte)0x80;
        boot[isFat32 ? FatLayout.Boot.New.ExtendedSignature : FatLayout.Boot.Old.ExtendedSignature] = 0x29;
        BinaryPrimitives.WriteUInt32LittleEndian(boot[(isFat32 ? FatLayout.Boot.New.SerialNumber : FatLayout.Boot.Old.SerialNumber)..],
            options.SerialNumber);
        LabelBytes(options).CopyTo(boot[(isFat32 ? FatLayout.Boot.New.Label : FatLayout.Boot.Old.Label)..]);
        Encoding.ASCII.GetBytes($"FAT{(int)plan.Type}   ")
            .CopyTo(boot[(isFat32 ? FatLayout.Boot.New.TypeName : FatLayout.Boot.Old.TypeName)..]);
        ReadOnlySpan<byte> haltCode = [0xCD, 0x18, 0xF4, 0xEB, 0xFD]; // int 18h (try the next device); hlt; jmp to hlt
        haltCode.CopyTo(boot[code..]);
        BinaryPrimitives.WriteUInt16LittleEndian(boot[FatLayout.Boot.Signature..], 0xAA55);
    }

    private static void WriteFat32Extras(BlockDevice partition, Plan plan, ReadOnlySpan<byte> boot)
    {
        var info = new byte[plan.SectorSize];
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(FatLayout.Info.LeadSignature), FatLayout.Info.LeadValue);
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(FatLayout.Info.StructSignature), FatLayout.Info.StructValue);
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(FatLayout.Info.FreeClusters), plan.ClusterCount - 1);
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(FatLayout.Info.NextFree), 3);
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(FatLayout.Info.TrailSignature), FatLayout.Info.TrailValue);
        partition.Write((long)InfoSector * plan.SectorSize, info);
        partition.Write((long)BackupSector * plan.SectorSize, boot);
        partition.Write((long)(BackupSector + InfoSector) * plan.SectorSize, info);
    }

    private static void WriteTables(BlockDevice partition, Plan plan)
    {
        byte[] first = plan.Type switch
        {
            FatType.Fat12 => [plan.Media, 0xFF, 0xFF],
            FatType.Fat16 => [plan.Media, 0xFF, 0xFF, 0xFF],
            _ => [plan.Media, 0xFF, 0xFF, 0x0F, 0xFF, 0xFF, 0xFF, 0x0F, 0xFF, 0xFF, 0xFF, 0x0F], // the last: cluster 2, the root directory
        };
        for (var copy = 0; copy < 2; copy++)
        {
            partition.Write((plan.Reserved + (copy * plan.FatSectors)) * plan.SectorSize, first);
        }
    }

    private static void WriteLabel(BlockDevice partition, Plan plan, FatFormatOptions options)
    {
        var slot = new byte[FatLayout.Slot.Size];
        LabelBytes(options).CopyTo(slot, 0);
        slot[FatLayout.Slot.Attributes] = FatLayout.Slot.VolumeLabel;
        var (date, time, _) = DosTime.Encode(options.TimeUtc);
        BinaryPrimitives.WriteUInt16LittleEndian(slot.AsSpan(FatLayout.Slot.WrittenTime), time);
        BinaryPrimitives.WriteUInt16LittleEndian(slot.AsSpan(FatLayout.Slot.WrittenDate), date);
        var root = plan.Type == FatType.Fat32 ? plan.ClusterOffset : (plan.Reserved + (2 * plan.FatSectors)) * plan.SectorSize;
        partition.Write(root, slot);
    }

    private static byte[] LabelBytes(FatFormatOptions options) =>
        Encoding.ASCII.GetBytes((options.Label.Length == 0 ? "NO NAME" : options.Label.ToUpperInvariant()).PadRight(11));

    private sealed record Plan(FatType Type, int SectorSize, int SectorsPerCluster, int Reserved, long FatSectors, int RootSlots,
        long TotalSectors,
        long FirstData, uint ClusterCount, bool IsFloppy)
    {
        public byte Media => IsFloppy ? (byte)0xF0 : (byte)0xF8;

        public int ClusterSize => SectorsPerCluster * SectorSize;

        public long ClusterOffset => FirstData * SectorSize;
    }
}
