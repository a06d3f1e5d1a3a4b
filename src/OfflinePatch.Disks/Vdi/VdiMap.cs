using System.Buffers.Binary;
using System.Runtime.InteropServices;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vdi;

/// <summary>The block map, whole in memory (4 bytes per block), and written through.</summary>
internal sealed class VdiMap
{
    private readonly ResizableDevice _file;
    private readonly long _mapOffset;
    private uint[] _entries;

    private VdiMap(ResizableDevice file, long mapOffset, uint[] entries)
    {
        _file = file;
        _mapOffset = mapOffset;
        _entries = entries;
    }

    /// <summary>One more than the highest place that a block has: where the next one goes.</summary>
    public uint NextPlace { get; private set; }

    /// <summary>Blocks that are stored.</summary>
    public uint Stored { get; private set; }

    /// <summary>The entry of a block.</summary>
    public uint this[long block] => _entries[block];

    /// <summary>Reads the map and checks each entry: inside the file, and used once.</summary>
    public static VdiMap Open(ResizableDevice file, VdiHeader header)
    {
        var entries = new uint[header.BlockCount];
        file.Read(header.MapOffset, MemoryMarshal.AsBytes(entries.AsSpan()));
        if (!BitConverter.IsLittleEndian)
        {
            BinaryPrimitives.ReverseEndianness(entries, entries);
        }

        var map = new VdiMap(file, header.MapOffset, entries);
        map.Check(header.DataOffset, header.BlockSize, header.DiskSize);
        return map;
    }

    /// <summary>Whether an entry names a stored block.</summary>
    public static bool IsStored(uint entry) => entry < VdiLayout.EntryZero;

    /// <summary>Enters a new block, here and in the file.</summary>
    public void Set(long block, uint place)
    {
        _entries[block] = place;
        NextPlace = Math.Max(NextPlace, place + 1);
        Stored++;
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, place);
        _file.Write(_mapOffset + (block * sizeof(uint)), bytes);
    }

    /// <summary>
    /// Makes the map cover more blocks, and moves the first <paramref name="dropped"/> places, which it grows over; writes the whole map.
    /// </summary>
    /// <param name="blocks">Entries from now on.</param>
    /// <param name="dropped">Places at the start of the data that the map needs; all later ones are counted from there.</param>
    /// <param name="move">Copies a block from one place to another; both are numbered as before.</param>
    public void Grow(int blocks, uint dropped, Action<uint, uint> move)
    {
        var old = _entries.Length;
        Array.Resize(ref _entries, blocks);
        _entries.AsSpan(old).Fill(VdiLayout.EntryFree);
        if (dropped > 0)
        {
            NextPlace = Math.Max(NextPlace, dropped);
            for (var block = 0; block < old; block++)
            {
                if (IsStored(_entries[block]) && _entries[block] < dropped)
                {
                    move(_entries[block], NextPlace);
                    _entries[block] = NextPlace++;
                }
            }

            for (var block = 0; block < old; block++)
            {
                _entries[block] -= IsStored(_entries[block]) ? dropped : 0;
            }

            NextPlace -= dropped;
        }

        var bytes = new byte[64 * 1024];
        for (var first = 0; first < blocks; first += bytes.Length / sizeof(uint))
        {
            var count = Math.Min(blocks - first, bytes.Length / sizeof(uint));
            for (var i = 0; i < count; i++)
            {
                LittleEndian.PutU32(bytes, i * sizeof(uint), _entries[first + i]);
            }

            _file.Write(_mapOffset + ((long)first * sizeof(uint)), bytes.AsSpan(0, count * sizeof(uint)));
        }
    }

    /// <summary>Entries.</summary>
    public int Count => _entries.Length;

    /// <summary>Byte offset of the map.</summary>
    public long Offset => _mapOffset;

    private void Check(uint dataOffset, int blockSize, long diskSize)
    {
        var places = Math.Max(0, (_file.Length - dataOffset + blockSize - 1) / blockSize);
        var seen = new System.Collections.BitArray((int)Math.Min(places, VdiLayout.MaxBlocks));
        for (long block = 0; block < _entries.Length; block++)
        {
            var entry = _entries[block];
            if (!IsStored(entry))
            {
                continue;
            }

            // QEMU does not write the tail of a last block that the disk does not have.
            var needed = Math.Clamp(diskSize - (block * blockSize), 0, blockSize);
            if (entry >= seen.Length || dataOffset + ((long)entry * blockSize) + needed > _file.Length)
            {
                throw VdiError.BlockOutsideFile(block, entry, _file.Length);
            }

            if (seen[(int)entry])
            {
                throw VdiError.BlockShared(block, entry);
            }

            seen[(int)entry] = true;
            NextPlace = Math.Max(NextPlace, entry + 1);
            Stored++;
        }
    }
}
