namespace OfflinePatch.Disks;

/// <summary>The known formats, as a format sees them that opens another image: a parent, or the disk inside a package.</summary>
internal interface IFormatSet
{
    /// <summary>Every format, in the order in which they are probed; RAW is the last.</summary>
    IReadOnlyList<DiskFormat> All { get; }

    /// <summary>Recognises and opens an image or a package by its content.</summary>
    DiskImage Open(IImageFiles files);

    /// <summary>Whether a file is an image of a known format, or a package.</summary>
    bool IsImage(IImageFiles files);

    /// <summary>The bytes of a file as a disk.</summary>
    DiskImage OpenRaw(ResizableDevice file);
}
