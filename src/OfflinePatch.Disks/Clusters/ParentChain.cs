using OfflinePatch.Core;
using OfflinePatch.Disks.Raw;

namespace OfflinePatch.Disks.Clusters;

/// <summary>
/// Opens the image that another image is based on. The host decides whether parents may be opened at all (<see
/// cref="IImageFiles.OpenCompanion"/>).
/// </summary>
internal static class ParentChain
{
    /// <summary>Longest chain of parents; a longer one loops.</summary>
    public const int MaxParents = 64;

    /// <summary>Opens the parent of an image.</summary>
    /// <param name="files">The files of the image that names the parent.</param>
    /// <param name="formats">The known formats.</param>
    /// <param name="name">The name, as the image holds it.</param>
    /// <param name="format">The parent's format where the image says it; null to recognise it by content, RAW if nothing else fits.</param>
    /// <exception cref="RefusedException">Parents are not allowed, or the chain is too long.</exception>
    public static DiskImage Open(IImageFiles files, IFormatSet formats, string name, ImageFormat? format)
    {
        var depth = files is ParentFiles above ? above.Depth + 1 : 1;
        if (depth > MaxParents)
        {
            throw ClusterError.ChainTooLong(files.ImagePath, MaxParents);
        }

        var file = files.OpenCompanion(files.ImagePath, name, CompanionKind.Parent);
        var parent = new ParentFiles(files, file, depth);
        foreach (var candidate in formats.All)
        {
            // A RAW parent that is named as such is never probed: a guest could have written a container's header into it.
            if (candidate.Format != ImageFormat.Raw && (format is null ? candidate.Probe(file.Device) : candidate.Format == format))
            {
                return candidate.Open(parent, formats);
            }
        }

        return formats.OpenRaw(file.Device);
    }

    /// <summary>Opens the backing file of a QEMU format, whose name may carry a protocol.</summary>
    /// <param name="files">The files of the image that names it.</param>
    /// <param name="formats">The known formats.</param>
    /// <param name="name">The name, as the image holds it.</param>
    /// <param name="format">The format as QEMU names it, or null.</param>
    public static DiskImage OpenBacking(IImageFiles files, IFormatSet formats, string name, string? format)
    {
        if (name.StartsWith("file:", StringComparison.Ordinal))
        {
            name = name["file:".Length..];
        }

        // QEMU takes what stands before a colon for a protocol, unless a separator comes first.
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        if (colon >= 0 && name.AsSpan(0, colon).IndexOfAny('/', '\\') < 0 && colon != 1)
        {
            throw ClusterError.ParentProtocol(files.ImagePath, name);
        }

        if (string.IsNullOrEmpty(format))
        {
            return Open(files, formats, name, null);
        }

        var known = formats.All.FirstOrDefault(f => f.QemuName == format) ?? throw ClusterError.ParentFormat(files.ImagePath, format);
        return Open(files, formats, name, known.Format);
    }

    private sealed class ParentFiles(IImageFiles child, ImageFile file, int depth) : IImageFiles
    {
        public int Depth => depth;

        public string ImagePath => file.Path;

        public ResizableDevice Image => file.Device;

        public ImageFile OpenCompanion(string relativeTo, string name, CompanionKind kind) =>
            child.OpenCompanion(relativeTo, name, CompanionKind.Parent);
    }
}
