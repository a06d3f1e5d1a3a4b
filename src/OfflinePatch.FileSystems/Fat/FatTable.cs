using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.FileSystems.Fat;

/// <summary>
/// The file allocation table: for each cluster the next of its chain, free, bad, or the end. Held in memory; <see cref="Save"/> writes the
/// sectors that changed to every copy, so that the copies stay equal.
/// </summary>
internal sealed class FatTable
{
    /// <summary>Bytes of a table at most: 64 Mi clusters, 2 TiB in clusters of 32 KiB.</summary>
    public const long LengthLimit = 256L * 1024 * 1024;

    private const int SaveUnit = 512;

    private readonly BlockDevice _device;
    private readonly FatGeometry _geometry;
    private readonly byte[] _table;
    private readonly SortedSet<int> _changed = [];
    private uint _hint = 2;

    public FatTable(BlockDevice device, FatGeometry geometry)
    {
        _device = device;
        _geometry = geometry;
        var used = Math.Min(geometry.FatLength, (((geometry.ClusterCount + 2L) * (int)geometry.Type) + 7) / 8);
        if (used > LengthLimit)
        {
            throw FatError.TableTooLarge(used, LengthLimit);
        }

        _table = new byte[used];
        device.Read(geometry.FatOffset + (geometry.ActiveFat * geometry.FatLength), _table);
    }

    /// <summary>The value that ends a chain in this type of table; every value from <see cref="EndFirst"/> on does.</summary>
    public uint End => _geometry.Type switch { FatType.Fat12 => 0xFFF, FatType.Fat16 => 0xFFFF, _ => 0x0FFFFFFF };

    public uint EndFirst => End - 7;

    public uint Bad => End - 8;

    public uint Get(uint cluster)
    {
        switch (_geometry.Type)
        {
            case FatType.Fat12:
                var pair = BinaryPrimitives.ReadUInt16LittleEndian(_table.AsSpan((int)(cluster + (cluster / 2))));
                return (cluster & 1) == 0 ? (uint)pair & 0xFFF : (uint)pair >> 4;
            case FatType.Fat16:
                return BinaryPrimitives.ReadUInt16LittleEndian(_table.AsSpan((int)cluster * 2));
            default:
                return BinaryPrimitives.ReadUInt32LittleEndian(_table.AsSpan((int)cluster * 4)) & 0x0FFFFFFF;
        }
    }

    public void Set(uint cluster, uint value)
    {
        int offset;
        switch (_geometry.Type)
        {
            case FatType.Fat12:
                offset = (int)(cluster + (cluster / 2));
                var pair = BinaryPrimitives.ReadUInt16LittleEndian(_table.AsSpan(offset));
                pair = (ushort)((cluster & 1) == 0 ? (uint)(pair & 0xF000) | value : (uint)(pair & 0x000F) | (value << 4));
                BinaryPrimitives.WriteUInt16LittleEndian(_table.AsSpan(offset), pair);
                _changed.Add((offset + 1) / SaveUnit);
                break;
            case FatType.Fat16:
                offset = (int)cluster * 2;
                BinaryPrimitives.WriteUInt16LittleEndian(_table.AsSpan(offset), (ushort)value);
                break;
            default:
                offset = (int)cluster * 4;
                var old = BinaryPrimitives.ReadUInt32LittleEndian(_table.AsSpan(offset));
                // the high four bits are reserved, and kept
                BinaryPrimitives.WriteUInt32LittleEndian(_table.AsSpan(offset), (old & 0xF0000000) | value);
                break;
        }

        _changed.Add(offset / SaveUnit);
        if (value == 0 && cluster < _hint)
        {
            _hint = cluster;
        }
    }

    /// <summary>The entry of cluster 1, whose high bits say how the volume was left.</summary>
    public bool IsMarkedDirty => _geometry.Type switch
    {
        FatType.Fat16 => (Get(1) & 0x8000) == 0,
        FatType.Fat32 => (Get(1) & 0x08000000) == 0,
        _ => false,
    };

    /// <summary>The clusters of a chain in order.</summary>
    /// <param name="first">Its first cluster; 0: an empty chain.</param>
    /// <param name="limit">Clusters at most.</param>
    /// <exception cref="CorruptImageException"><c>FAT-0004</c>: it leaves the volume, meets a free or bad cluster, or does not
    /// end.</exception>
    public List<uint> Chain(uint first, long limit = uint.MaxValue)
    {
        var chain = new List<uint>();
        if (first == 0)
        {
            return chain;
        }

        limit = Math.Min(limit, _geometry.ClusterCount);
        var cluster = first;
        while (true)
        {
            if (!_geometry.IsCluster(cluster))
            {
                throw FatError.BadChain(first, cluster, $"a cluster from 2 to {_geometry.ClusterCount + 1}",
                    cluster == Bad ? "the bad cluster mark" : $"{cluster}");
            }

            if (chain.Count >= limit)
            {
                throw FatError.BadChain(first, cluster, $"at most {limit} clusters", "more, or a cycle");
            }

            chain.Add(cluster);
            cluster = Get(cluster);
            if (cluster >= EndFirst)
            {
                return chain;
            }
        }
    }

    public long CountFree()
    {
        var free = 0L;
        for (var cluster = 2u; cluster - 2 < _geometry.ClusterCount; cluster++)
        {
            free += Get(cluster) == 0 ? 1 : 0;
        }

        return free;
    }

    /// <summary>The lowest free cluster from where the last search ended; 0: none.</summary>
    public uint FindFree()
    {
        for (var cluster = _hint; _geometry.IsCluster(cluster); cluster++)
        {
            if (Get(cluster) == 0)
            {
                _hint = cluster + 1;
                return cluster;
            }
        }

        for (var cluster = 2u; cluster < _hint && _geometry.IsCluster(cluster); cluster++)
        {
            if (Get(cluster) == 0)
            {
                _hint = cluster + 1;
                return cluster;
            }
        }

        return 0;
    }

    /// <summary>The first copy (counted from 2) and sector that differ from the active one, or null.</summary>
    public (int Copy, long Sector)? FindDifference()
    {
        var buffer = new byte[64 * 1024];
        for (var copy = 0; _geometry.IsMirrored && copy < _geometry.FatCount; copy++)
        {
            for (var at = 0; copy != _geometry.ActiveFat && at < _table.Length; at += buffer.Length)
            {
                var count = Math.Min(buffer.Length, _table.Length - at);
                _device.Read(_geometry.FatOffset + (copy * _geometry.FatLength) + at, buffer.AsSpan(0, count));
                var same = buffer.AsSpan(0, count).CommonPrefixLength(_table.AsSpan(at, count));
                if (same < count)
                {
                    return (copy + 1, (at + same) / _geometry.BytesPerSector);
                }
            }
        }

        return null;
    }

    /// <summary>Writes what changed to every copy; to the active one alone where the volume is not mirrored.</summary>
    public void Save()
    {
        foreach (var unit in _changed)
        {
            var at = unit * SaveUnit;
            if (at >= _table.Length)
            {
                continue;
            }

            var bytes = _table.AsSpan(at, Math.Min(SaveUnit, _table.Length - at));
            for (var copy = 0; copy < _geometry.FatCount; copy++)
            {
                if (_geometry.IsMirrored || copy == _geometry.ActiveFat)
                {
                    _device.Write(_geometry.FatOffset + (copy * _geometry.FatLength) + at, bytes);
                }
            }
        }

        _changed.Clear();
    }
}
