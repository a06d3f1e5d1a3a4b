namespace OfflinePatch.Cli.Documents;

/// <summary>The document of <c>convert</c>.</summary>
/// <param name="Input">The image that was read.</param>
/// <param name="InputFormat">Its format.</param>
/// <param name="InputSubformat">Its variant, or null.</param>
/// <param name="Output">The new image.</param>
/// <param name="OutputFormat">Its format.</param>
/// <param name="VirtualSize">Bytes of the disk that the guest sees.</param>
/// <param name="DataBytes">Bytes of it that are not zero and were stored.</param>
/// <param name="OutputLength">Length of the new file, in bytes.</param>
/// <param name="Verified">Whether the new image was read again and compared.</param>
/// <param name="Bitmap">The bitmap for fast import that was made, or null.</param>
/// <param name="ElapsedMs">Milliseconds.</param>
internal sealed record ConversionDocument(
    string Input, string InputFormat, string? InputSubformat, string Output, string OutputFormat, long VirtualSize, long DataBytes,
    long OutputLength, bool Verified,
    string? Bitmap, long ElapsedMs) : CommandDocument("convert");

/// <summary>The document of <c>compare</c>.</summary>
/// <param name="First">One image.</param>
/// <param name="Second">The other.</param>
/// <param name="Identical">Whether the guest sees the same bytes; the longer disk may have zeros after the end of the shorter one.</param>
/// <param name="FirstSize">Bytes of the first disk.</param>
/// <param name="SecondSize">Bytes of the second disk.</param>
/// <param name="Offset">The first byte that differs, or null.</param>
internal sealed record ComparisonDocument(string First, string Second, bool Identical, long FirstSize, long SecondSize, long? Offset)
    : CommandDocument("compare");
