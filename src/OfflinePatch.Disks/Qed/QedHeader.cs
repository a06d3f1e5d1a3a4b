using System.Numerics;
using System.Text;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Qed;

/// <summary>The header of a QED image, read and checked.</summary>
internal sealed class QedHeader
{
    private QedHeader()
    {
    }

    /// <summary>Bytes of a cluster: a power of two, 4 KiB to 64 MiB.</summary>
    public int ClusterSize { get; private set; }

    /// <summary>Bytes of an L1 or L2 table, at most 1 GiB.</summary>
    public long TableBytes { get; private set; }

    /// <summary>Entries of a table.</summary>
    public long TableEntries => TableBytes / 8;

    /// <summary>Bytes of the header.</summary>
    public long HeaderBytes { get; private set; }

    /// <summary>Feature bits.</summary>
    public ulong Features { get; set; }

    /// <summary>Autoclear bits.</summary>
    public ulong Autoclear { get; set; }

    /// <summary>Where the L1 table is; the file holds it whole.</summary>
    public long L1Offset { get; private set; }

    /// <summary>Bytes of the guest disk; two levels of tables cover it.</summary>
    public long Size { get; set; }

    /// <summary>The name of the backing file, or null.</summary>
    public string? BackingFile { get; private set; }

    /// <summary>Bytes of the largest disk that the tables cover.</summary>
    public long MaxSize
    {
        get
        {
            var size = (UInt128)TableEntries * (ulong)TableEntries * (ulong)ClusterSize;
            return size > long.MaxValue ? long.MaxValue : (long)size;
        }
    }

    /// <summary>Whether the tables must be checked before a write.</summary>
    public bool NeedsCheck => (Features & QedLayout.FeatureNeedCheck) != 0;

    /// <summary>Reads the header.</summary>
    /// <exception cref="CorruptImageException"><c>QED-0001</c>.</exception>
    /// <exception cref="UnsupportedImageException"><c>QED-0002</c>.</exception>
    public static QedHeader Read(BlockDevice file)
    {
        if (file.Length < QedLayout.HeaderLength)
        {
            throw QedError.Field("length", 0, $"{QedLayout.HeaderLength} bytes", $"{file.Length}");
        }

        Span<byte> fields = stackalloc byte[QedLayout.HeaderLength];
        file.Read(0, fields);
        var clusterSize = LittleEndian.U32(fields, QedLayout.ClusterSizeOffset);
        if (!BitOperations.IsPow2(clusterSize) || clusterSize is < QedLayout.MinClusterSize or > QedLayout.MaxClusterSize)
        {
            throw QedError.Field("cluster_size", QedLayout.ClusterSizeOffset, "a power of two from 4 KiB to 64 MiB", $"{clusterSize}");
        }

        var tableSize = LittleEndian.U32(fields, QedLayout.TableSizeOffset);
        if (!BitOperations.IsPow2(tableSize) || tableSize > QedLayout.MaxTableSize)
        {
            throw QedError.Field("table_size", QedLayout.TableSizeOffset, "a power of two from 1 to 16", $"{tableSize}");
        }

        var headerSize = LittleEndian.U32(fields, QedLayout.HeaderSizeOffset);
        var header = new QedHeader
        {
            ClusterSize = (int)clusterSize,
            TableBytes = (long)tableSize * clusterSize,
            HeaderBytes = (long)headerSize * clusterSize,
            Features = LittleEndian.U64(fields, QedLayout.FeaturesOffset),
            Autoclear = LittleEndian.U64(fields, QedLayout.AutoclearOffset),
        };
        if (headerSize == 0 || header.HeaderBytes > (file.Length + clusterSize - 1) / clusterSize * clusterSize)
        {
            throw QedError.Field("header_size", QedLayout.HeaderSizeOffset, "clusters inside the file", $"{headerSize}");
        }

        if ((header.Features & ~QedLayout.FeaturesKnown) != 0)
        {
            throw QedError.Features(header.Features & ~QedLayout.FeaturesKnown);
        }

        var l1 = LittleEndian.U64(fields, QedLayout.L1TableOffset);
        if (l1 % clusterSize != 0 || l1 < (ulong)header.HeaderBytes || l1 > (ulong)file.Length
            || header.TableBytes > file.Length - (long)l1)
        {
            throw QedError.Field("l1_table_offset", QedLayout.L1TableOffset, "a table inside the file, at a multiple of the cluster size",
                $"0x{l1:X}");
        }

        header.L1Offset = (long)l1;
        var size = LittleEndian.U64(fields, QedLayout.ImageSizeOffset);
        var most = (UInt128)header.TableEntries * (ulong)header.TableEntries * clusterSize;
        if (size % 512 != 0 || size > most || size > long.MaxValue)
        {
            throw QedError.Field("image_size", QedLayout.ImageSizeOffset, $"a multiple of 512, at most the {most} that the tables cover",
                $"{size}");
        }

        header.Size = (long)size;
        header.ReadBackingName(file, fields);
        return header;
    }

    private void ReadBackingName(BlockDevice file, ReadOnlySpan<byte> fields)
    {
        if ((Features & QedLayout.FeatureBacking) == 0)
        {
            return;
        }

        var offset = LittleEndian.U32(fields, QedLayout.BackingNameOffset);
        var size = LittleEndian.U32(fields, QedLayout.BackingNameSize);
        if (size is 0 or > QedLayout.MaxBackingName || offset > HeaderBytes - size || offset > file.Length - size)
        {
            throw QedError.Field("backing_filename", QedLayout.BackingNameOffset, "a name of 1 to 1023 bytes inside the header",
                $"{size} bytes at 0x{offset:X}");
        }

        var name = new byte[size];
        file.Read(offset, name);
        BackingFile = Encoding.UTF8.GetString(name);
    }


}
