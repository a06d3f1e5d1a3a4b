using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>
/// A seSparse extent (ESXi snapshots of large disks). Read only: the format is not published, and its journal and free maps would have to
/// follow.
/// </summary>
internal sealed class SeSparseExtent : GrainExtent
{
    private const int EntriesPerTable = 4096;
    private const int TableSectors = 64;
    private const int GrainSectors = 8;

    // Tables of 32 KiB that are kept at a time: 8 MiB; each covers 16 MiB of the disk.
    private const int MaxTablesHeld = 256;

    private readonly ulong[] _directory;
    private readonly ulong _tablesSector;
    private readonly ulong _grainsSector;
    private readonly Dictionary<long, ulong[]> _tables = [];
    private readonly Lock _gate = new();

    private SeSparseExtent(ulong[] directory, ulong tablesSector, ulong grainsSector)
    {
        _directory = directory;
        _tablesSector = tablesSector;
        _grainsSector = grainsSector;
    }

    /// <inheritdoc/>
    public override string? WhyNotInPlace => $"{FileName} is a seSparse extent, which is only read.";

    /// <summary>Opens the extent, with the strict checks that an unpublished format asks for.</summary>
    public static SeSparseExtent Open(ResizableDevice file, string fileName, long start, long sectors, VmdkImage? parent)
    {
        var header = new byte[Layout.Size];
        if (file.Length < header.Length)
        {
            throw VmdkError.HeaderTruncated(fileName, file.Length);
        }

        file.Read(0, header);
        ulong Field(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(offset));
        void Expect(string name, int offset, ulong value)
        {
            if (Field(offset) != value)
            {
                throw VmdkError.SeSparseHeader(fileName, name, offset, value, Field(offset));
            }
        }

        Expect("magic", Layout.Magic, VmdkLayout.SeSparseMagic);
        Expect("version", Layout.Version, Layout.VersionValue);
        Expect("grain size", Layout.GrainSize, GrainSectors);
        Expect("grain table size", Layout.GrainTableSize, TableSectors);
        Expect("flags", Layout.Flags, 0);
        var capacity = Field(Layout.Capacity);
        if (capacity < (ulong)sectors || capacity > VmdkLayout.MaxCapacitySectors)
        {
            throw VmdkError.ExtentSize(fileName, sectors, capacity);
        }

        var fileSectors = (ulong)(file.Length / VmdkLayout.SectorSize);
        CheckJournal(file, fileName, Field(Layout.VolatileHeaderOffset), fileSectors);
        var grains = (sectors + GrainSectors - 1) / GrainSectors;
        var entries = (grains + EntriesPerTable - 1) / EntriesPerTable;
        var directorySector = Field(Layout.DirectoryOffset);
        var tablesSector = Field(Layout.TablesOffset);
        var grainsSector = Field(Layout.GrainsOffset);
        // A corrupt size field must not make the directory larger than the file itself.
        if (directorySector == 0 || directorySector >= fileSectors || tablesSector >= fileSectors || grainsSector > fileSectors
            || entries > VmdkLayout.MaxDirectoryEntries / 2
                || entries * sizeof(ulong) > file.Length - ((long)directorySector * VmdkLayout.SectorSize))
        {
            throw VmdkError.DirectoryOutsideFile(fileName, directorySector, entries, file.Length);
        }

        var directory = ReadEntries(file, (long)directorySector * VmdkLayout.SectorSize, (int)entries);
        var extent = new SeSparseExtent(directory, tablesSector, grainsSector)
        {
            FileName = fileName,
            File = file,
            Start = start,
            Length = sectors * VmdkLayout.SectorSize,
            GrainBytes = GrainSectors * VmdkLayout.SectorSize,
            Parent = parent,
        };
        extent.CheckTables();
        return extent;
    }

    /// <summary>Checks all tables once: each of them, and each grain, must be inside the file and used once.</summary>
    private void CheckTables()
    {
        var tables = new ClusterSet();
        var grains = new ClusterSet();
        for (var index = 0; index < _directory.Length; index++)
        {
            if (_directory[index] == 0)
            {
                continue;
            }

            if (!tables.TryAdd((long)(_directory[index] & uint.MaxValue), 1))
            {
                throw VmdkError.GrainShared(FileName, _tablesSector + ((_directory[index] & uint.MaxValue) * TableSectors));
            }

            var first = (long)index * EntriesPerTable;
            for (var grain = first; grain < Math.Min(first + EntriesPerTable, GrainCount); grain++)
            {
                var found = Find(grain);
                if (found.State == GrainState.Stored && !grains.TryAdd(found.FileOffset / GrainBytes, 1))
                {
                    throw VmdkError.GrainShared(FileName, (ulong)(found.FileOffset / VmdkLayout.SectorSize));
                }
            }
        }
    }

    /// <inheritdoc/>
    protected override long UnallocatedRun(long grain) =>
        _directory[grain / EntriesPerTable] == 0 ? EntriesPerTable - (grain % EntriesPerTable) : 0;

    /// <inheritdoc/>
    protected override Grain Find(long grain)
    {
        if (_directory[grain / EntriesPerTable] == 0)
        {
            return new Grain(GrainState.Unallocated, 0);
        }

        var entry = Table(grain / EntriesPerTable)[grain % EntriesPerTable];
        switch (entry >> 60)
        {
            case 0 when entry == 0:
                return new Grain(GrainState.Unallocated, 0);
            case 1 or 2:
                return new Grain(GrainState.Zero, 0);
            case 3:
                var number = ((entry & 0x0FFF_0000_0000_0000) >> 48) | ((entry & 0x0000_FFFF_FFFF_FFFF) << 12);
                var fileSectors = (ulong)(File.Length / VmdkLayout.SectorSize);
                if (number < fileSectors && _grainsSector + (number * GrainSectors) + GrainSectors <= fileSectors)
                {
                    return new Grain(GrainState.Stored, (long)(_grainsSector + (number * GrainSectors)) * VmdkLayout.SectorSize);
                }

                break;
        }

        throw VmdkError.SeSparseEntry(FileName, grain, entry);
    }

    private ulong[] Table(long index)
    {
        lock (_gate)
        {
            if (_tables.TryGetValue(index, out var table))
            {
                return table;
            }

            var entry = _directory[index];
            var sector = (entry & uint.MaxValue) * TableSectors;
            var fileSectors = (ulong)(File.Length / VmdkLayout.SectorSize);
            if (entry >> 32 != 0x1000_0000 || sector >= fileSectors || _tablesSector + sector + TableSectors > fileSectors)
            {
                throw VmdkError.TableOutsideFile(FileName, index, entry, File.Length);
            }

            if (_tables.Count == MaxTablesHeld)
            {
                _tables.Clear();
            }

            table = ReadEntries(File, (long)(_tablesSector + sector) * VmdkLayout.SectorSize, EntriesPerTable);
            _tables.Add(index, table);
            return table;
        }
    }

    private static void CheckJournal(ResizableDevice file, string fileName, ulong sector, ulong fileSectors)
    {
        if (sector >= fileSectors)
        {
            throw VmdkError.SeSparseHeader(fileName, "volatile header", Layout.VolatileHeaderOffset, fileSectors, sector);
        }

        var header = new byte[VmdkLayout.SectorSize];
        file.Read((long)sector * VmdkLayout.SectorSize, header);
        var magic = BinaryPrimitives.ReadUInt64LittleEndian(header);
        if (magic != Layout.VolatileMagic)
        {
            throw VmdkError.SeSparseHeader(fileName, "volatile magic", (long)sector * VmdkLayout.SectorSize, Layout.VolatileMagic, magic);
        }

        if (header[Layout.ReplayJournal] != 0)
        {
            throw VmdkError.SeSparseJournal(fileName);
        }
    }

    private static ulong[] ReadEntries(BlockDevice file, long offset, int count)
    {
        var entries = new ulong[count];
        file.Read(offset, System.Runtime.InteropServices.MemoryMarshal.AsBytes(entries.AsSpan()));
        if (!BitConverter.IsLittleEndian)
        {
            BinaryPrimitives.ReverseEndianness(entries, entries);
        }

        return entries;
    }

    /// <summary>
    /// Offsets in the constant header (sector 0) and the volatile header. Source: as QEMU's VMDK driver reads the format.
    /// </summary>
    internal static class Layout
    {
        /// <summary>Bytes of a header.</summary>
        public const int Size = 0x200;

        /// <summary>+0x00 u64: magic.</summary>
        public const int Magic = 0x00;

        /// <summary>+0x08 u64: version.</summary>
        public const int Version = 0x08;

        /// <summary>The known version.</summary>
        public const ulong VersionValue = 0x0000000200000001;

        /// <summary>+0x10 u64: capacity in sectors.</summary>
        public const int Capacity = 0x10;

        /// <summary>+0x18 u64: grain size in sectors.</summary>
        public const int GrainSize = 0x18;

        /// <summary>+0x20 u64: grain table size in sectors.</summary>
        public const int GrainTableSize = 0x20;

        /// <summary>+0x28 u64: flags.</summary>
        public const int Flags = 0x28;

        /// <summary>+0x50 u64: sector of the volatile header.</summary>
        public const int VolatileHeaderOffset = 0x50;

        /// <summary>+0x80 u64: sector of the grain directory.</summary>
        public const int DirectoryOffset = 0x80;

        /// <summary>+0x90 u64: sector of the grain tables.</summary>
        public const int TablesOffset = 0x90;

        /// <summary>+0xC0 u64: sector of the grains.</summary>
        public const int GrainsOffset = 0xC0;

        /// <summary>Magic of the volatile header.</summary>
        public const ulong VolatileMagic = 0x00000000CAFECAFE;

        /// <summary>Volatile header +0x18 u8: a journal waits to be replayed.</summary>
        public const int ReplayJournal = 0x18;
    }
}
