namespace OfflinePatch.Ntfs.Runs;

/// <summary>
/// Walks a byte range of a stream in pieces that are consecutive on the volume, or in a hole. Ends early where the runs end: the caller
/// compares <see cref="Done"/> with what it asked for. Allocates nothing.
/// </summary>
/// <param name="runs">The runs of the stream.</param>
/// <param name="clusterShift">log2 of the cluster size.</param>
/// <param name="offset">First byte of the range in the stream.</param>
/// <param name="length">Bytes of the range.</param>
internal ref struct RunWalk(RunList runs, int clusterShift, long offset, long length)
{
    private int _index = length > 0 ? runs.IndexOf(offset >> clusterShift) : -1;
    private long _offset = offset;

    /// <summary>Bytes of the range before the current piece; after the walk, all that have runs.</summary>
    public long Done { get; private set; }

    /// <summary>Bytes of the current piece, at least 1.</summary>
    public long Count { get; private set; }

    /// <summary>Byte of the volume where the current piece begins; -1 in a hole.</summary>
    public long VolumeOffset { get; private set; }

    /// <summary>Whether the current piece has no clusters.</summary>
    public readonly bool IsHole => VolumeOffset < 0;

    /// <summary>Moves to the next piece. False at the end of the range, or of the runs.</summary>
    public bool MoveNext()
    {
        Done += Count;
        _offset += Count;
        Count = 0;
        if (Done >= length || _index < 0 || _index >= runs.Runs.Count)
        {
            return false;
        }

        var run = runs.Runs[_index++];
        var within = _offset - (run.Vcn << clusterShift);
        Count = Math.Min(length - Done, (run.Count << clusterShift) - within);
        VolumeOffset = run.IsHole ? -1 : (run.Lcn << clusterShift) + within;
        return true;
    }
}
