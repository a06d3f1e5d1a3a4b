using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;

namespace OfflinePatch.Disks.Vhdx;

/// <summary>A VHDX image. The BAT and the sector bitmaps are read in pages of 64 KiB as they are needed.</summary>
internal sealed partial class VhdxImage : MappedImage
{
    private const int PageSize = 64 * 1024;

    private readonly VhdxPatchedFile _file;
    private readonly VhdxHeader _header;
    private VhdxRegions _regions;
    private readonly VhdxMetadata _metadata;
    private readonly TableCache _pages;
    private readonly int _blockSize;
    private readonly int _chunkRatio;

    /// <exception cref="CorruptImageException"><c>VHDX-0007</c>: the BAT does not cover the disk.</exception>
    public VhdxImage(VhdxPatchedFile file, VhdxHeader header, VhdxRegions regions, VhdxMetadata metadata, DiskImage? parent)
    {
        _file = file;
        _header = header;
        _regions = regions;
        _metadata = metadata;
        _blockSize = metadata.BlockSize;
        _chunkRatio = metadata.ChunkRatio;
        _pages = new TableCache(file, PageSize);
        DataWriteGuid = header.DataWriteGuid;
        Parent = parent;
        if (metadata.BatEntries > regions.BatLength / 8)
        {
            throw VhdxError.Metadata("virtual disk size", $"a disk that the BAT of {regions.BatLength / 8} entries covers",
                $"{metadata.BatEntries} entries needed");
        }

        CheckMap();
    }

    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Vhdx;

    /// <inheritdoc/>
    public override string Subformat => _metadata.HasParent ? "differencing" : _metadata.IsFixed ? "fixed" : "dynamic";

    /// <inheritdoc/>
    public override long Length => _metadata.Size;

    /// <inheritdoc/>
    public override int SectorSize => _metadata.SectorSize;

    /// <summary>What a child knows the content of this disk by, as it was when the image was opened.</summary>
    public Guid DataWriteGuid { get; }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Properties
    {
        get
        {
            var creator = new byte[VhdxLayout.Identifier.CreatorBytes];
            _file.Read(VhdxLayout.Identifier.Creator, creator);
            var properties = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["creatorApplication"] = Encoding.Unicode.GetString(creator).Split('\0')[0],
                ["blockSize"] = _blockSize.ToString(CultureInfo.InvariantCulture),
                ["logicalSectorSize"] = _metadata.SectorSize.ToString(CultureInfo.InvariantCulture),
                ["uniqueId"] = _metadata.DiskId.ToString(),
                ["logReplayed"] = _header.LogGuid == Guid.Empty ? "false" : "true",
                ["dataWriteGuid"] = DataWriteGuid.ToString(),
            };
            foreach (var (key, value) in _metadata.HasParent ? _metadata.ParentLocator : [])
            {
                properties[$"parentLocator.{key}"] = value;
            }

            return properties;
        }
    }

    /// <inheritdoc/>
    protected override ResizableDevice StoredFile => _file;

    /// <inheritdoc/>
    protected override int UnitSize => _blockSize;

    /// <inheritdoc/>
    protected override DiskRun MapInUnit(long offset, long limit)
    {
        var block = offset / _blockSize;
        var within = offset % _blockSize;
        var length = Math.Min(limit, _blockSize - within);
        var index = PayloadIndex(block);
        var entry = BatEntry(index);
        switch ((int)(entry & VhdxLayout.BatStateMask))
        {
            case VhdxLayout.StateNotPresent:
                return new DiskRun(Parent is null ? RunKind.Zero : RunKind.Parent, length);
            case VhdxLayout.StateUndefined or VhdxLayout.StateZero or VhdxLayout.StateUnmapped:
                return new DiskRun(RunKind.Zero, length);
            case VhdxLayout.StateFullyPresent:
                return new DiskRun(RunKind.Stored, length, PayloadOffset(block, index, entry) + within);
            case VhdxLayout.StatePartiallyPresent when Parent is not null:
                return MapPartial(block, offset, length, PayloadOffset(block, index, entry) + within);
            default:
                throw VhdxError.BatEntry(index, entry, Parent is null ? "state 0, 1, 2, 3 or 6" : "state 0, 1, 2, 3, 6 or 7");
        }
    }

    private DiskRun MapPartial(long block, long offset, long length, long host)
    {
        var first = offset / _metadata.SectorSize;
        var last = (offset + length - 1) / _metadata.SectorSize;
        var isStored = IsSectorStored(block, first);
        var end = first + 1;
        while (end <= last && IsSectorStored(block, end) == isStored)
        {
            end++;
        }

        length = Math.Min(length, (end * _metadata.SectorSize) - offset);
        return isStored ? new DiskRun(RunKind.Stored, length, host) : new DiskRun(RunKind.Parent, length);
    }

    private bool IsSectorStored(long block, long sector)
    {
        var (page, within, mask) = SectorBit(block, sector);
        return (_pages.Get(page)[within] & mask) != 0;
    }

    /// <summary>The place of a sector's bit: the page that holds it, the byte in the page, the bit in the byte.</summary>
    private (long Page, int Within, byte Mask) SectorBit(long block, long sector)
    {
        var index = BitmapIndex(block);
        var entry = BatEntry(index);
        var offset = entry & VhdxLayout.BatOffsetMask;
        if ((entry & VhdxLayout.BatStateMask) != VhdxLayout.StateFullyPresent || offset < VhdxLayout.Megabyte
            || offset > (ulong)(_file.Length - VhdxLayout.Megabyte))
        {
            throw VhdxError.BatEntry(index, entry, "a sector bitmap block inside the file");
        }

        var bit = sector % VhdxLayout.SectorsPerBitmap;
        var at = (long)offset + (bit / 8);
        return (at / PageSize * PageSize, (int)(at % PageSize), (byte)(1 << (int)(bit % 8)));
    }

    private long PayloadIndex(long block) => block + (block / _chunkRatio);

    private long BitmapIndex(long block) => ((block / _chunkRatio) * (_chunkRatio + 1L)) + _chunkRatio;

    private ulong BatEntry(long index)
    {
        var offset = _regions.BatOffset + (index * 8);
        return BinaryPrimitives.ReadUInt64LittleEndian(_pages.Get(offset / PageSize * PageSize).AsSpan((int)(offset % PageSize)));
    }

    /// <summary>The checked host offset of a payload block; the file holds as much of it as the disk needs.</summary>
    private long PayloadOffset(long block, long index, ulong entry)
    {
        var offset = entry & VhdxLayout.BatOffsetMask;
        var needed = (ulong)Math.Min(_blockSize, Length - (block * _blockSize));
        return offset >= VhdxLayout.Megabyte && offset <= (ulong)_file.Length && needed <= (ulong)_file.Length - offset
            ? (long)offset
            : throw VhdxError.BatEntry(index, entry, $"a block inside the file of {_file.Length} bytes");
    }

    /// <summary>
    /// Refuses a map that puts two blocks in one place, or a block onto the headers, the log, the BAT or the metadata. All of them start at
    /// multiples of 1 MiB.
    /// </summary>
    private void CheckMap()
    {
        var used = new ClusterSet();
        Use(used, 0, VhdxLayout.Megabyte, -1, 0);
        Use(used, _regions.BatOffset, _regions.BatLength, -1, 0);
        Use(used, _regions.MetadataOffset, _regions.MetadataLength, -1, 0);
        if (_header.LogOffset < (ulong)_file.Length && _header.LogLength <= VhdxLayout.MaxLogLength)
        {
            Use(used, (long)_header.LogOffset, _header.LogLength, -1, 0);
        }

        for (long block = 0; block < _metadata.Blocks; block++)
        {
            var index = PayloadIndex(block);
            var entry = BatEntry(index);
            if ((entry & VhdxLayout.BatStateMask) is VhdxLayout.StateFullyPresent or VhdxLayout.StatePartiallyPresent)
            {
                Use(used, PayloadOffset(block, index, entry), Math.Min(_blockSize, Length - (block * _blockSize)), index, entry);
            }
        }

        for (long block = 0; Parent is not null && block < _metadata.Blocks; block += _chunkRatio)
        {
            var index = BitmapIndex(block);
            var entry = BatEntry(index);
            if ((entry & VhdxLayout.BatStateMask) == VhdxLayout.StateFullyPresent)
            {
                Use(used, SectorBit(block, 0).Page, VhdxLayout.Megabyte, index, entry);
            }
        }
    }

    private static void Use(ClusterSet used, long offset, long length, long index, ulong entry)
    {
        const long unit = VhdxLayout.Megabyte;
        if (!used.TryAdd(offset / unit, ((offset % unit) + length + unit - 1) / unit))
        {
            throw VhdxError.Overlap(index, entry);
        }
    }
}
