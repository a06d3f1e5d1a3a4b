using System.Buffers.Binary;
using System.Runtime.InteropServices;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>
/// A grain directory and its grain tables, 32-bit sector numbers both. The directory is in memory; of the tables the last few thousand are
/// kept, and one that is a hole in the file is not read at all: a disk of 60 TiB has 4 GiB of tables, most of them empty.
/// </summary>
internal sealed class GrainTables
{
    private const int MaxTableBytes = 16 * 1024 * 1024;

    private readonly BlockDevice _file;
    private readonly string _fileName;
    private readonly int _entriesPerTable;
    private uint[] _directory;
    private readonly Dictionary<long, uint[]> _tables = [];
    private readonly int _maxTables;
    private readonly uint[] _empty;
    private readonly Lock _gate = new();
    private KeyValuePair<long, uint[]>? _last;
    private (long Start, long End) _hole;

    private GrainTables(BlockDevice file, string fileName, long directoryOffset, uint[] directory, int entriesPerTable)
    {
        _file = file;
        _fileName = fileName;
        DirectoryOffset = directoryOffset;
        _directory = directory;
        _entriesPerTable = entriesPerTable;
        _empty = new uint[entriesPerTable];
        _maxTables = MaxTableBytes / TableBytes;
    }

    /// <summary>Byte offset of the directory in the file.</summary>
    public long DirectoryOffset { get; private set; }

    /// <summary>Entries of the directory.</summary>
    public int Count => _directory.Length;

    /// <summary>Bytes of a grain table.</summary>
    public int TableBytes => _entriesPerTable * sizeof(uint);

    /// <summary>Reads a directory and checks that every table that it names is inside the file.</summary>
    /// <exception cref="CorruptImageException">The directory (<c>VMDK-0006</c>) or a table (<c>VMDK-0007</c>) is not inside the
    /// file.</exception>
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

    /// <summary>Entries of a grain table.</summary>
    public int EntriesPerTable => _entriesPerTable;

    /// <summary>Grains from <paramref name="grain"/> to the end of its table when there is no such table, or it is empty; else 0.</summary>
    public long MissingRun(long grain)
    {
        var table = Table(grain / _entriesPerTable);
        return table is null || ReferenceEquals(table, _empty) ? _entriesPerTable - (grain % _entriesPerTable) : 0;
    }

    /// <summary>The entries of a table, or null where the directory has none. Not to be changed.</summary>
    public uint[]? Table(long index)
    {
        if (_directory[index] == 0)
        {
            return null;
        }

        lock (_gate)
        {
            if (_last is { } last && last.Key == index)
            {
                return last.Value;
            }

            if (!_tables.TryGetValue(index, out var table))
            {
                table = Read(index);
                if (_tables.Count >= _maxTables)
                {
                    _tables.Clear(); // mostly read in order: what comes next is not among them
                }

                _tables.Add(index, table);
            }

            _last = new(index, table);
            return table;
        }
    }

    /// <summary>The entries of a table as they are on disk, without keeping them; false where all of them are zero.</summary>
    public bool TryReadTable(long index, Span<uint> entries)
    {
        lock (_gate)
        {
            if (IsHole(index))
            {
                return false;
            }
        }

        ReadEntries(_file, TableOffset(index), entries);
        return entries.ContainsAnyExcept(0u);
    }

    /// <summary>Sets the entry of a grain whose table exists, here and in the file.</summary>
    public void Set(long grain, uint entry)
    {
        var index = grain / _entriesPerTable;
        var table = Table(index) ?? throw VmdkError.TableOutsideFile(_fileName, index, 0, _file.Length);
        lock (_gate)
        {
            if (ReferenceEquals(table, _empty))
            {
                table = new uint[_entriesPerTable];
                _tables[index] = table;
                _last = new(index, table);
            }

            table[grain % _entriesPerTable] = entry;
            _hole = default;
        }

        WriteEntry(TableOffset(index) + (grain % _entriesPerTable * sizeof(uint)), entry);
    }

    /// <summary>Enters a new, empty table that is already in the file.</summary>
    public void SetTable(long index, uint sector)
    {
        lock (_gate)
        {
            _directory[index] = sector;
            _tables.Remove(index);
            _last = null;
            _hole = default;
        }

        WriteEntry(DirectoryEntryOffset(index), sector);
    }

    /// <summary>
    /// Adds empty tables, at the end of the file. A directory that has no room for their entries moves there too. Returns its byte offset;
    /// the caller enters it into the header.
    /// </summary>
    public long Grow(ResizableDevice file, int count)
    {
        var old = _directory.Length;
        var oldSectors = ((old * sizeof(uint)) + VmdkLayout.SectorSize - 1) / VmdkLayout.SectorSize;
        var sectors = ((count * (long)sizeof(uint)) + VmdkLayout.SectorSize - 1) / VmdkLayout.SectorSize;
        var end = (file.Length + VmdkLayout.SectorSize - 1) / VmdkLayout.SectorSize * VmdkLayout.SectorSize;
        var moves = sectors > oldSectors;
        var first = end + (moves ? sectors * VmdkLayout.SectorSize : 0);
        var newEnd = first + ((long)(count - old) * TableBytes);
        if (newEnd / VmdkLayout.SectorSize > uint.MaxValue)
        {
            throw VmdkError.FileWouldBeTooLong(_fileName);
        }

        file.SetLength(newEnd);
        lock (_gate)
        {
            Array.Resize(ref _directory, count);
            for (var i = old; i < count; i++)
            {
                _directory[i] = (uint)((first + ((long)(i - old) * TableBytes)) / VmdkLayout.SectorSize);
            }

            DirectoryOffset = moves ? end : DirectoryOffset;
            _tables.Clear();
            _last = null;
            _hole = default;
        }

        var written = moves ? 0 : old;
        var bytes = new byte[(count - written) * sizeof(uint)];
        for (var i = written; i < count; i++)
        {
            LittleEndian.PutU32(bytes, (i - written) * sizeof(uint), _directory[i]);
        }

        file.Write(DirectoryEntryOffset(written), bytes);
        return DirectoryOffset;
    }

    private long TableOffset(long index) => (long)_directory[index] * VmdkLayout.SectorSize;

    private uint[] Read(long index)
    {
        if (IsHole(index))
        {
            return _empty;
        }

        var table = ReadEntries(_file, TableOffset(index), _entriesPerTable);
        return table.AsSpan().ContainsAnyExcept(0u) ? table : _empty;
    }

    /// <summary>Whether a table is in a hole of the file. The hole that was found last is remembered: tables are neighbours.</summary>
    private bool IsHole(long index)
    {
        var offset = TableOffset(index);
        if (offset >= _hole.Start && offset + TableBytes <= _hole.End)
        {
            return true;
        }

        var extent = _file.GetExtent(offset);
        if (!extent.IsZero || extent.Length < TableBytes)
        {
            return false;
        }

        _hole = (offset, offset + extent.Length);
        return true;
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
