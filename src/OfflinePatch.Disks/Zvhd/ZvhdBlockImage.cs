using OfflinePatch.Core;

namespace OfflinePatch.Disks.Zvhd;

/// <summary>
/// What ZVHD and ZVHD2 share: a disk of blocks of which those that are not zero are stored, packed, once. A few unpacked blocks are kept.
/// Several threads may read; one unpacks at a time.
/// </summary>
internal abstract class ZvhdBlockImage : DiskImage
{
    // 16 MiB of unpacked blocks: a file system's directories, bitmap and MFT lie in a few places.
    private const int MaxKeptBytes = 16 * 1024 * 1024;

    private readonly List<ZvhdRecord> _records;
    private readonly LinkedList<(int Index, byte[] Content)> _kept = [];
    private readonly Lock _gate = new();

    /// <param name="records">Stored blocks, ascending.</param>
    /// <param name="header">The header or footer that counts.</param>
    /// <param name="blockSize">Bytes of a block.</param>
    /// <param name="compression">For <see cref="Properties"/>.</param>
    protected ZvhdBlockImage(List<ZvhdRecord> records, ZvhdHeader header, int blockSize, string compression)
    {
        _records = records;
        BlockSize = blockSize;
        Length = header.OriginalSize;
        Properties = new Dictionary<string, string>
        {
            ["origSize"] = header.OriginalSize.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["currSize"] = header.CurrentSize.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["compression"] = compression,
        };
    }

    /// <inheritdoc/>
    public override string Subformat => "";

    /// <summary>
    /// The real size of the disk. The vendor's tools show it rounded up to 1 GiB (<c>currSize</c>); what they add is zero.
    /// </summary>
    public override long Length { get; }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Properties { get; }

    /// <summary>Bytes of a block.</summary>
    protected int BlockSize { get; }

    /// <summary>Stored blocks, ascending.</summary>
    protected IReadOnlyList<ZvhdRecord> Records => _records;

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        while (buffer.Length > 0)
        {
            var within = (int)(offset % BlockSize);
            var count = Math.Min(buffer.Length, BlockSize - within);
            var index = IndexOf(offset / BlockSize);
            if (index < 0)
            {
                buffer[..count].Clear();
            }
            else
            {
                ReadBlock(index, within, buffer[..count]);
            }

            buffer = buffer[count..];
            offset += count;
        }
    }

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer) => throw ZvhdError.NotInPlace(WhyNotInPlace!);

    /// <inheritdoc/>
    public override DeviceExtent GetExtent(long offset)
    {
        CheckRange(offset, 1);
        var block = offset / BlockSize;
        var index = IndexOf(block);
        long end;
        if (index < 0)
        {
            end = ~index < _records.Count ? _records[~index].Block : long.MaxValue;
        }
        else
        {
            while (index + 1 < _records.Count && _records[index + 1].Block == _records[index].Block + 1)
            {
                index++;
            }

            end = _records[index].Block + 1L;
        }

        end = end > Length / BlockSize ? Length : end * BlockSize;
        return new DeviceExtent(offset, end - offset, IndexOf(block) < 0);
    }

    /// <summary>Unpacks a stored block. Called by one thread at a time; may call <see cref="Keep"/> for blocks that it passes.</summary>
    protected abstract byte[] Unpack(int index);

    /// <summary>Keeps an unpacked block for later reads.</summary>
    protected void Keep(int index, byte[] content)
    {
        _kept.AddFirst((index, content));
        while ((long)_kept.Count * BlockSize > MaxKeptBytes)
        {
            _kept.RemoveLast();
        }
    }

    private void ReadBlock(int index, int within, Span<byte> buffer)
    {
        lock (_gate)
        {
            for (var node = _kept.First; node is not null; node = node.Next)
            {
                if (node.Value.Index == index)
                {
                    _kept.Remove(node);
                    _kept.AddFirst(node);
                    node.Value.Content.AsSpan(within, buffer.Length).CopyTo(buffer);
                    return;
                }
            }

            var content = Unpack(index);
            Keep(index, content);
            content.AsSpan(within, buffer.Length).CopyTo(buffer);
        }
    }

    /// <summary>Index of the record of a block; the complement of the next one's where the block is zero.</summary>
    private int IndexOf(long block)
    {
        var low = 0;
        var high = _records.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (_records[middle].Block == block)
            {
                return middle;
            }

            if (_records[middle].Block < block)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return ~low;
    }
}
