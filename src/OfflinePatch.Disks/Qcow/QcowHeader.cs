using System.Buffers.Binary;
using System.Text;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Qcow;

/// <summary>The header of a QCOW image, read and checked.</summary>
/// <param name="Size">Bytes of the guest disk.</param>
/// <param name="ClusterBits">Log2 of the cluster size.</param>
/// <param name="L2Bits">Log2 of the entries of an L2 table.</param>
/// <param name="L1Offset">Where the L1 table is; the file holds it whole.</param>
/// <param name="L1Size">Entries of the L1 table: as many as the disk needs.</param>
/// <param name="BackingFile">The name of the backing file, or null.</param>
internal sealed record QcowHeader(long Size, int ClusterBits, int L2Bits, long L1Offset, int L1Size, string? BackingFile)
{
    /// <summary>Bytes of a cluster.</summary>
    public int ClusterSize => 1 << ClusterBits;

    /// <summary>Bytes of an L2 table.</summary>
    public int L2Bytes => 8 << L2Bits;

    /// <summary>Reads the header.</summary>
    /// <exception cref="CorruptImageException"><c>QCOW-0001</c>.</exception>
    /// <exception cref="UnsupportedImageException"><c>QCOW-0002</c>.</exception>
    public static QcowHeader Read(BlockDevice file)
    {
        if (file.Length < QcowLayout.HeaderLength)
        {
            throw QcowError.Field("length", 0, $"{QcowLayout.HeaderLength} bytes", $"{file.Length}");
        }

        Span<byte> fields = stackalloc byte[QcowLayout.HeaderLength];
        file.Read(0, fields);
        int clusterBits = fields[QcowLayout.ClusterBitsOffset];
        if (clusterBits is < QcowLayout.MinClusterBits or > QcowLayout.MaxClusterBits)
        {
            throw QcowError.Field("cluster_bits", QcowLayout.ClusterBitsOffset, "9 to 16", $"{clusterBits}");
        }

        int l2Bits = fields[QcowLayout.L2BitsOffset];
        if (l2Bits is < QcowLayout.MinL2Bits or > QcowLayout.MaxL2Bits)
        {
            throw QcowError.Field("l2_bits", QcowLayout.L2BitsOffset, "6 to 13", $"{l2Bits}");
        }

        var crypt = BinaryPrimitives.ReadUInt32BigEndian(fields[QcowLayout.CryptMethodOffset..]);
        if (crypt != 0)
        {
            throw QcowError.Encrypted(crypt);
        }

        var size = BinaryPrimitives.ReadUInt64BigEndian(fields[QcowLayout.SizeOffset..]);
        var l1Offset = BinaryPrimitives.ReadUInt64BigEndian(fields[QcowLayout.L1TableOffset..]);
        var coverageBits = clusterBits + l2Bits;
        var entries = (size >> coverageBits) + ((size & ((1UL << coverageBits) - 1)) == 0 ? 0UL : 1);
        if (entries > QcowLayout.MaxL1Bytes / 8)
        {
            throw QcowError.Field("size", QcowLayout.SizeOffset, "a disk whose L1 table has at most 64 MiB", $"{size} bytes");
        }

        if (l1Offset < QcowLayout.HeaderLength || l1Offset > (ulong)file.Length || entries * 8 > (ulong)file.Length - l1Offset)
        {
            throw QcowError.Field("l1_table_offset", QcowLayout.L1TableOffset, $"a table of {entries} entries inside the file",
                $"0x{l1Offset:X}");
        }

        return new QcowHeader((long)size, clusterBits, l2Bits, (long)l1Offset, (int)entries, ReadBackingName(file, fields));
    }

    private static string? ReadBackingName(BlockDevice file, ReadOnlySpan<byte> fields)
    {
        var offset = BinaryPrimitives.ReadUInt64BigEndian(fields[QcowLayout.BackingFileOffset..]);
        if (offset == 0)
        {
            return null;
        }

        var size = BinaryPrimitives.ReadUInt32BigEndian(fields[QcowLayout.BackingFileSize..]);
        if (size is 0 or > QcowLayout.MaxBackingName || offset < QcowLayout.HeaderLength || offset > (ulong)file.Length
            || size > (ulong)file.Length - offset)
        {
            throw QcowError.Field("backing_file_offset", QcowLayout.BackingFileOffset, "a name of 1 to 1023 bytes inside the file",
                $"{size} bytes at 0x{offset:X}");
        }

        var name = new byte[size];
        file.Read((long)offset, name);
        return Encoding.UTF8.GetString(name);
    }
}
