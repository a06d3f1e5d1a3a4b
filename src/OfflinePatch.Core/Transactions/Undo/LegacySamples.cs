using System.IO.Hashing;

namespace OfflinePatch.Core.Transactions.Undo;

/// <summary>
/// Undo files of version 2: a hash of a few blocks of a file that a change leaves alone, those next to what it writes and some spread over
/// the file. It tells whether a file is still the one that a commit was made for, even where the commit stopped half way, and not another
/// export of the same name.
/// </summary>
internal static class LegacySamples
{
    private const int BlockSize = 4096;
    private const int Spread = 16;
    private const int Neighbours = 32;

    /// <summary>Hashes the samples.</summary>
    /// <param name="file">The file, before, in the middle of, or after the commit.</param>
    /// <param name="length">Bytes that it has both before and after.</param>
    /// <param name="written">What the commit writes, in ascending order.</param>
    /// <param name="hash">Takes 16 bytes.</param>
    public static void Hash(IHostHandle file, long length, IReadOnlyList<ByteRange> written, Span<byte> hash)
    {
        var samples = new XxHash128();
        Span<byte> block = stackalloc byte[BlockSize];
        foreach (var offset in Offsets(length, written))
        {
            file.Read(offset, block);
            samples.Append(block);
        }

        samples.GetCurrentHash(hash);
    }

    private static IEnumerable<long> Offsets(long length, IReadOnlyList<ByteRange> written)
    {
        var candidates = new SortedSet<long>();
        var blocks = length / BlockSize;
        for (var i = 0; i < Spread; i++)
        {
            candidates.Add(blocks / Spread * i);
        }

        for (var i = 0; i < Math.Min(Neighbours, written.Count); i++)
        {
            var range = written[(int)((long)written.Count * i / Math.Min(Neighbours, written.Count))];
            candidates.Add((range.Offset / BlockSize) - 1);
            candidates.Add((range.Offset + range.Length + BlockSize - 1) / BlockSize);
        }

        var next = 0;
        foreach (var candidate in candidates)
        {
            var offset = candidate * BlockSize;
            while (next < written.Count && written[next].Offset + written[next].Length <= offset)
            {
                next++;
            }

            if (candidate >= 0 && candidate < blocks && (next == written.Count || written[next].Offset >= offset + BlockSize))
            {
                yield return offset;
            }
        }
    }
}
