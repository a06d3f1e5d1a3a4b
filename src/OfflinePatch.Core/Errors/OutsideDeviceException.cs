namespace OfflinePatch.Core.Errors;

/// <summary>A structure refers to bytes outside the device that holds it (<c>CORE-0001</c>): usually the image is truncated.</summary>
/// <inheritdoc cref="CorruptImageException(string, string, long, string, string, string?)"/>
public sealed class OutsideDeviceException(string code, string structure, long offset, string expected, string actual,
    string? remedy = null)
    : CorruptImageException(code, structure, offset, expected, actual, remedy);
