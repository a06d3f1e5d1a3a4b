namespace OfflinePatch.Core;

/// <summary>One factory per distinct error of this assembly; codes <c>CORE-0001</c> and up.</summary>
internal static class CoreError
{
    public static CorruptImageException OutsideDevice(string device, long offset, long length, long deviceLength) =>
        new("CORE-0001", device, offset, $"a range inside {deviceLength} bytes", $"{length} bytes from {offset}",
            "The image is truncated, or a structure in it points past its end. Export or copy it again.");
}
