namespace OfflinePatch.Ntfs.Replay;

/// <summary>
/// The page that a log record changes, by the LCNs that the log names: so no attribute has to be found on an inconsistent volume.
/// </summary>
/// <param name="Record">The log record.</param>
/// <param name="Operation">Redo or undo operation.</param>
/// <param name="Lcns">LCN of each cluster from the record's VCN on; 0 for one that was freed since.</param>
/// <param name="IndexBlockSize">Bytes of an index block where the attribute is $INDEX_ALLOCATION, else 0.</param>
internal sealed record ReplayTarget(LogRecord Record, LogOperation Operation, long[] Lcns, int IndexBlockSize)
{
    /// <summary>FILE record of the file that is changed, or -1 where it is not known.</summary>
    public long File { get; init; } = -1;

    /// <summary>Copies bytes of the target, counted from the record's first cluster.</summary>
    public void Read(ReplayVolume volume, long offset, Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var (at, count) = Locate(volume, offset, buffer.Length);
            volume.Read(at, buffer[..count]);
            buffer = buffer[count..];
            offset += count;
        }
    }

    /// <summary>Writes bytes of the target.</summary>
    public void Write(ReplayVolume volume, long offset, ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var (at, count) = Locate(volume, offset, buffer.Length);
            volume.Write(at, buffer[..count], File);
            buffer = buffer[count..];
            offset += count;
        }
    }

    /// <summary>Whether all clusters of a range are still owned.</summary>
    public bool IsMapped(ReplayVolume volume, long offset, long length)
    {
        for (var index = offset / volume.ClusterSize; index <= (offset + Math.Max(1, length) - 1) / volume.ClusterSize; index++)
        {
            if (index >= Lcns.Length || Lcns[index] <= 0)
            {
                return false;
            }
        }

        return true;
    }

    public RefusedException Refuse(string problem) => LogError.Target(Record.Lsn, Operation, problem);

    private (long Offset, int Count) Locate(ReplayVolume volume, long offset, int length)
    {
        var index = offset / volume.ClusterSize;
        if (index >= Lcns.Length)
        {
            throw Refuse($"byte {offset} of {Lcns.Length} clusters");
        }

        var lcn = Lcns[index];
        if (lcn <= 0 || lcn >= volume.ClusterCount)
        {
            throw Refuse($"cluster {lcn} of {volume.ClusterCount}");
        }

        var within = (int)(offset % volume.ClusterSize);
        return ((lcn * volume.ClusterSize) + within, Math.Min(length, volume.ClusterSize - within));
    }
}
