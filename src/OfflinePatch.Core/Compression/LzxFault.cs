namespace OfflinePatch.Core.Compression;

/// <summary>What is wrong with LZX data.</summary>
public enum LzxFault
{
    /// <summary>Code lengths make no complete prefix code, or bits stand for no symbol.</summary>
    CodeLengths,

    /// <summary>A run of code lengths passes their end.</summary>
    CodeRun,

    /// <summary>The compressed bytes end too early.</summary>
    InputEnded,

    /// <summary>A copy from before the start, or from outside the window.</summary>
    MatchOutside,

    /// <summary>A copy passes the end of its block or frame.</summary>
    MatchTooLong,

    /// <summary>A block of a type that does not exist.</summary>
    BlockType,

    /// <summary>A block of no byte, or of more than there is room for.</summary>
    BlockSize,
}
