using OfflinePatch.Core;

namespace OfflinePatch.Disks.Packages;

/// <summary>An image inside a package needs a second file, and the package holds one file only.</summary>
internal sealed class MissingCompanionException(string code, string message, string? remedy = null)
    : UnsupportedImageException(code, message, remedy);
