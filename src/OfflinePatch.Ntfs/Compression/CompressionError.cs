using OfflinePatch.Core;
using OfflinePatch.Core.Compression;

namespace OfflinePatch.Ntfs.Compression;

/// <summary>
/// One factory per distinct error of compressed content; codes <c>NTFS-5100</c> to <c>NTFS-5199</c>. Offsets are in the compressed bytes.
/// </summary>
internal static class CompressionError
{
    private const string Block = "LZX block";
    private const string Remedy = "The compressed content is damaged. Run chkdsk in the machine, or restore the file from elsewhere.";

    public static CorruptImageException Lznt1Truncated(int offset, int needed, int available) =>
        new("NTFS-5101", "LZNT1 chunk", offset, $"{needed} bytes", $"{available} bytes", Remedy);

    public static CorruptImageException Lznt1Overflow(int offset, int room) =>
        new("NTFS-5102", "LZNT1 chunk", offset, $"at most {room} bytes of content", "more", Remedy);

    public static CorruptImageException Lznt1Distance(int offset, int distance, int available) =>
        new("NTFS-5103", "LZNT1 chunk", offset, $"a copy from at most {available} bytes back", $"{distance}", Remedy);

    public static CorruptImageException CodeLengths(string structure, int offset, string actual) =>
        new("NTFS-5110", structure, offset, "code lengths that make a complete prefix code", actual, Remedy);

    public static CorruptImageException InputEnded(string structure, int offset) =>
        new("NTFS-5111", structure, offset, "more compressed bytes", "the end of the chunk", Remedy);

    public static CorruptImageException MatchOutside(string structure, int offset, long distance, int available) =>
        MatchOutside(structure, offset, $"a copy from 1 to {available} bytes back", $"{distance}");

    public static CorruptImageException MatchTooLong(string structure, int offset, long length, int room) =>
        MatchTooLong(structure, offset, $"a copy of at most {room} bytes", $"{length}");

    public static CorruptImageException Lzx(LzxException e) => e.Fault switch
    {
        LzxFault.CodeLengths => CodeLengths(Block, e.Offset, e.Actual),
        LzxFault.InputEnded => InputEnded(Block, e.Offset),
        LzxFault.MatchOutside => MatchOutside(Block, e.Offset, e.Expected, e.Actual),
        LzxFault.MatchTooLong => MatchTooLong(Block, e.Offset, e.Expected, e.Actual),
        LzxFault.BlockType => LzxBlockType(e.Offset, e.Expected, e.Actual),
        LzxFault.BlockSize => LzxBlockSize(e.Offset, e.Expected, e.Actual),
        _ => LzxCodeRun(e.Offset, e.Expected, e.Actual),
    };

    private static CorruptImageException MatchOutside(string structure, int offset, string expected, string actual) =>
        new("NTFS-5112", structure, offset, expected, actual, Remedy);

    private static CorruptImageException MatchTooLong(string structure, int offset, string expected, string actual) =>
        new("NTFS-5113", structure, offset, expected, actual, Remedy);

    private static CorruptImageException LzxBlockType(int offset, string expected, string actual) =>
        new("NTFS-5120", Block, offset, expected, actual, Remedy);

    private static CorruptImageException LzxBlockSize(int offset, string expected, string actual) =>
        new("NTFS-5121", Block, offset, expected, actual, Remedy);

    private static CorruptImageException LzxCodeRun(int offset, string expected, string actual) =>
        new("NTFS-5122", "LZX code lengths", offset, expected, actual, Remedy);

    public static CorruptImageException WofTooShort(long length, long table) =>
        new("NTFS-5130", "WofCompressedData", 0, $"a chunk table of {table} bytes and chunks after it", $"{length} bytes", Remedy);

    public static CorruptImageException WofChunk(long chunk, long tableOffset, long start, long end, long length) =>
        new("NTFS-5131", "WofCompressedData chunk table", tableOffset, $"chunk {chunk} inside {length} bytes, after the one before it",
            $"bytes {start} to {end}", Remedy);

    public static CorruptImageException WofChunkSize(long chunk, long size, int plain) =>
        new("NTFS-5132", $"WofCompressedData chunk {chunk}", -1, $"1 to {plain} bytes", $"{size}", Remedy);

    public static CorruptImageException WofReparseShort(int length) =>
        new("NTFS-5133", "WOF reparse point", 0, "at least 16 bytes of data", $"{length}", Remedy);

    public static UnsupportedImageException WofProvider(uint version, uint provider, uint providerVersion) =>
        new("NTFS-5134",
            $"The WOF reparse point has version {version}, provider {provider}, provider version {providerVersion}; "
            + "only files compressed by CompactOS (1, 2, 1) are read.",
            provider == 1 ? "The content is in a WIM file, not on the volume (WIMBoot). Run compact /exe or decompress the file in Windows."
                : null);

    public static UnsupportedImageException WofAlgorithmUnknown(uint algorithm) =>
        new("NTFS-5135", $"The WOF compression algorithm {algorithm} is not known.");
}
