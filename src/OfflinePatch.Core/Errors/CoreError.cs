namespace OfflinePatch.Core.Errors;

/// <summary>Errors of devices and limits.</summary>
internal static class CoreError
{
    public static OutsideDeviceException OutsideDevice(string device, long offset, long length, long deviceLength) =>
        new("CORE-0001", device, offset, $"a range inside {deviceLength} bytes", $"{length} bytes from {offset}",
            "The image is truncated, or a structure in it points past its end. Export or copy it again.");

    public static UnsupportedImageException TooLongToRead(string path, long length, long limit) =>
        new("CORE-0002", $"{path} has {length} bytes, more than the {limit} that are read at most.");

    public static InvalidOperationException NotWritable() => new("The image was opened read-only.");
}
