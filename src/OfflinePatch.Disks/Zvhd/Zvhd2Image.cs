using System.IO.Compression;
using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;

namespace OfflinePatch.Disks.Zvhd;

/// <summary>A ZVHD2: every block packed by itself, found through an index at the end of the file.</summary>
internal sealed class Zvhd2Image : ZvhdBlockImage
{
    private readonly BlockDevice _file;
    private readonly bool _isZstd;
    private readonly long _blockCount;

    private Zvhd2Image(BlockDevice file, List<ZvhdRecord> records, ZvhdHeader header, int blockSize, long blockCount)
        : base(records, header, blockSize, header.Compression == 1 ? "zstd" : "zlib")
    {
        _file = file;
        _isZstd = header.Compression == 1;
        _blockCount = blockCount;
    }

    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Zvhd2;

    /// <inheritdoc/>
    public override string? WhyNotInPlace => "A ZVHD2 holds compressed blocks without room to grow; it is written once.";

    /// <summary>
    /// Opens the image through the footer at its end. Where that is damaged, the header at the start and a walk over all records do, if the
    /// walk ends at the copy of the footer after the last record: a truncated file does not open.
    /// </summary>
    public static Zvhd2Image Open(IImageFiles files)
    {
        var file = files.Image;
        if (file.Length < 3 * ZvhdLayout.Alignment)
        {
            throw ZvhdError.Truncated(file.Length);
        }

        var bytes = new byte[ZvhdLayout.HeaderBytes];
        file.Read(file.Length - ZvhdLayout.Alignment, bytes);
        var hasFooter = ZvhdHeader.TryCreate(bytes, ZvhdLayout.Cookie2, out var header) && header.IsIntact;
        if (!hasFooter)
        {
            file.Read(0, bytes);
            if (!ZvhdHeader.TryCreate(bytes, ZvhdLayout.Cookie2, out header))
            {
                throw ZvhdError.NoFooter(0);
            }
        }

        header.Check(hasFooter ? file.Length - ZvhdLayout.Alignment : 0);
        var blockSize = CheckFeatures(header);
        var blockCount = (header.OriginalSize + blockSize - 1) / blockSize;
        if (blockCount > header.Int(ZvhdLayout.BlockCount))
        {
            throw ZvhdError.Tables(ZvhdLayout.BlockCount, "header", $"at least {blockCount} blocks",
                $"{header.Int(ZvhdLayout.BlockCount)}");
        }

        var records = hasFooter
            ? Zvhd2Index.Read(file, header, blockCount)
            : ZvhdRecords.Scan(file, ZvhdLayout.Cookie2, blockSize, blockCount);
        return new Zvhd2Image(file, records, header, blockSize, blockCount);
    }

    /// <inheritdoc/>
    protected override byte[] Unpack(int index)
    {
        var entry = Records[index];
        var record = ZvhdRecords.Read(_file, entry.Offset, BlockSize, _blockCount);
        if (record.Block != entry.Block)
        {
            throw ZvhdError.Record(entry.Offset, $"block {entry.Block}, as the index says", $"{record.Block}");
        }

        var packed = new byte[record.Payload];
        _file.Read(record.Offset + ZvhdLayout.RecordPayload, packed);
        var content = new byte[BlockSize];
        var whole = _isZstd ? ZstdBlock.TryUnpack(packed, packed.Length, content) : TryInflate(packed, content);
        return whole ? content : throw ZvhdError.NotUnpacked(record.Offset, record.Block);
    }

    private static int CheckFeatures(ZvhdHeader header)
    {
        if (header.Version2 != 1)
        {
            throw ZvhdError.Version(header.Version2);
        }

        if (header.Compression > 1)
        {
            throw ZvhdError.Compression(header.Compression);
        }

        var blockSize = header.Int(ZvhdLayout.BlockSize);
        return blockSize is >= ZvhdLayout.MinBlock and <= ZvhdLayout.MaxBlock && System.Numerics.BitOperations.IsPow2(blockSize)
            ? (int)blockSize
            : throw ZvhdError.BlockSize(blockSize);
    }

    /// <summary>
    /// A zlib stream of its own for each block; flushed, not ended, so it is read up to the block's length and no further.
    /// </summary>
    private static bool TryInflate(byte[] packed, byte[] content)
    {
        try
        {
            using var stream = new ZLibStream(new MemoryStream(packed, writable: false), CompressionMode.Decompress);
            return stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false) == content.Length;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }
}
