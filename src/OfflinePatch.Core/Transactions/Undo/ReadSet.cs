using System.Buffers;
using System.IO.Hashing;

namespace OfflinePatch.Core.Transactions.Undo;

/// <summary>
/// The blocks of a file that a transaction has read: what its change is based on. Their hash goes into the undo file, so that an image in
/// which any of them differs (another export of the same machine, a machine that was started) is distinguished from the one that was
/// changed. Safe for several readers at once.
/// </summary>
internal sealed class ReadSet
{
    private const int BlockSize = OverlayDevice.BlockSize;
    private const int BlocksPerChunk = 64 * 1024;
    private const int WordBits = 64;

    /// <summary>Blocks that are hashed at most, 256 MiB; of more, every n-th group is taken.</summary>
    private const long MaxBlocks = 64 * 1024;

    /// <summary>Blocks that are taken or left out together: what is taken is read in few calls.</summary>
    private const int GroupBlocks = 64;

    private readonly long _length;
    private readonly ulong[]?[] _chunks;

    /// <param name="length">Bytes of the file.</param>
    public ReadSet(long length)
    {
        _length = length;
        _chunks = new ulong[]?[(int)Math.Min((length / ((long)BlockSize * BlocksPerChunk)) + 1, Array.MaxLength / 8)];
    }

    /// <summary>Marks the blocks of a range as read.</summary>
    public void Add(long offset, long length)
    {
        if (length <= 0)
        {
            return;
        }

        for (var block = offset / BlockSize; block <= (offset + length - 1) / BlockSize; block++)
        {
            var index = block / BlocksPerChunk;
            if (index >= _chunks.Length)
            {
                return; // past 256 TiB nothing is remembered
            }

            ref var slot = ref _chunks[index];
            var chunk = Volatile.Read(ref slot);
            if (chunk is null)
            {
                var created = new ulong[BlocksPerChunk / WordBits];
                chunk = Interlocked.CompareExchange(ref slot, created, null) ?? created;
            }

            var bit = (int)(block % BlocksPerChunk);
            ref var word = ref chunk[bit / WordBits];
            var mask = 1UL << (bit % WordBits);
            if ((Volatile.Read(ref word) & mask) == 0)
            {
                Interlocked.Or(ref word, mask);
            }
        }
    }

    /// <summary>Hashes the marked blocks that a change leaves alone.</summary>
    /// <param name="file">The file, unchanged so far.</param>
    /// <param name="commonLength">Bytes that it has before and after the change.</param>
    /// <param name="written">What the change writes, ascending.</param>
    public StepEvidence Hash(IHostHandle file, long commonLength, IReadOnlyList<ByteRange> written)
    {
        var runs = new List<ByteRange>();
        var next = 0;
        var every = Math.Max(1, (Count() + MaxBlocks - 1) / MaxBlocks);
        var index = 0L;
        foreach (var block in Blocks())
        {
            var offset = block * BlockSize;
            if (index++ / GroupBlocks % every != 0 || offset + BlockSize > Math.Min(commonLength, _length))
            {
                continue;
            }

            while (next < written.Count && written[next].Offset + written[next].Length <= offset)
            {
                next++;
            }

            if (next < written.Count && written[next].Offset < offset + BlockSize)
            {
                continue;
            }

            if (runs.Count > 0 && runs[^1] is var last && last.Offset + last.Length == offset
                && last.Length + BlockSize <= HostFileChange.MaxRange)
            {
                runs[^1] = last with { Length = last.Length + BlockSize };
            }
            else
            {
                runs.Add(new ByteRange(offset, BlockSize));
            }
        }

        return new StepEvidence(runs, HashRuns(file, runs));
    }

    /// <summary>Hashes parts of a file; all of them lie inside it.</summary>
    public static byte[] HashRuns(IHostHandle file, IEnumerable<ByteRange> runs)
    {
        var hash = new XxHash128();
        var buffer = ArrayPool<byte>.Shared.Rent(HostFileChange.MaxRange);
        try
        {
            foreach (var run in runs)
            {
                file.Read(run.Offset, buffer.AsSpan(0, run.Length));
                hash.Append(buffer.AsSpan(0, run.Length));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return hash.GetCurrentHash();
    }

    private long Count() => _chunks.Where(c => c is not null).Sum(c => c!.Sum(w => (long)ulong.PopCount(w)));

    private IEnumerable<long> Blocks()
    {
        for (var i = 0; i < _chunks.Length; i++)
        {
            if (_chunks[i] is not { } chunk)
            {
                continue;
            }

            for (var w = 0; w < chunk.Length; w++)
            {
                for (var word = chunk[w]; word != 0; word &= word - 1)
                {
                    yield return ((long)i * BlocksPerChunk) + ((long)w * WordBits) + (long)ulong.TrailingZeroCount(word);
                }
            }
        }
    }
}
