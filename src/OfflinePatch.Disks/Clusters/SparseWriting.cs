using OfflinePatch.Core;

namespace OfflinePatch.Disks.Clusters;

/// <summary>Writes large blocks into a part of the file that is new, and leaves holes where they are zero.</summary>
internal static class SparseWriting
{
    private const int Piece = 64 * 1024;

    /// <summary>Writes what is not zero of <paramref name="block"/>. The file reads as zeros there.</summary>
    public static void WriteSparse(this ResizableDevice file, long offset, ReadOnlySpan<byte> block)
    {
        for (var at = 0; at < block.Length;)
        {
            var end = at;
            while (end < block.Length && block[end..Math.Min(end + Piece, block.Length)].ContainsAnyExcept((byte)0))
            {
                end = Math.Min(end + Piece, block.Length);
            }

            if (end > at)
            {
                file.Write(offset + at, block[at..end]);
            }

            at = end + Piece;
        }
    }
}
