using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vhd;

/// <summary>The header of a dynamic or differencing disk, read and checked.</summary>
internal sealed class VhdHeader
{
    private readonly byte[] _bytes;

    private VhdHeader(byte[] bytes, long offset, long tableOffset, int entries, int blockSize)
    {
        _bytes = bytes;
        Offset = offset;
        TableOffset = tableOffset;
        TableEntries = entries;
        BlockSize = blockSize;
    }

    /// <summary>Where the header is.</summary>
    public long Offset { get; }

    /// <summary>Where the BAT is, which the file holds whole.</summary>
    public long TableOffset { get; }

    /// <summary>Entries of the BAT.</summary>
    public int TableEntries { get; }

    /// <summary>Bytes of data in a block, a power of two.</summary>
    public int BlockSize { get; }

    /// <summary>Bytes of a block's sector bitmap, whole sectors.</summary>
    public int BitmapSize =>
        (((BlockSize / VhdLayout.SectorSize) + 7) / 8 + VhdLayout.SectorSize - 1) / VhdLayout.SectorSize * VhdLayout.SectorSize;

    /// <summary>The unique id of the parent.</summary>
    public Guid ParentId => new(_bytes.AsSpan(VhdLayout.ParentIdOffset, 16), bigEndian: true);

    /// <summary>Reads the header.</summary>
    /// <exception cref="CorruptImageException"><c>VHD-0004</c>.</exception>
    public static VhdHeader Read(BlockDevice file, ulong offset)
    {
        if (file.Length < VhdLayout.HeaderLength || offset > (ulong)(file.Length - VhdLayout.HeaderLength))
        {
            throw VhdError.Header("place", VhdLayout.DataOffset, "inside the file", $"0x{offset:X}");
        }

        var bytes = new byte[VhdLayout.HeaderLength];
        file.Read((long)offset, bytes);
        if (!bytes.AsSpan().StartsWith(VhdLayout.HeaderCookie))
        {
            throw VhdError.Header("cookie", (long)offset, "cxsparse", Convert.ToHexString(bytes.AsSpan(0, 8)));
        }

        var stored = BigEndian.U32(bytes, VhdLayout.HeaderChecksumOffset);
        var sum = VhdFooter.Checksum(bytes, VhdLayout.HeaderChecksumOffset);
        if (stored != sum)
        {
            throw VhdError.Header("checksum", (long)offset + VhdLayout.HeaderChecksumOffset, $"0x{sum:X8}", $"0x{stored:X8}");
        }

        var blockSize = BigEndian.U32(bytes, VhdLayout.BlockSizeOffset);
        if (!BitOperations.IsPow2(blockSize) || blockSize is < VhdLayout.MinBlockSize or > VhdLayout.MaxBlockSize)
        {
            throw VhdError.Header("block size", (long)offset + VhdLayout.BlockSizeOffset, "a power of two from 512 to 256 MiB",
                $"{blockSize}");
        }

        var table = BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(VhdLayout.TableOffset));
        var entries = BigEndian.U32(bytes, VhdLayout.TableEntriesOffset);
        if (table > (ulong)file.Length || entries * 4L > file.Length - (long)table || entries > int.MaxValue / 8)
        {
            throw VhdError.Header("BAT", (long)offset + VhdLayout.TableOffset, "a table inside the file",
                $"{entries} entries at 0x{table:X}");
        }

        return new VhdHeader(bytes, (long)offset, (long)table, (int)entries, (int)blockSize);
    }

    /// <summary>The same header with a table of another place and length.</summary>
    public VhdHeader WithTable(long tableOffset, int entries)
    {
        var bytes = _bytes.ToArray();
        BigEndian.PutU64(bytes, VhdLayout.TableOffset, (ulong)tableOffset);
        BigEndian.PutU32(bytes, VhdLayout.TableEntriesOffset, (uint)entries);
        BigEndian.PutU32(bytes, VhdLayout.HeaderChecksumOffset, VhdFooter.Checksum(bytes, VhdLayout.HeaderChecksumOffset));
        return new VhdHeader(bytes, Offset, tableOffset, entries, BlockSize);
    }

    /// <summary>Writes the header to its place.</summary>
    public void Write(BlockDevice file) => file.Write(Offset, _bytes);

    /// <summary>The names that the image gives its parent, the most useful one first; all but the last may hold folders.</summary>
    public IEnumerable<string> ParentNames(BlockDevice file)
    {
        var names = new List<string>();
        foreach (var code in (ReadOnlySpan<uint>)[VhdLayout.LocatorRelative, VhdLayout.LocatorAbsolute])
        {
            for (var i = 0; i < VhdLayout.LocatorCount; i++)
            {
                var locator = _bytes.AsSpan(VhdLayout.LocatorsOffset + (i * VhdLayout.LocatorLength), VhdLayout.LocatorLength);
                var length = BigEndian.U32(locator, VhdLayout.LocatorDataLengthOffset);
                var offset = BinaryPrimitives.ReadUInt64BigEndian(locator[VhdLayout.LocatorDataOffset..]);
                if (BigEndian.U32(locator, VhdLayout.LocatorCodeOffset) == code && length is > 0 and <= VhdLayout.MaxLocatorLength
                    && offset <= (ulong)file.Length && length <= file.Length - (long)offset)
                {
                    var name = new byte[length];
                    file.Read((long)offset, name);
                    names.Add(Encoding.Unicode.GetString(name).TrimEnd('\0'));
                }
            }
        }

        names.Add(Encoding.BigEndianUnicode.GetString(_bytes.AsSpan(VhdLayout.ParentNameOffset, VhdLayout.ParentNameLength))
            .Split('\0')[0]);
        return names;
    }

    /// <summary>A header for a new dynamic disk.</summary>
    public static byte[] Create(long tableOffset, int entries)
    {
        var bytes = new byte[VhdLayout.HeaderLength];
        VhdLayout.HeaderCookie.CopyTo(bytes);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(VhdLayout.HeaderDataOffset), ulong.MaxValue);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(VhdLayout.TableOffset), (ulong)tableOffset);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(VhdLayout.HeaderVersionOffset), VhdLayout.Version);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(VhdLayout.TableEntriesOffset), (uint)entries);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(VhdLayout.BlockSizeOffset), VhdLayout.DefaultBlockSize);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(VhdLayout.HeaderChecksumOffset),
            VhdFooter.Checksum(bytes, VhdLayout.HeaderChecksumOffset));
        return bytes;
    }

}
