using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Zvhd;

/// <summary>Builds headers, footers and records.</summary>
internal static class ZvhdWriterHeader
{
    private static readonly DateTimeOffset Epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Bytes of a disk; refused where the format cannot hold them.</summary>
    public static long SizeOf(long virtualSize) =>
        virtualSize is > 0 and <= ZvhdLayout.MaxBytes ? (virtualSize + 511) / 512 * 512 : throw ZvhdError.TooLarge(virtualSize);

    /// <summary>A header sector of 4096 bytes, without its checksum.</summary>
    public static byte[] Create(ReadOnlySpan<byte> cookie, long size, ImageIdentity? identity)
    {
        var sector = new byte[ZvhdLayout.Alignment];
        var header = sector.AsSpan();
        var current = (size + ZvhdLayout.SizeRounding - 1) / ZvhdLayout.SizeRounding * ZvhdLayout.SizeRounding;
        cookie.CopyTo(header);
        Put(header, ZvhdLayout.Features, 2);
        Put(header, ZvhdLayout.FormatVersion, 0x00010000);
        BinaryPrimitives.WriteUInt64LittleEndian(header[ZvhdLayout.DataOffset..], ulong.MaxValue);
        Put(header, ZvhdLayout.Timestamp, (uint)Math.Clamp((ReproducibleClock.Current.GetUtcNow() - Epoch).TotalSeconds, 0, uint.MaxValue));
        "tap\0"u8.CopyTo(header[ZvhdLayout.CreatorApplication..]);
        Put(header, ZvhdLayout.CreatorVersion, 0x00010004);
        BinaryPrimitives.WriteInt64LittleEndian(header[ZvhdLayout.OriginalSize..], size);
        BinaryPrimitives.WriteInt64LittleEndian(header[ZvhdLayout.CurrentSize..], current);
        Put(header, ZvhdLayout.Geometry, Geometry(size / 512));
        Put(header, ZvhdLayout.Type, 4);
        (identity ?? ImageIdentity.Random).NextGuid().TryWriteBytes(header[ZvhdLayout.Identity..]);
        return sector;
    }

    /// <summary>Sets a 32-bit field.</summary>
    public static void Put(Span<byte> header, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(header[offset..], value);

    /// <summary>Sets the checksum.</summary>
    public static void Sign(Span<byte> header) => Put(header, ZvhdLayout.Checksum, ZvhdHeader.ComputeChecksum(header));

    /// <summary>A whole record around the payload that already stands at its place in <paramref name="record"/>.</summary>
    public static void Frame(Span<byte> record, long block, int payload)
    {
        record[..ZvhdLayout.RecordPayload].Clear();
        record[(ZvhdLayout.RecordPayload + payload)..].Clear();
        ZvhdLayout.RecordPrefix.CopyTo(record);
        Put(record, ZvhdLayout.RecordSize, (uint)payload);
        Put(record, ZvhdLayout.RecordBlock, (uint)block);
        ZvhdLayout.RecordEnd.CopyTo(record[^4..]);
    }

    /// <summary>Cylinders, heads and sectors per track as the VHD specification's appendix computes them.</summary>
    private static uint Geometry(long sectors)
    {
        sectors = Math.Min(sectors, 65535L * 16 * 255);
        long perTrack, heads, cylinderHeads;
        if (sectors >= 65535L * 16 * 63)
        {
            perTrack = 255;
            heads = 16;
            cylinderHeads = sectors / perTrack;
        }
        else
        {
            perTrack = 17;
            cylinderHeads = sectors / perTrack;
            heads = Math.Max(4, (cylinderHeads + 1023) / 1024);
            if (cylinderHeads >= heads * 1024 || heads > 16)
            {
                perTrack = 31;
                heads = 16;
                cylinderHeads = sectors / perTrack;
            }

            if (cylinderHeads >= heads * 1024)
            {
                perTrack = 63;
                heads = 16;
                cylinderHeads = sectors / perTrack;
            }
        }

        return (uint)(((cylinderHeads / heads) << 16) | (heads << 8) | perTrack);
    }
}
