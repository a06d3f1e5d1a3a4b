using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>A COWD extent (vmfsSparse: ESX snapshots and thin disks of old hosts). Read only.</summary>
internal sealed class CowdExtent(GrainTables tables) : GrainExtent
{
    /// <inheritdoc/>
    public override string? WhyNotInPlace => $"{FileName} is a vmfsSparse (COWD) extent, which is only read.";

    /// <summary>Opens the extent.</summary>
    public static CowdExtent Open(ResizableDevice file, string fileName, long start, long? sectors, VmdkImage? parent)
    {
        var header = new byte[Layout.Size];
        if (file.Length < header.Length)
        {
            throw VmdkError.HeaderTruncated(fileName, file.Length);
        }

        file.Read(0, header);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != VmdkLayout.CowdMagic)
        {
            throw VmdkError.NotASparseExtent(fileName, "COWD");
        }

        var version = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(Layout.Version));
        if (version != 1)
        {
            throw VmdkError.Version(fileName, version);
        }

        var capacity = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(Layout.Capacity));
        var grain = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(Layout.GrainSize));
        if (grain == 0 || !System.Numerics.BitOperations.IsPow2(grain) || grain > VmdkLayout.MaxGrainSectors)
        {
            throw VmdkError.GrainSize(fileName, grain);
        }

        if (capacity == 0)
        {
            throw VmdkError.Capacity(fileName, capacity);
        }

        if (sectors is { } wanted && (wanted > capacity || capacity - wanted >= grain))
        {
            throw VmdkError.ExtentSize(fileName, wanted, capacity);
        }

        var used = sectors ?? capacity;
        var directory = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(Layout.DirectoryOffset));
        var tables = GrainTables.Open(file, fileName, directory, (used + grain - 1) / grain, VmdkLayout.CowdEntriesPerTable);
        var check = new SparseTableCheck(file, fileName, (int)grain, used, compressed: false, hasZeroEntry: false);
        check.AddMetadata(0, 1);
        check.Run(tables, null);
        return new CowdExtent(tables)
        {
            FileName = fileName,
            File = file,
            Start = start,
            Length = used * VmdkLayout.SectorSize,
            GrainBytes = (int)grain * VmdkLayout.SectorSize,
            Parent = parent,
        };
    }

    /// <inheritdoc/>
    protected override Grain Find(long grain)
    {
        var entry = tables[grain];
        if (entry == 0)
        {
            return new Grain(GrainState.Unallocated, 0);
        }

        var offset = (long)entry * VmdkLayout.SectorSize;
        var needed = Math.Min(GrainBytes, Length - (grain * GrainBytes));
        return needed <= File.Length - offset
            ? new Grain(GrainState.Stored, offset)
            : throw VmdkError.GrainOutsideFile(FileName, grain, entry, File.Length);
    }

    /// <inheritdoc/>
    protected override long UnallocatedRun(long grain) => tables.MissingRun(grain);

    /// <summary>Offsets. Source: libyal VMDK documentation, "COWD sparse extent data file header".</summary>
    internal static class Layout
    {
        /// <summary>Bytes of the header that are read.</summary>
        public const int Size = 0x200;

        /// <summary>+0x04 u32: version, 1.</summary>
        public const int Version = 0x04;

        /// <summary>+0x08 u32: flags, 3.</summary>
        public const int Flags = 0x08;

        /// <summary>+0x0C u32: capacity in sectors.</summary>
        public const int Capacity = 0x0C;

        /// <summary>+0x10 u32: grain size in sectors.</summary>
        public const int GrainSize = 0x10;

        /// <summary>+0x14 u32: sector of the grain directory.</summary>
        public const int DirectoryOffset = 0x14;

        /// <summary>+0x18 u32: entries of the grain directory.</summary>
        public const int DirectoryEntries = 0x18;

        /// <summary>+0x1C u32: next free sector.</summary>
        public const int NextFree = 0x1C;
    }
}
