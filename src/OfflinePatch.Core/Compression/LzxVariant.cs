namespace OfflinePatch.Core.Compression;

/// <summary>How a container holds LZX data.</summary>
public enum LzxVariant
{
    /// <summary>
    /// One stream in frames of 32,768 bytes: the window lasts over all of them, blocks say their length in 24 bits and may span frames, and
    /// the first bits say whether calls of x86 programs are translated. Source: [MS-PATCH] 2, [MS-CAB] 1.
    /// </summary>
    Cabinet,

    /// <summary>
    /// Every chunk of up to 32,768 bytes stands alone; a set bit stands for a block of 32,768 bytes, else 16 bits say its length; calls are
    /// always translated, as in a file of 12,000,000 bytes. WIM files and CompactOS. Source: [MS-PATCH] 2 for the blocks; the differences
    /// as wimlib documents them.
    /// </summary>
    Wim,
}
