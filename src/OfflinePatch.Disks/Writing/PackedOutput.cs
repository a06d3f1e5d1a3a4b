namespace OfflinePatch.Disks.Writing;

/// <summary>
/// Lays packed clusters end to end in clusters that they share. Whole clusters may be appended to the same file in between: the one that is
/// being filled is filled on. The file's position stays at a cluster boundary.
/// </summary>
internal sealed class PackedOutput(SequentialOutput file, int clusterSize)
{
    private long _position;
    private long _end;

    /// <summary>Stores a packed cluster, shorter than a whole one, and returns its offset in the file.</summary>
    public long Append(ReadOnlySpan<byte> packed)
    {
        if (packed.Length > _end - _position)
        {
            var start = file.Position;
            file.WriteZeros(clusterSize);
            _position = start == _end ? _position : start; // something else was written in between: the rest of that cluster stays unused
            _end = start + clusterSize;
        }

        var offset = _position;
        file.Rewrite(offset, packed);
        _position += packed.Length;
        return offset;
    }
}
