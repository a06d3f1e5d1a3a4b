using System.Numerics;
using System.Text;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Qcow2;

/// <summary>The header of a QCOW2 image and its extensions, read and checked.</summary>
internal sealed class Qcow2Header
{
    private Qcow2Header()
    {
    }

    /// <summary>2 or 3.</summary>
    public int Version { get; private set; }

    /// <summary>Log2 of the cluster size, 9 to 21.</summary>
    public int ClusterBits { get; private set; }

    /// <summary>Bytes of a cluster.</summary>
    public int ClusterSize => 1 << ClusterBits;

    /// <summary>Bytes of the guest disk.</summary>
    public long Size { get; set; }

    /// <summary>Entries of the active L1 table; it covers <see cref="Size"/>.</summary>
    public int L1Size { get; set; }

    /// <summary>Host offset of the active L1 table, which is inside the file.</summary>
    public long L1Offset { get; set; }

    /// <summary>Host offset of the refcount table.</summary>
    public long RefcountTableOffset { get; set; }

    /// <summary>Clusters of the refcount table.</summary>
    public int RefcountTableClusters { get; set; }

    /// <summary>Log2 of the bits of a reference count.</summary>
    public int RefcountOrder { get; private set; }

    /// <summary>Internal snapshots.</summary>
    public int SnapshotCount { get; private set; }

    /// <summary>Host offset of the snapshot table.</summary>
    public long SnapshotsOffset { get; private set; }

    /// <summary>Incompatible feature bits.</summary>
    public ulong Incompatible { get; set; }

    /// <summary>Compatible feature bits.</summary>
    public ulong Compatible { get; private set; }

    /// <summary>Autoclear feature bits.</summary>
    public ulong Autoclear { get; set; }

    /// <summary>0 zlib (raw deflate), 1 zstd.</summary>
    public int CompressionType { get; private set; }

    /// <summary>The name of the backing file, or null.</summary>
    public string? BackingFile { get; private set; }

    /// <summary>The format of the backing file as QEMU names it, or null.</summary>
    public string? BackingFormat { get; private set; }

    /// <summary>The name of the external data file, or null.</summary>
    public string? DataFile { get; private set; }

    /// <summary>The content of the bitmaps extension, or null.</summary>
    public byte[]? Bitmaps { get; private set; }

    /// <summary>Whether L2 entries have 16 bytes and 32 subclusters.</summary>
    public bool HasExtendedL2 => (Incompatible & Qcow2Layout.IncompatibleExtendedL2) != 0;

    /// <summary>Whether guest data lies in a file of its own.</summary>
    public bool HasDataFile => (Incompatible & Qcow2Layout.IncompatibleDataFile) != 0;

    /// <summary>Bytes of an L2 entry.</summary>
    public int L2EntrySize => HasExtendedL2 ? 16 : 8;

    /// <summary>Log2 of the entries of an L2 table, which fills one cluster.</summary>
    public int L2Bits => ClusterBits - (HasExtendedL2 ? 4 : 3);

    /// <summary>Reads and checks the header.</summary>
    /// <exception cref="CorruptImageException"><c>QCOW2-0001</c>, <c>-0003</c>, <c>-0007</c>, <c>-0009</c>, <c>-0018</c>.</exception>
    /// <exception cref="UnsupportedImageException"><c>QCOW2-0002</c>, <c>-0004</c>, <c>-0006</c>, <c>-0008</c>.</exception>
    public static Qcow2Header Read(BlockDevice file)
    {
        if (file.Length < Qcow2Layout.Header.BytesV2)
        {
            throw Qcow2Error.HeaderTooShort(file.Length);
        }

        Span<byte> fields = stackalloc byte[Qcow2Layout.Header.WrittenBytes];
        file.Read(0, fields[..(int)Math.Min(file.Length, fields.Length)]);
        var header = new Qcow2Header();
        var headerLength = header.ReadFeatures(fields, file.Length);
        header.ReadGeometry(fields, file.Length);
        header.ReadExtensions(file, headerLength, BigEndian.U64(fields, Qcow2Layout.Header.BackingNameOffset));
        header.CheckFeatures(fields, headerLength);
        header.ReadBackingName(file, fields, headerLength);
        if (header.HasDataFile && header.DataFile is null)
        {
            throw Qcow2Error.NoDataFileName();
        }

        return header;
    }



    private int ReadFeatures(ReadOnlySpan<byte> fields, long fileLength)
    {
        var version = BigEndian.U32(fields, Qcow2Layout.Header.Version);
        if (version is not (2 or 3))
        {
            throw Qcow2Error.Version(version);
        }

        Version = (int)version;
        var clusterBits = BigEndian.U32(fields, Qcow2Layout.Header.ClusterBits);
        if (clusterBits is < Qcow2Layout.MinClusterBits or > Qcow2Layout.MaxClusterBits)
        {
            throw Qcow2Error.Field("cluster_bits", Qcow2Layout.Header.ClusterBits, "9 to 21", $"{clusterBits}");
        }

        ClusterBits = (int)clusterBits;
        if (Version == 2)
        {
            RefcountOrder = 4;
            return Qcow2Layout.Header.BytesV2;
        }

        if (fileLength < Qcow2Layout.Header.BytesV3)
        {
            throw Qcow2Error.HeaderTooShort(fileLength);
        }

        var headerLength = BigEndian.U32(fields, Qcow2Layout.Header.HeaderLength);
        if (headerLength < Qcow2Layout.Header.BytesV3 || headerLength % 8 != 0 || headerLength > ClusterSize || headerLength > fileLength)
        {
            throw Qcow2Error.Field("header_length", Qcow2Layout.Header.HeaderLength,
                "a multiple of 8 from 104 to a cluster, inside the file", $"{headerLength}");
        }

        var order = BigEndian.U32(fields, Qcow2Layout.Header.RefcountOrder);
        if (order > Qcow2Layout.MaxRefcountOrder)
        {
            throw Qcow2Error.Field("refcount_order", Qcow2Layout.Header.RefcountOrder, "0 to 6", $"{order}");
        }

        RefcountOrder = (int)order;
        Incompatible = BigEndian.U64(fields, Qcow2Layout.Header.Incompatible);
        Compatible = BigEndian.U64(fields, Qcow2Layout.Header.Compatible);
        Autoclear = BigEndian.U64(fields, Qcow2Layout.Header.Autoclear);
        CompressionType = headerLength > Qcow2Layout.Header.CompressionType ? fields[Qcow2Layout.Header.CompressionType] : 0;
        return (int)headerLength;
    }

    private void ReadGeometry(ReadOnlySpan<byte> fields, long fileLength)
    {
        var size = BigEndian.U64(fields, Qcow2Layout.Header.Size);
        var l1Size = BigEndian.U32(fields, Qcow2Layout.Header.L1Entries);
        if (l1Size > Qcow2Layout.MaxL1Bytes / 8)
        {
            throw Qcow2Error.Field("l1_size", Qcow2Layout.Header.L1Entries, "at most 4194304 entries (32 MiB)", $"{l1Size}");
        }

        var coverageBits = ClusterBits + L2Bits;
        if (size > (ulong)l1Size << coverageBits)
        {
            throw Qcow2Error.Field("l1_size", Qcow2Layout.Header.L1Entries, $"a table that covers {size} bytes",
                $"{l1Size} entries of 2^{coverageBits} bytes");
        }

        Size = (long)size;
        L1Size = (int)l1Size;
        L1Offset = Place(fields, Qcow2Layout.Header.L1TableOffset, "l1_table_offset", (long)l1Size * 8, fileLength);

        var tableClusters = BigEndian.U32(fields, Qcow2Layout.Header.RefcountTableClusters);
        if (tableClusters == 0 || tableClusters > Qcow2Layout.MaxRefcountTableBytes >> ClusterBits)
        {
            throw Qcow2Error.Field("refcount_table_clusters", Qcow2Layout.Header.RefcountTableClusters, "1 cluster to 8 MiB",
                $"{tableClusters} clusters");
        }

        RefcountTableClusters = (int)tableClusters;
        RefcountTableOffset =
            Place(fields, Qcow2Layout.Header.RefcountTableOffset, "refcount_table_offset", (long)tableClusters << ClusterBits, fileLength);

        var snapshots = BigEndian.U32(fields, Qcow2Layout.Header.SnapshotCount);
        if (snapshots > Qcow2Layout.MaxSnapshots)
        {
            throw Qcow2Error.Field("nb_snapshots", Qcow2Layout.Header.SnapshotCount, "at most 65536", $"{snapshots}");
        }

        SnapshotCount = (int)snapshots;
        if (snapshots > 0)
        {
            SnapshotsOffset = Place(fields, Qcow2Layout.Header.SnapshotsOffset, "snapshots_offset",
                snapshots * (long)Qcow2Layout.Snapshot.Bytes, fileLength);
        }
    }

    private long Place(ReadOnlySpan<byte> fields, int offset, string name, long length, long fileLength)
    {
        var place = BigEndian.U64(fields, offset);
        if (place % (ulong)ClusterSize != 0 || (place == 0 && length > 0))
        {
            throw Qcow2Error.Field(name, offset, $"a multiple of the cluster size {ClusterSize} after the header", $"0x{place:X}");
        }

        if (place > (ulong)fileLength || (ulong)length > (ulong)fileLength - place)
        {
            throw Qcow2Error.OutsideFile(name, place > long.MaxValue ? -1 : (long)place, length, fileLength);
        }

        return (long)place;
    }

    private void ReadExtensions(BlockDevice file, int headerLength, ulong backingOffset)
    {
        var end = Math.Min(file.Length, ClusterSize);
        if (backingOffset > 0 && backingOffset < (ulong)end)
        {
            end = (long)backingOffset;
        }

        if (end <= headerLength)
        {
            return;
        }

        var area = new byte[end - headerLength];
        file.Read(headerLength, area);
        var position = 0;
        while (area.Length - position >= Qcow2Layout.Extension.Bytes)
        {
            var type = BigEndian.U32(area, position);
            if (type == Qcow2Layout.ExtensionEnd)
            {
                return;
            }

            var length = BigEndian.U32(area, position + 4);
            position += Qcow2Layout.Extension.Bytes;
            if (length > area.Length - position)
            {
                throw Qcow2Error.Extension(headerLength + position - Qcow2Layout.Extension.Bytes, $"at most {area.Length - position} bytes",
                    $"{length}");
            }

            TakeExtension(type, area.AsSpan(position, (int)length), headerLength + position);
            position += (int)Math.Min((length + 7L) & ~7L, area.Length - position);
        }
    }

    private void TakeExtension(uint type, ReadOnlySpan<byte> content, long offset)
    {
        switch (type)
        {
            case Qcow2Layout.ExtensionBackingFormat:
                BackingFormat = Encoding.UTF8.GetString(content);
                break;
            case Qcow2Layout.ExtensionDataFile:
                DataFile = Encoding.UTF8.GetString(content);
                break;
            case Qcow2Layout.ExtensionBitmaps when content.Length == Qcow2Layout.BitmapsExtension.Bytes:
                Bitmaps = content.ToArray();
                break;
            case Qcow2Layout.ExtensionBitmaps:
                throw Qcow2Error.Extension(offset, "24 bytes of bitmaps extension", $"{content.Length}");
            case Qcow2Layout.ExtensionFeatureNames:
                CheckIncompatible(content);
                break;
            default:
                break; // unknown extensions can be ignored, and stay as they are
        }
    }

    private void CheckIncompatible(ReadOnlySpan<byte> names)
    {
        var unknown = Incompatible & ~Qcow2Layout.IncompatibleKnown;
        if (unknown == 0)
        {
            return;
        }

        var bits = new List<string>();
        for (var left = unknown; left != 0; left &= left - 1)
        {
            var bit = BitOperations.TrailingZeroCount(left);
            bits.Add($"bit {bit}{FeatureName(names, bit)}");
        }

        throw Qcow2Error.Incompatible(string.Join(", ", bits));
    }

    private static string FeatureName(ReadOnlySpan<byte> names, int bit)
    {
        for (; names.Length >= Qcow2Layout.FeatureName.Bytes; names = names[Qcow2Layout.FeatureName.Bytes..])
        {
            if (names[0] == 0 && names[1] == bit)
            {
                return $" ({Encoding.UTF8.GetString(names[2..Qcow2Layout.FeatureName.Bytes].TrimEnd((byte)0))})";
            }
        }

        return "";
    }

    private void CheckFeatures(ReadOnlySpan<byte> fields, int headerLength)
    {
        CheckIncompatible([]);
        var crypt = BigEndian.U32(fields, Qcow2Layout.Header.CryptMethod);
        if (crypt != 0)
        {
            throw Qcow2Error.Encrypted(crypt switch
            {
                1 => "AES, crypt_method 1",
                2 => "LUKS, crypt_method 2",
                _ => $"crypt_method {crypt}"
            });
        }

        if (HasExtendedL2 && ClusterBits < Qcow2Layout.MinExtendedClusterBits)
        {
            throw Qcow2Error.Field("cluster_bits", Qcow2Layout.Header.ClusterBits, "at least 14 with extended L2 entries",
                $"{ClusterBits}");
        }

        if (CompressionType > 1)
        {
            throw Qcow2Error.CompressionType(CompressionType);
        }

        var marked = (Incompatible & Qcow2Layout.IncompatibleCompressionType) != 0;
        if (marked != (CompressionType != 0))
        {
            throw Qcow2Error.Field("compression_type", Qcow2Layout.Header.CompressionType,
                marked ? "not 0, as incompatible bit 3 says" : "0, as incompatible bit 3 is not set",
                headerLength > Qcow2Layout.Header.CompressionType ? $"{CompressionType}" : "no such field");
        }

        if (HasDataFile && SnapshotCount > 0)
        {
            throw Qcow2Error.Field("nb_snapshots", Qcow2Layout.Header.SnapshotCount, "0 with an external data file", $"{SnapshotCount}");
        }
    }

    private void ReadBackingName(BlockDevice file, ReadOnlySpan<byte> fields, int headerLength)
    {
        var offset = BigEndian.U64(fields, Qcow2Layout.Header.BackingNameOffset);
        if (offset == 0)
        {
            return;
        }

        var size = BigEndian.U32(fields, Qcow2Layout.Header.BackingNameLength);
        if (size > Qcow2Layout.MaxBackingName)
        {
            throw Qcow2Error.Field("backing_file_size", Qcow2Layout.Header.BackingNameLength, "at most 1023", $"{size}");
        }

        if (offset < (ulong)headerLength || offset > (ulong)ClusterSize || offset + size > (ulong)Math.Min(ClusterSize, file.Length))
        {
            throw Qcow2Error.Field("backing_file_offset", Qcow2Layout.Header.BackingNameOffset,
                "a name inside the first cluster, after the header", $"0x{offset:X}, {size} bytes");
        }

        if (size > 0)
        {
            var name = new byte[size];
            file.Read((long)offset, name);
            BackingFile = Encoding.UTF8.GetString(name);
        }
    }
}
