namespace OfflinePatch.Disks.Conversion;

/// <summary>How far a conversion is.</summary>
/// <param name="Phase">What is being done.</param>
/// <param name="BytesDone">Guest bytes that are done, holes counted.</param>
/// <param name="BytesTotal">Guest bytes of the disk.</param>
/// <param name="DataBytes">Guest bytes that were read, holes left out.</param>
/// <param name="Elapsed">Time since the phase began.</param>
public readonly record struct ConversionProgress(ConversionPhase Phase, long BytesDone, long BytesTotal, long DataBytes, TimeSpan Elapsed)
{
    /// <summary>Data bytes per second; 0 before there is anything to measure.</summary>
    public double Throughput => Elapsed.TotalSeconds > 0 ? DataBytes / Elapsed.TotalSeconds : 0;

    /// <summary>From 0 to 1.</summary>
    public double Fraction => BytesTotal > 0 ? (double)BytesDone / BytesTotal : 1;

    /// <summary>Time left if the rest of the disk is like what is done; null before there is anything to measure.</summary>
    public TimeSpan? Remaining => BytesDone > 0 && Elapsed.TotalSeconds >= 0.5 ? Elapsed * ((1 / Fraction) - 1) : null;
}

/// <summary>The two passes over a disk.</summary>
public enum ConversionPhase
{
    /// <summary>Reading the source and writing the new image.</summary>
    Write,

    /// <summary>Reading both and comparing.</summary>
    Verify,
}

/// <summary>What a conversion did.</summary>
/// <param name="VirtualSize">Guest bytes.</param>
/// <param name="DataBytes">Guest bytes that were read from the source, holes left out.</param>
/// <param name="StoredBytes">Guest bytes that were not zero and were stored.</param>
/// <param name="OutputBytes">Length of the new image's file.</param>
/// <param name="Elapsed">Time, verification included.</param>
/// <param name="Verified">Whether the new image was read again and compared.</param>
public sealed record ConversionResult(long VirtualSize, long DataBytes, long StoredBytes, long OutputBytes, TimeSpan Elapsed,
    bool Verified);
