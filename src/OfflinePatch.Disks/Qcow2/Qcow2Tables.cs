using System.Buffers;
using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Qcow2;

/// <summary>What several parts read in the same way: tables of u64, and the place of a compressed cluster.</summary>
internal static class Qcow2Tables
{
    /// <summary>
    /// Reads a table of big-endian u64. The caller has bounded <paramref name="count"/> and checked that the file holds the table.
    /// </summary>
    public static ulong[] Read(BlockDevice file, long offset, int count)
    {
        var table = new ulong[count];
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            for (var done = 0; done < count;)
            {
                var part = Math.Min(count - done, buffer.Length / 8);
                file.Read(offset + (done * 8L), buffer.AsSpan(0, part * 8));
                for (var i = 0; i < part; i++)
                {
                    table[done + i] = BinaryPrimitives.ReadUInt64BigEndian(buffer.AsSpan(i * 8));
                }

                done += part;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return table;
    }

    /// <summary>Writes one entry of such a table.</summary>
    public static void Write(BlockDevice file, long tableOffset, long index, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        file.Write(tableOffset + (index * 8), bytes);
    }

    /// <summary>Writes the start of a table and zeros after it, to <paramref name="length"/> bytes.</summary>
    public static void WriteAll(BlockDevice file, long offset, ReadOnlySpan<ulong> table, long length)
    {
        var buffer = new byte[64 * 1024];
        for (long done = 0; done < length; done += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - done));
            part.Clear();
            for (var i = 0; i < part.Length / 8 && (done / 8) + i < table.Length; i++)
            {
                BinaryPrimitives.WriteUInt64BigEndian(part[(i * 8)..], table[(int)(done / 8) + i]);
            }

            file.Write(offset + done, part);
        }
    }

    /// <summary>
    /// Where a compressed cluster lies: with x = 62 - (cluster_bits - 8), bits 0..x-1 are the host byte offset (of any alignment), bits
    /// x..61 the number of 512-byte sectors after the one that holds the offset. The packed data may end before that.
    /// </summary>
    public static (long Offset, int Length) CompressedRange(ulong entry, int clusterBits)
    {
        var x = 62 - (clusterBits - 8);
        var offset = (long)(entry & ((1UL << x) - 1));
        var sectors = (int)((entry & (Qcow2Layout.Compressed - 1)) >> x);
        return (offset, ((sectors + 1) * 512) - (int)(offset & 511));
    }
}
