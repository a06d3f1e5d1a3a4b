using System.Buffers.Binary;
using System.Runtime.InteropServices;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>
/// A grain directory and its grain tables, 32-bit sector numbers both. Tables are read when first used; as many are kept as a few megabytes hold, since
/// those of a large disk that stores nothing would fill the memory.
/// </summary>
internal sealed class GrainTables
{
    private const int MaxBytesHeld = 16 * 1024 * 1024; // in tables of 2 KiB: 256 GiB of disk with grains of 64 KiB

    private readonly BlockDevice _file;
    private readonly string _fileName;
    private readonly int _entriesPerTable;
    private readonly uint[] _directory;
    private readonly Dictionary<long, uint[]> _tables = [];
    private readonly Lock _gate = new();

    private GrainTables(BlockDevice file, string fileName, long directoryOffset, uint[] directory, int entriesPerTable)
    {
        _file = file;
        _fileName = fileName;
        DirectoryOffset = directoryOffset;
        _directory = directory;
        _entriesPerTable = entriesPerTable;
    }

    /// <summary>Byte offset of the directory in the file.</summary>
    public long DirectoryOffset { get; }

    /// <summary>Entries of the directory.</summary>
    public int Count => _directory.Length;

    /// <summary>Bytes of a grain table.</summary>
    public int TableBytes => _entriesPerTable * sizeof(uint);

    /// <summary>Reads a directory and checks that every table that it names is inside the file.</summary>
    /// <exception cref="CorruptImageException">The directory (<c>VMDK-0006</c>) or a table (<c>VMDK-0007</c>) is not inside the file.</exception>
    public static GrainTables Open(BlockDevice file, string fileName, ulong directorySector, long grainCount, int entriesPerTable)
    {
        var entries = (grainCount + entriesPerTable - 1) / entriesPerTable;
        var fileSectors = (ulong)(file.Length / VmdkLayout.SectorSize);
        if (entries > VmdkLayout.MaxDirectoryEntries || directorySector == 0 || directorySector >= fileSectors
            || (entries * sizeof(uint)) > file.Length - ((long)directorySector * VmdkLayout.SectorSize))
        {
            throw VmdkError.DirectoryOutsideFile(fileName, directorySector, entries, file.Length);
        }

        var offset = (long)directorySector * VmdkLayout.SectorSize;
        var tables = new GrainTables(file, fileName, offset, ReadEntries(file, offset, (int)entries), entriesPerTable);
        for (var i = 0; i < tables._directory.Length; i++)
        {
            var sector = tables._directory[i];
            if (sector != 0 && tables.TableBytes > file.Length - ((long)sector * VmdkLayout.SectorSize))
            {
                throw VmdkError.TableOutsideFile(fileName, i, sector, file.Length);
            }
        }

        return tables;
    }

    /// <summary>Sector of a grain table; 0 = none.</summary>
    public uint TableSector(long index) => _directory[index];

    /// <summary>Byte offset of the directory entry of a table.</summary>
    public long DirectoryEntryOffset(long index) => DirectoryOffset + (index * sizeof(uint));

    /// <summary>The entry of a grain; 0 where there is no table.</summary>
    public uint this[long grain] => Table(grain / _entriesPerTable) is { } table ? table[grain % _entriesPerTable] : 0;

    /// <summary>Grains from <paramref name="grain"/> to the end of its table when there is no such table, else 0.</summary>
    public long MissingRun(long grain) => _directory[grain / _entriesPerTable] == 0 ? _entriesPerTable - (grain % _entriesPerTable) : 0;

    /// <summary>The entries of a table, or null where the directory has none. Not to be changed.</summary>
    public uint[]? Table(long index)
    {
        if (_directory[index] == 0)
        {
            return null;
        }

        lock (_gate)
        {
            if (!_tables.TryGetValue(index, out var table))
            {
                table = ReadEntries(_file, (long)_directory[index] * VmdkLayout.SectorSize, _entriesPerTable);
                Keep(index, table);
            }

            return table;
        }
    }

    /// <summary>The entries of a table as they are on disk, without keeping them.</summary>
    public void ReadTable(long index, Span<uint> entries) => ReadEntries(_file, (long)_directory[index] * VmdkLayout.SectorSize, entries);

    /// <summary>Sets the entry of a grain whose table exists, here and in the file.</summary>
    public void Set(long grain, uint entry)
    {
        var index = grain / _entriesPerTable;
        lock (_gate)
        {
            var table = Table(index) ?? throw VmdkError.TableOutsideFile(_fileName, index, 0, _file.Length);
            table[grain % _entriesPerTable] = entry;
            WriteEntry(((long)_directory[index] * VmdkLayout.SectorSize) + (grain % _entriesPerTable * sizeof(uint)), entry);
        }
    }

    /// <summary>Enters a new, empty table that is already in the file.</summary>
    public void SetTable(long index, uint sector)
    {
        lock (_gate)
        {
            _directory[index] = sector;
            Keep(index, new uint[_entriesPerTable]);
        }

        WriteEntry(DirectoryEntryOffset(index), sector);
    }

    // Every entry is in the file too, so a table may be dropped at any time.
    private void Keep(long index, uint[] table)
    {
        if ((_tables.Count + 1L) * TableBytes > MaxBytesHeld)
        {
            _tables.Clear();
        }

        _tables[index] = table;
    }

    private void WriteEntry(long offset, uint entry)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, entry);
        _file.Write(offset, bytes);
    }

    private static uint[] ReadEntries(BlockDevice file, long offset, int count)
    {
        var entries = new uint[count];
        ReadEntries(file, offset, entries);
        return entries;
    }

    private static void ReadEntries(BlockDevice file, long offset, Span<uint> entries)
    {
        file.Read(offset, MemoryMarshal.AsBytes(entries));
        if (!BitConverter.IsLittleEndian)
        {
            BinaryPrimitives.ReverseEndianness(entries, entries);
        }
    }
}
