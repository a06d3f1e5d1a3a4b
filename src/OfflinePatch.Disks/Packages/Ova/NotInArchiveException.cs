using OfflinePatch.Core;

namespace OfflinePatch.Disks.Packages.Ova;

/// <summary>An archive lacks a member that was asked for by name.</summary>
internal sealed class NotInArchiveException(string code, string structure, long offset, string expected, string actual,
    string? remedy = null)
    : CorruptImageException(code, structure, offset, expected, actual, remedy);
