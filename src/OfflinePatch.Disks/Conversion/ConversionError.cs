using OfflinePatch.Core;

namespace OfflinePatch.Disks.Conversion;

/// <summary>Errors of conversions; codes <c>CONV-0001</c> and up.</summary>
internal static class ConversionError
{
    public static UnsupportedImageException NoWriter(ImageFormat format) =>
        new("CONV-0001", $"The format {format} cannot be written.", "Choose another output format.");

    public static HostIOException Differs(long offset) =>
        new("CONV-0002", $"The new image differs from the source at guest offset {offset}. It was not kept.",
            "Check the host's disk and memory, then run the conversion again.");

    public static HostIOException LengthDiffers(long expected, long actual) =>
        new("CONV-0003", $"The new image has {actual} bytes; the source has {expected}. It was not kept.",
            "Report this with the source's format and size.");

    public static HostIOException SecondFile(string name) =>
        new("CONV-0004", $"The new image names a second file, {name}.");

    public static RefusedException OutputIsSource(string path) =>
        new("CONV-0005", $"The output {path} is the image itself, or one of its files.",
            "Name another output; `fix` without -o changes the image in place.");

    public static RefusedException UnexpectedFormat(string path, ImageFormat actual, ImageFormat expected) =>
        new("CONV-0009", $"{path} is {actual.ToString().ToLowerInvariant()} by its content, not {expected.ToString().ToLowerInvariant()}.",
            "Leave out the option for the input format: it is recognised by content.");
}
