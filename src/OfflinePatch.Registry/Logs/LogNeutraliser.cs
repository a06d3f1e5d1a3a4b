using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Logs;

/// <summary>Makes a log say nothing, at the same length. Windows starts such a log anew (registry.md §5.3).</summary>
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
            if (offset == 0 || sector.StartsWith(LogEntry.SignatureBytes) || (offset == DirtyVector.Layout.Signature && sector.StartsWith(DirtyVector.SignatureBytes)))
            {
                sector.Clear();
            }
        }

        return wiped;
    }
}
