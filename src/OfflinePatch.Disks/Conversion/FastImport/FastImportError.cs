using OfflinePatch.Core;

namespace OfflinePatch.Disks.Conversion.FastImport;

/// <summary>Errors of the user's own fast-import tools; codes <c>FAST-0001</c> and up.</summary>
internal static class FastImportError
{
    public static HostIOException DidNotStart(string program, Exception inner) =>
        new("FAST-0001", $"{program} could not be started: {inner.Message}", "Install it, or name it with its full path.", inner);

    public static HostIOException Failed(string program, int exitCode, string output) =>
        new("FAST-0002", $"{program} ended with {exitCode}: {output}", "Run it by hand to see what it needs.");

    public static HostIOException NoBitmap(string path) =>
        new("FAST-0003", $"CreateMF ended without an error, but {path} is missing or empty.", "Run it by hand to see what it needs.");

    public static RefusedException BitmapExists(string path) =>
        new("FAST-0004", $"{path} exists: it could not be distinguished from the one that CreateMF writes.", "Delete it, then try again.");

    public static RefusedException BitmapNeedsRaw(ImageFormat format) =>
        new("FAST-0005", $"A bitmap belongs to a RAW image; the output is {format}.", "Choose -O raw, or leave --create-mf out.");

    public static RefusedException ToolNeedsZvhd2(ImageFormat format) =>
        new("FAST-0006", $"The vendor's tool judges ZVHD2; the output is {format}.", "Choose -O zvhd2, or leave --qemu-img-hw out.");

    public static HostIOException NotRecognised(string program, string output) =>
        new("FAST-0007", $"{program} does not call the new image ZVHD2: {output}",
            "Use RAW with --create-mf instead, and report the tool's version.");
}
