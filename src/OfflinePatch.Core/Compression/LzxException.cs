namespace OfflinePatch.Core.Compression;

/// <summary>LZX data is damaged. A caller that knows the container turns it into an error with a code.</summary>
/// <param name="fault">What is wrong.</param>
/// <param name="offset">Where, in bytes of the compressed frame.</param>
/// <param name="expected">What was expected there.</param>
/// <param name="actual">What was found.</param>
public sealed class LzxException(LzxFault fault, int offset, string expected, string actual)
    : Exception($"LZX: {expected} was expected at byte {offset}, {actual} was found.")
{
    /// <summary>What is wrong.</summary>
    public LzxFault Fault { get; } = fault;

    /// <summary>Where, in bytes of the compressed frame.</summary>
    public int Offset { get; } = offset;

    /// <summary>What was expected there.</summary>
    public string Expected { get; } = expected;

    /// <summary>What was found.</summary>
    public string Actual { get; } = actual;
}
