using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;

namespace OfflinePatch.Core.Transactions.Undo;

/// <summary>
/// Compares the content of a file with a step. Every sector that the change touches must be the old one or the new one, the length must be
/// one that the file can have during the change, and what the change was based on must be unchanged. Anything else is another file, or one
/// that something else has written to.
/// </summary>
internal static class StepProof
{
    /// <summary>Says why a file is not one that the step's change can have left, wherever it stopped; null when it is.</summary>
    public static string? WhyNotBetween(IHostHandle step, StepRecord record, IHostHandle file)
    {
        var (min, max) = (Math.Min(record.OldLength, record.NewLength), Math.Max(record.OldLength, record.NewLength));
        if (file.Length < min || file.Length > max)
        {
            return $"it has {file.Length} bytes, and had {record.OldLength} before the change and {record.NewLength} after it";
        }

        return WhyBasisDiffers(record, file) ?? FindDifference(step, record, file, oldIsRight: true);
    }

    /// <summary>Says why a file is not what the step's change left; null when it is.</summary>
    public static string? WhyNotNew(IHostHandle step, StepRecord record, IHostHandle file)
    {
        if (file.Length != record.NewLength)
        {
            return $"it has {file.Length} bytes instead of {record.NewLength}";
        }

        return WhyBasisDiffers(record, file) ?? FindDifference(step, record, file, oldIsRight: false);
    }

    private static string? WhyBasisDiffers(StepRecord record, IHostHandle file)
    {
        if (record.LegacySamples is { } samples)
        {
            var hash = new byte[StepLayout.ShortHashSize];
            var written = record.Ranges.Where(r => r.NewLength > 0).Select(r => new ByteRange(r.Offset, r.NewLength)).ToList();
            LegacySamples.Hash(file, Math.Min(record.OldLength, record.NewLength), written, hash);
            return samples.Span.SequenceEqual(hash) ? null : "it differs where the change wrote nothing";
        }

        return record.Evidence is { } evidence && !evidence.Hash.Span.SequenceEqual(ReadSet.HashRuns(file, evidence.Runs))
            ? "it differs where the change wrote nothing"
            : null;
    }

    private static string? FindDifference(IHostHandle step, StepRecord record, IHostHandle file, bool oldIsRight)
    {
        var current = ArrayPool<byte>.Shared.Rent(HostFileChange.MaxRange);
        var old = ArrayPool<byte>.Shared.Rent(HostFileChange.MaxRange);
        try
        {
            foreach (var range in record.Ranges)
            {
                var there = (int)Math.Clamp(file.Length - range.Offset, 0, range.Length);
                file.Read(range.Offset, current.AsSpan(0, there));
                current.AsSpan(there, range.Length - there).Clear(); // what is not there yet reads as zeros once the file has grown
                ReadOld(step, range, old.AsSpan(0, range.Length));
                var wrong = record.LegacySamples is not null
                    ? LegacyDifference(step, range, current, old, there, oldIsRight)
                    : range.NewLength == 0
                        ? CutDifference(current.AsSpan(0, there), old, oldIsRight)
                        : WrittenDifference(step, range, current, old, there, oldIsRight);
                if (wrong >= 0)
                {
                    return $"it holds something else at byte {range.Offset + wrong}";
                }
            }

            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(current);
            ArrayPool<byte>.Shared.Return(old);
        }
    }

    /// <summary>Reads the old bytes of a range; past the old end of the file they are zeros.</summary>
    public static void ReadOld(IHostHandle step, StepRange range, Span<byte> old)
    {
        var stored = range.OldKind == OldBytesKind.Stored ? Math.Min(range.OldLength, old.Length) : 0;
        step.Read(range.OldPosition, old[..stored]);
        old[stored..].Clear();
    }

    /// <summary>The first sector that is neither old nor new, or -1.</summary>
    private static int WrittenDifference(IHostHandle step, StepRange range, byte[] current, byte[] old, int there, bool oldIsRight)
    {
        var hashes = new byte[(range.NewLength + StepLayout.SectorSize - 1) / StepLayout.SectorSize * StepLayout.SectorHashSize];
        step.Read(range.HashPosition, hashes);
        for (var at = 0; at < range.Length; at += StepLayout.SectorSize)
        {
            var count = Math.Min(StepLayout.SectorSize, range.Length - at);
            if (oldIsRight && current.AsSpan(at, count).SequenceEqual(old.AsSpan(at, count)))
            {
                continue;
            }

            var written = Math.Min(count, range.NewLength - at);
            if (written <= 0 || at + written > there
                || XxHash3.HashToUInt64(current.AsSpan(at, written)) != BinaryPrimitives.ReadUInt64LittleEndian(
                    hashes.AsSpan(at / StepLayout.SectorSize * StepLayout.SectorHashSize)))
            {
                return at;
            }
        }

        return -1;
    }

    /// <summary>
    /// A part that the change cuts off is there, is gone, or came back as zeros while the cut was undone. The cut need not lie between
    /// two sectors.
    /// </summary>
    private static int CutDifference(ReadOnlySpan<byte> current, ReadOnlySpan<byte> old, bool oldIsRight)
    {
        for (var i = 0; oldIsRight && i < current.Length; i++)
        {
            if (current[i] != old[i] && current[i] != 0)
            {
                return i;
            }
        }

        return oldIsRight || current.Length == 0 ? -1 : 0;
    }

    /// <summary>
    /// Version 2 has one hash for the range: all of it is new, or each sector is old, or (only where the change stopped inside it) it
    /// cannot be known.
    /// </summary>
    private static int LegacyDifference(IHostHandle step, StepRange range, byte[] current, byte[] old, int there, bool oldIsRight)
    {
        if (range.NewLength == 0)
        {
            return CutDifference(current.AsSpan(0, there), old, oldIsRight);
        }

        var hash = new byte[StepLayout.ShortHashSize];
        step.Read(range.HashPosition, hash);
        if (there >= range.NewLength && XxHash128.Hash(current.AsSpan(0, range.NewLength)).AsSpan().SequenceEqual(hash))
        {
            return -1;
        }

        return oldIsRight && current.AsSpan(0, range.Length).SequenceEqual(old.AsSpan(0, range.Length)) ? -1 : 0;
    }
}
