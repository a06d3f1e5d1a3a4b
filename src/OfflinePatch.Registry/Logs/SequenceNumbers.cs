using System.Buffers.Binary;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Logs;

/// <summary>Sequence numbers count up and wrap; of two the later is the one less than 2³¹ ahead.</summary>
internal static class SequenceNumbers
{
    public static bool IsLater(uint left, uint right) => unchecked((int)(left - right)) > 0;

    public static uint Next(uint value) => unchecked(value + 1);

    /// <summary>
    /// A number after all that a hive and its logs hold, sound or stale: with it in the base block no entry that exists can ever continue
    /// the sequence.
    /// </summary>
    public static uint After(uint primary, uint secondary, HiveLogs logs)
    {
        var latest = IsLater(secondary, primary) ? secondary : primary;
        foreach (var log in (ReadOnlySpan<ReadOnlyMemory<byte>>)[logs.Log, logs.Log1, logs.Log2])
        {
            var bytes = log.Span;
            if (BaseBlock.TryRead(bytes, out var block) && block.HasSignature)
            {
                Raise(ref latest, block.PrimarySequence);
                Raise(ref latest, block.SecondarySequence);
            }

            for (var offset = 0; offset <= bytes.Length - LogEntry.HeaderSize; offset += LogEntry.Alignment)
            {
                if (bytes.Slice(offset, 4).SequenceEqual(LogEntry.SignatureBytes))
                {
                    Raise(ref latest, BinaryPrimitives.ReadUInt32LittleEndian(bytes[(offset + LogEntry.Layout.Sequence)..]));
                }

                if (offset > int.MaxValue - LogEntry.Alignment)
                {
                    break;
                }
            }
        }

        return Next(latest);
    }

    private static void Raise(ref uint latest, uint value)
    {
        if (IsLater(value, latest))
        {
            latest = value;
        }
    }
}
