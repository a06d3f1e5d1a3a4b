using System.Buffers.Binary;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>A view of the header (or footer) of a hosted sparse extent.</summary>
internal readonly ref struct SparseHeader
{
    /// <summary>Flag: the newline detection bytes are valid.</summary>
    public const uint FlagNewLineCheck = 1;

    /// <summary>Flag: the redundant grain directory is valid.</summary>
    public const uint FlagRedundantDirectory = 1 << 1;

    /// <summary>Flag: a grain table entry of 1 means a grain of zeros.</summary>
    public const uint FlagZeroGrain = 1 << 2;

    /// <summary>Flag: grains are compressed.</summary>
    public const uint FlagCompressed = 1 << 16;

    /// <summary>Flag: markers precede grains and metadata.</summary>
    public const uint FlagMarkers = 1 << 17;

    /// <summary>Flags that are known.</summary>
    public const uint KnownFlags = FlagNewLineCheck | FlagRedundantDirectory | FlagZeroGrain | FlagCompressed | FlagMarkers;

    private readonly ReadOnlySpan<byte> _bytes;

    private SparseHeader(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>The view, or false where the magic is another one or the sector is short.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> sector, out SparseHeader header)
    {
        header = new SparseHeader(sector);
        return sector.Length >= Layout.Size && BinaryPrimitives.ReadUInt32LittleEndian(sector) == VmdkLayout.SparseMagic;
    }

    /// <summary>Format version, 1 to 3.</summary>
    public uint Version => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.Version..]);

    /// <summary>Flags.</summary>
    public uint Flags => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.Flags..]);

    /// <summary>Guest sectors.</summary>
    public ulong Capacity => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[Layout.Capacity..]);

    /// <summary>Sectors of a grain.</summary>
    public ulong GrainSize => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[Layout.GrainSize..]);

    /// <summary>First sector of the embedded descriptor; 0 = none.</summary>
    public ulong DescriptorOffset => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[Layout.DescriptorOffset..]);

    /// <summary>Sectors of the embedded descriptor.</summary>
    public ulong DescriptorSize => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[Layout.DescriptorSize..]);

    /// <summary>Entries of a grain table.</summary>
    public uint EntriesPerTable => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.EntriesPerTable..]);

    /// <summary>First sector of the redundant grain directory.</summary>
    public ulong RgdOffset => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[Layout.RgdOffset..]);

    /// <summary>First sector of the grain directory.</summary>
    public ulong GdOffset => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[Layout.GdOffset..]);

    /// <summary>Sectors of metadata before the first grain.</summary>
    public ulong OverHead => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[Layout.OverHead..]);

    /// <summary>Not 0: the disk was not closed.</summary>
    public byte UncleanShutdown => _bytes[Layout.UncleanShutdown];

    /// <summary>1 = deflate.</summary>
    public ushort CompressAlgorithm => BinaryPrimitives.ReadUInt16LittleEndian(_bytes[Layout.CompressAlgorithm..]);

    /// <summary>Whether the newline detection bytes are as they were written.</summary>
    public bool NewLinesIntact => _bytes.Slice(Layout.NewLineCheck, 4).SequenceEqual(Layout.NewLineValue);

    /// <summary>Offsets. Source: "Virtual Disk Format 5.0", struct SparseExtentHeader.</summary>
    internal static class Layout
    {
        /// <summary>Bytes of the header: one sector.</summary>
        public const int Size = 0x200;

        /// <summary>+0x00 u32: <c>KDMV</c>.</summary>
        public const int Magic = 0x00;

        /// <summary>+0x04 u32: version.</summary>
        public const int Version = 0x04;

        /// <summary>+0x08 u32: flags.</summary>
        public const int Flags = 0x08;

        /// <summary>+0x0C u64: capacity in sectors.</summary>
        public const int Capacity = 0x0C;

        /// <summary>+0x14 u64: grain size in sectors.</summary>
        public const int GrainSize = 0x14;

        /// <summary>+0x1C u64: sector of the descriptor.</summary>
        public const int DescriptorOffset = 0x1C;

        /// <summary>+0x24 u64: sectors of the descriptor.</summary>
        public const int DescriptorSize = 0x24;

        /// <summary>+0x2C u32: entries of a grain table.</summary>
        public const int EntriesPerTable = 0x2C;

        /// <summary>+0x30 u64: sector of the redundant grain directory.</summary>
        public const int RgdOffset = 0x30;

        /// <summary>+0x38 u64: sector of the grain directory.</summary>
        public const int GdOffset = 0x38;

        /// <summary>+0x40 u64: sectors of metadata.</summary>
        public const int OverHead = 0x40;

        /// <summary>+0x48 u8: unclean shutdown.</summary>
        public const int UncleanShutdown = 0x48;

        /// <summary>+0x49 char[4]: newline detection.</summary>
        public const int NewLineCheck = 0x49;

        /// <summary>The bytes at <see cref="NewLineCheck"/>.</summary>
        public static ReadOnlySpan<byte> NewLineValue => "\n \r\n"u8;

        /// <summary>+0x4D u16: compression.</summary>
        public const int CompressAlgorithm = 0x4D;
    }
}
