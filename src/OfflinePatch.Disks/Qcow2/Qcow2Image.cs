using System.Buffers.Binary;
using System.Globalization;
using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;

namespace OfflinePatch.Disks.Qcow2;

/// <summary>A QCOW2 image. This part reads; see README.md for what writing keeps.</summary>
internal sealed partial class Qcow2Image : TwoLevelImage
{
    private readonly IImageFiles _files;
    private readonly ResizableDevice _file;
    private readonly ResizableDevice _dataFile;
    private readonly Qcow2Header _header;
    private readonly TableCache _tables;
    private ulong[] _l1;
    private readonly int _clusterBits;
    private readonly int _clusterSize;
    private readonly int _l2Bits;
    private readonly int _entrySize;

    private Qcow2Image(IImageFiles files, Qcow2Header header, ResizableDevice dataFile, DiskImage? backing)
        : base(header.ClusterSize)
    {
        _files = files;
        _file = files.Image;
        _dataFile = dataFile;
        _header = header;
        _clusterBits = header.ClusterBits;
        _clusterSize = header.ClusterSize;
        _l2Bits = header.L2Bits;
        _entrySize = header.L2EntrySize;
        _tables = new TableCache(_file, _clusterSize);
        _l1 = Qcow2Tables.Read(_file, header.L1Offset, header.L1Size);
        Parent = backing;
    }

    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Qcow2;

    /// <inheritdoc/>
    public override string Subformat => _header.Version == 2 ? "v2" : "v3";

    /// <inheritdoc/>
    public override long Length => _header.Size;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Properties
    {
        get
        {
            var properties = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["clusterSize"] = _clusterSize.ToString(CultureInfo.InvariantCulture),
                ["compressionType"] = _header.CompressionType == 0 ? "zlib" : "zstd",
                ["refcountBits"] = (1 << _header.RefcountOrder).ToString(CultureInfo.InvariantCulture),
                ["extendedL2"] = _header.HasExtendedL2 ? "true" : "false",
                ["snapshots"] = _header.SnapshotCount.ToString(CultureInfo.InvariantCulture),
                ["dirty"] = (_header.Incompatible & Qcow2Layout.IncompatibleDirty) != 0 ? "true" : "false",
            };
            if (_header.BackingFile is { } backing)
            {
                properties["backingFile"] = backing;
            }

            if (_header.DataFile is { } dataFile && _header.HasDataFile)
            {
                properties["dataFile"] = dataFile;
            }

            return properties;
        }
    }

    /// <inheritdoc/>
    protected override ResizableDevice StoredFile => _dataFile;

    /// <summary>Opens an image; writes nothing.</summary>
    public static Qcow2Image Open(IImageFiles files, IFormatSet formats)
    {
        var header = Qcow2Header.Read(files.Image);
        if ((header.Incompatible & Qcow2Layout.IncompatibleCorrupt) != 0)
        {
            throw Qcow2Error.MarkedCorrupt(files.ImagePath);
        }

        var dataFile = header.HasDataFile ? files.OpenCompanion(files.ImagePath, header.DataFile!, CompanionKind.Extent).Device
            : files.Image;
        var backing = header.BackingFile is null ? null : ParentChain.OpenBacking(files, formats, header.BackingFile, header.BackingFormat);
        try
        {
            var image = new Qcow2Image(files, header, dataFile, backing);
            Qcow2MapCheck.Run(files.Image, header, image._l1);
            return image;
        }
        catch
        {
            backing?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    protected override int CoverageBits => _clusterBits + _l2Bits;

    /// <inheritdoc/>
    protected override byte[]? TableOf(long index) => L2Offset(index) is var offset and not 0 ? _tables.Get(offset) : null;

    /// <summary>The checked host offset of an L2 table; 0: there is none.</summary>
    private long L2Offset(long l1Index)
    {
        var entry = _l1[l1Index];
        var offset = (long)(entry & Qcow2Layout.OffsetMask);
        if (offset != 0 && ((offset & (_clusterSize - 1)) != 0 || offset > _file.Length - _clusterSize))
        {
            throw Qcow2Error.L1Entry(l1Index, entry, $"a cluster inside the file of {_file.Length} bytes");
        }

        return offset;
    }

    private ulong EntryAt(ReadOnlySpan<byte> table, long offset) => BinaryPrimitives.ReadUInt64BigEndian(table[EntryPosition(offset)..]);

    private int EntryPosition(long offset) => (int)((offset >> _clusterBits) & ((1L << _l2Bits) - 1)) * _entrySize;

    /// <inheritdoc/>
    protected override DiskRun MapInCluster(ReadOnlySpan<byte> table, long offset)
    {
        var entry = EntryAt(table, offset);
        var within = (int)(offset & (_clusterSize - 1));
        var rest = _clusterSize - within;
        if ((entry & Qcow2Layout.Compressed) != 0)
        {
            // The COPIED bit cannot be set here; without it the entry fits a signed number.
            return new DiskRun(RunKind.Compressed, rest, (long)(entry & ~Qcow2Layout.Copied));
        }

        if (_header.HasExtendedL2)
        {
            return MapSubclusters(entry, BinaryPrimitives.ReadUInt64BigEndian(table[(EntryPosition(offset) + 8)..]), offset, within);
        }

        if ((entry & Qcow2Layout.ZeroFlag) != 0)
        {
            return _header.Version == 2
                ? throw Qcow2Error.L2Entry(offset, entry, "no zero flag in a version 2 image")
                : new DiskRun(RunKind.Zero, rest);
        }

        return IsAllocated(entry) ? new DiskRun(RunKind.Stored, rest, HostOffset(entry, offset) + within) : new DiskRun(Unallocated, rest);
    }

    private DiskRun MapSubclusters(ulong entry, ulong bitmap, long offset, int within)
    {
        var allocated = (uint)(bitmap & uint.MaxValue);
        var zero = (uint)(bitmap >> 32);
        if ((allocated & zero) != 0 || (allocated != 0 && !IsAllocated(entry)))
        {
            throw Qcow2Error.L2Entry(offset, entry, $"subclusters that are either allocated or zero, found bitmap 0x{bitmap:X16}");
        }

        var subclusterBits = _clusterBits - 5;
        var first = within >> subclusterBits;
        var inAllocated = (allocated >> first & 1) != 0;
        var inZero = (zero >> first & 1) != 0;
        var end = first + 1;
        while (end < Qcow2Layout.SubclustersPerCluster && (allocated >> end & 1) != 0 == inAllocated && (zero >> end & 1) != 0 == inZero)
        {
            end++;
        }

        var length = (end << subclusterBits) - within;
        return inAllocated ? new DiskRun(RunKind.Stored, length, HostOffset(entry, offset) + within)
            : new DiskRun(inZero ? RunKind.Zero : Unallocated, length);
    }

    /// <summary>Whether a standard entry has a host cluster. In an external data file that cluster may be the first one.</summary>
    private bool IsAllocated(ulong entry) =>
        (entry & Qcow2Layout.OffsetMask) != 0 || (_header.HasDataFile && (entry & Qcow2Layout.Copied) != 0);

    /// <summary>The checked host offset of a data cluster. The file's last cluster may be there only in part.</summary>
    private long HostOffset(ulong entry, long guestOffset)
    {
        var host = (long)(entry & Qcow2Layout.OffsetMask);
        if ((host & (_clusterSize - 1)) != 0 || host >= _dataFile.Length)
        {
            throw Qcow2Error.L2Entry(guestOffset, entry, $"a cluster inside the file of {_dataFile.Length} bytes");
        }

        if (_header.HasDataFile && host != (guestOffset & ~(long)(_clusterSize - 1)))
        {
            throw Qcow2Error.L2Entry(guestOffset, entry, "the guest offset itself, as the data is in an external file");
        }

        return host;
    }
}
