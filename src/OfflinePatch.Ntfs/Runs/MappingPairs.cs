using OfflinePatch.Core;

namespace OfflinePatch.Ntfs.Runs;

/// <summary>
/// Mapping pairs: how an attribute stores its runs. Per run one byte (high nibble: bytes of the LCN delta, low nibble: bytes of the
/// length), the length and the signed LCN delta, little endian; a hole has no delta; a zero byte ends the list. Source: Linux-NTFS
/// documentation, Data Runs. Lengths are written with their top bit clear: chkdsk reads them as signed.
/// </summary>
internal static class MappingPairs
{
    /// <summary>
    /// Appends the runs in <paramref name="pairs"/> to <paramref name="runs"/>, whose <see cref="RunList.ClusterCount"/> is the extent's
    /// lowest VCN.
    /// </summary>
    /// <param name="pairs">The bytes.</param>
    /// <param name="runs">Receives the runs.</param>
    /// <param name="volumeClusters">Clusters of the volume: no run passes it.</param>
    /// <param name="maxVcn">Bound on VCNs: what a stream of 2^63 bytes has.</param>
    /// <param name="record">FILE record, for messages.</param>
    /// <exception cref="CorruptImageException"><c>NTFS-0120</c>.</exception>
    public static void Decode(ReadOnlySpan<byte> pairs, RunList runs, long volumeClusters, long maxVcn, long record)
    {
        var reader = new MappingPairsReader(pairs, runs.ClusterCount, volumeClusters, maxVcn);
        while (reader.TryRead(out var run))
        {
            runs.Append(run.Lcn, run.Count);
        }

        if (reader.Problem is { } problem)
        {
            throw NtfsError.BadRuns(record, problem);
        }
    }

    /// <summary>
    /// Encodes runs from <paramref name="vcn"/> on, as many as fit into <paramref name="target"/> with the end marker.
    /// A run that starts before <paramref name="vcn"/> is cut.
    /// </summary>
    /// <param name="runs">The runs.</param>
    /// <param name="vcn">First VCN to encode.</param>
    /// <param name="target">Receives the bytes.</param>
    /// <param name="nextVcn">The first VCN that did not fit, or <paramref name="endVcn"/>.</param>
    /// <param name="endVcn">Where to stop at the latest.</param>
    /// <returns>Bytes written, with the end marker.</returns>
    public static int Encode(RunList runs, long vcn, Span<byte> target, out long nextVcn, long endVcn = long.MaxValue)
    {
        long lcn = 0;
        var at = 0;
        nextVcn = vcn;
        Span<byte> pair = stackalloc byte[17];
        var index = vcn >= runs.ClusterCount ? runs.Runs.Count : runs.IndexOf(vcn);
        for (; index < runs.Runs.Count && runs.Runs[index].Vcn < endVcn; index++)
        {
            var run = runs.Runs[index];
            run = run.EndVcn > endVcn ? run with { Count = endVcn - run.Vcn } : run;
            var skip = Math.Max(0, vcn - run.Vcn);
            var lengthBytes = WriteSigned(run.Count - skip, pair[1..]);
            var deltaBytes = run.IsHole ? 0 : WriteSigned(run.Lcn + skip - lcn, pair[(1 + lengthBytes)..]);
            var size = 1 + lengthBytes + deltaBytes;
            if (at + size + 1 > target.Length)
            {
                break;
            }

            pair[0] = (byte)((deltaBytes << 4) | lengthBytes);
            pair[..size].CopyTo(target[at..]);
            at += size;
            lcn = run.IsHole ? lcn : run.Lcn + skip;
            nextVcn = run.EndVcn;
        }

        target[at] = 0;
        return at + 1;
    }

    /// <summary>Bytes that <see cref="Encode"/> needs for all runs from <paramref name="vcn"/> on, with the end marker.</summary>
    public static int Measure(RunList runs, long vcn = 0)
    {
        long lcn = 0;
        var size = 1;
        Span<byte> scratch = stackalloc byte[8];
        foreach (var run in runs.Runs)
        {
            if (run.EndVcn <= vcn)
            {
                continue;
            }

            var skip = Math.Max(0, vcn - run.Vcn);
            size += 1 + WriteSigned(run.Count - skip, scratch);
            if (!run.IsHole)
            {
                size += WriteSigned(run.Lcn + skip - lcn, scratch);
                lcn = run.Lcn + skip;
            }
        }

        return size;
    }

    private static int WriteSigned(long value, Span<byte> target)
    {
        var count = 0;
        while (true)
        {
            var low = (byte)(value & 0xFF);
            target[count++] = low;
            value >>= 8;
            if ((value == 0 && low < 0x80) || (value == -1 && low >= 0x80) || count == 8)
            {
                return count;
            }
        }
    }
}
