namespace OfflinePatch.Ntfs.Compression;

/// <summary>Algorithms of CompactOS; the numbers are those in the reparse point (FILE_PROVIDER_COMPRESSION_* of the Windows SDK).</summary>
internal enum WofAlgorithm
{
    /// <summary>XPRESS-Huffman in chunks of 4 KiB.</summary>
    Xpress4K = 0,

    /// <summary>LZX in chunks of 32 KiB.</summary>
    Lzx = 1,

    /// <summary>XPRESS-Huffman in chunks of 8 KiB.</summary>
    Xpress8K = 2,

    /// <summary>XPRESS-Huffman in chunks of 16 KiB.</summary>
    Xpress16K = 3,
}
