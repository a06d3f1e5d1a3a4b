using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Logs;

/// <summary>Clears a log at the same length. Windows starts a new log there.</summary>
internal static class LogNeutraliser
{
    public static ReadOnlyMemory<byte> Wipe(ReadOnlyMemory<byte> log)
    {
        if (log.IsEmpty)
        {
            return log;
        }

        var wiped = log.ToArray();
        for (long offset = 0; offset < wiped.Length; offset += LogEntry.Alignment)
        {
            var sector = wiped.AsSpan((int)offset, (int)Math.Min(LogEntry.Alignment, wiped.Length - offset));
            if (offset == 0 || sector.StartsWith(LogEntry.SignatureBytes)
                || (offset == DirtyVector.Layout.Signature && sector.StartsWith(DirtyVector.SignatureBytes)))
            {
                sector.Clear();
            }
        }

        return wiped;
    }
}
