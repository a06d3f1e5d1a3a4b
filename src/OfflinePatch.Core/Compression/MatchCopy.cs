namespace OfflinePatch.Core.Compression;

/// <summary>The copy of every Lempel-Ziv decoder: source and target may overlap, and then the source repeats.</summary>
public static class MatchCopy
{
    /// <summary>
    /// Copies <paramref name="length"/> bytes from <paramref name="distance"/> bytes back. The caller has bounded all three.
    /// </summary>
    public static void Run(Span<byte> target, int position, int distance, int length)
    {
        if (distance >= length)
        {
            target.Slice(position - distance, length).CopyTo(target[position..]);
            return;
        }

        if (distance == 1)
        {
            target.Slice(position, length).Fill(target[position - 1]);
            return;
        }

        for (var i = 0; i < length; i++)
        {
            target[position + i] = target[position + i - distance];
        }
    }
}
