using System.Buffers;

namespace OfflinePatch.Core.Transactions.Undo;

/// <summary>
/// Restores the old bytes and length of a file. Needs no space on the host's disk: what reads as old already is not written, and what was a
/// hole becomes one again. Can be repeated after it was interrupted anywhere.
/// </summary>
internal static class StepRestore
{
    /// <summary>Restores one file, and makes it durable.</summary>
    /// <returns>Whether the time of the last write is the old one again, too.</returns>
    /// <exception cref="HostIOException">The host failed. Repeat it.</exception>
    public static bool Apply(IHostHandle step, StepRecord record, IHostHandle file)
    {
        var isTouched = file.Length != record.OldLength;
        if (file.Length < record.OldLength)
        {
            file.SetLength(record.OldLength);
        }

        var written = 0L;
        var old = ArrayPool<byte>.Shared.Rent(HostFileChange.MaxRange);
        var current = ArrayPool<byte>.Shared.Rent(HostFileChange.MaxRange);
        try
        {
            foreach (var range in record.Ranges)
            {
                written += Restore(step, range, file, old.AsSpan(0, range.OldLength), current.AsSpan(0, range.OldLength));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(old);
            ArrayPool<byte>.Shared.Return(current);
        }

        if (file.Length > record.OldLength || record.NewLength > record.OldLength)
        {
            file.SetLength(record.OldLength); // also releases what was reserved past the end
        }

        file.Flush();
        if (file.GetStatus().WriteTime == record.OldTime && written == 0 && !isTouched)
        {
            return true;
        }

        // After the bytes are on the medium, since a network file system sets the time again when it receives them; and durable before the
        // step is restored, since the time decides whether an earlier change may be undone.
        var isSet = file.TrySetWriteTime(record.OldTime);
        file.Flush();
        return isSet;
    }

    private static long Restore(IHostHandle step, StepRange range, IHostHandle file, Span<byte> old, Span<byte> current)
    {
        if (range.OldLength == 0)
        {
            return 0;
        }

        StepProof.ReadOld(step, range, old);
        file.Read(range.Offset, current);
        if (range.OldKind == OldBytesKind.Hole && file.TryPunchHole(range.Offset, range.OldLength))
        {
            return current.ContainsAnyExcept((byte)0) ? range.OldLength : 0;
        }

        var written = 0L;
        for (var at = 0; at < old.Length;)
        {
            // Whole blocks that differ, as few writes as they allow.
            var end = at;
            while (end < old.Length && !Block(old, end).SequenceEqual(Block(current, end)))
            {
                end += Block(old, end).Length;
            }

            if (end > at)
            {
                file.Write(range.Offset + at, old[at..end]);
                written += end - at;
            }

            at = end == old.Length ? end : end + Block(old, end).Length;
        }

        return written;
    }

    private static Span<byte> Block(Span<byte> bytes, int at) => bytes.Slice(at, Math.Min(OverlayDevice.BlockSize, bytes.Length - at));
}
