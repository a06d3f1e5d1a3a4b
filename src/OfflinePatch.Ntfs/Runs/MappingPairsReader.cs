namespace OfflinePatch.Ntfs.Runs;

/// <summary>Reads mapping pairs run by run and allocates nothing. Every run lies inside the volume.</summary>
/// <remarks>Chkdsk reads lengths as signed numbers: a length whose top bit is set is damage.</remarks>
internal ref struct MappingPairsReader
{
    private readonly ReadOnlySpan<byte> _pairs;
    private readonly long _volumeClusters;
    private readonly long _maxVcn;
    private int _at;
    private long _vcn;
    private long _lcn;

    /// <param name="pairs">The bytes, up to the end of the attribute.</param>
    /// <param name="lowestVcn">VCN of the first run.</param>
    /// <param name="volumeClusters">Clusters of the volume.</param>
    /// <param name="maxVcn">Max VCN of a stream.</param>
    public MappingPairsReader(ReadOnlySpan<byte> pairs, long lowestVcn, long volumeClusters, long maxVcn)
    {
        _pairs = pairs;
        _vcn = lowestVcn;
        _volumeClusters = volumeClusters;
        _maxVcn = maxVcn;
    }

    /// <summary>Why the last <see cref="TryRead"/> returned false; null when it reached the end marker.</summary>
    public string? Problem { get; private set; }

    /// <summary>Reads the next run. Returns false at the end marker, or at damage.</summary>
    public bool TryRead(out ClusterRun run)
    {
        run = default;
        if (_at >= _pairs.Length)
        {
            return Stop("no end marker");
        }

        var lengthBytes = _pairs[_at] & 0x0F;
        var deltaBytes = _pairs[_at] >> 4;
        if (_pairs[_at] == 0)
        {
            return false;
        }

        if (lengthBytes is 0 or > 8 || deltaBytes > 8 || _at + 1 + lengthBytes + deltaBytes > _pairs.Length)
        {
            return Stop($"a run with {lengthBytes} bytes of length and {deltaBytes} of position");
        }

        var length = ReadSigned(_pairs.Slice(_at + 1, lengthBytes));
        if (length <= 0 || length > _maxVcn - _vcn)
        {
            return Stop($"a run of {length} clusters");
        }

        if (deltaBytes > 0)
        {
            var delta = ReadSigned(_pairs.Slice(_at + 1 + lengthBytes, deltaBytes));
            if (delta > _volumeClusters || delta < -_volumeClusters)
            {
                return Stop($"a run {delta} clusters away");
            }

            _lcn += delta;
            if (_lcn < 0 || _lcn >= _volumeClusters || length > _volumeClusters - _lcn)
            {
                return Stop($"a run of {length} clusters from LCN {_lcn} in a volume of {_volumeClusters}");
            }
        }

        run = new ClusterRun(_vcn, deltaBytes == 0 ? -1 : _lcn, length);
        _at += 1 + lengthBytes + deltaBytes;
        _vcn += length;
        return true;
    }

    private bool Stop(string problem)
    {
        Problem = problem;
        return false;
    }

    private static long ReadSigned(ReadOnlySpan<byte> bytes)
    {
        long value = (bytes[^1] & 0x80) != 0 ? -1 : 0;
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            value = (value << 8) | bytes[i];
        }

        return value;
    }
}
