using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Zvhd;

/// <summary>A view of a header or footer.</summary>
internal readonly ref struct ZvhdHeader
{
    private readonly ReadOnlySpan<byte> _bytes;

    private ZvhdHeader(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>The view, or false where the bytes are not a header of this cookie.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> cookie, out ZvhdHeader header)
    {
        header = new ZvhdHeader(bytes);
        return bytes.Length >= ZvhdLayout.HeaderBytes && bytes.StartsWith(cookie) && header.Long(ZvhdLayout.DataOffset) == ulong.MaxValue;
    }

    /// <summary>Bytes of the disk.</summary>
    public long OriginalSize => (long)Long(ZvhdLayout.OriginalSize);

    /// <summary>The rounded size.</summary>
    public long CurrentSize => (long)Long(ZvhdLayout.CurrentSize);

    /// <summary>Version of ZVHD2.</summary>
    public byte Version2 => _bytes[ZvhdLayout.Version2];

    /// <summary>Compression of ZVHD2.</summary>
    public byte Compression => _bytes[ZvhdLayout.Compression];

    /// <summary>Whether the index has an entry for every block.</summary>
    public bool IndexHasZeroBlocks => _bytes[ZvhdLayout.IndexHasZeroBlocks] != 0;

    /// <summary>Whether the checksum is right.</summary>
    public bool IsIntact => Int(ZvhdLayout.Checksum) == ComputeChecksum(_bytes);

    /// <summary>A 32-bit field.</summary>
    public uint Int(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[offset..]);

    /// <summary>A 64-bit field.</summary>
    public ulong Long(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[offset..]);

    /// <summary>Refuses a damaged header, and impossible sizes.</summary>
    public void Check(long fileOffset)
    {
        if (!IsIntact)
        {
            throw ZvhdError.Checksum(fileOffset, Int(ZvhdLayout.Checksum), ComputeChecksum(_bytes));
        }

        var original = Long(ZvhdLayout.OriginalSize);
        var current = Long(ZvhdLayout.CurrentSize);
        if (original is 0 or > (ulong)ZvhdLayout.MaxBytes || original % 512 != 0 || current < original
            || current > (ulong)(ZvhdLayout.MaxBytes + ZvhdLayout.SizeRounding))
        {
            throw ZvhdError.Size(fileOffset, original, current);
        }
    }

    /// <summary>The checksum of a header.</summary>
    public static uint ComputeChecksum(ReadOnlySpan<byte> header)
    {
        uint sum = 0;
        for (var i = 0; i < ZvhdLayout.HeaderBytes; i++)
        {
            sum += i is >= ZvhdLayout.Checksum and < ZvhdLayout.Checksum + 4 ? 0u : header[i];
        }

        return ~sum;
    }
}
