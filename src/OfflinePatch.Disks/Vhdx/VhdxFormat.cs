using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;

namespace OfflinePatch.Disks.Vhdx;

/// <summary>VHDX: fixed, dynamic, differencing.</summary>
internal sealed class VhdxFormat : DiskFormat
{
    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Vhdx;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Variants => ["dynamic"];

    /// <inheritdoc/>
    public override bool KeepsSectorSize => true;

    /// <inheritdoc/>
    public override bool Probe(BlockDevice file)
    {
        if (file.Length < 8)
        {
            return false;
        }

        Span<byte> start = stackalloc byte[8];
        file.Read(0, start);
        return start.SequenceEqual(VhdxLayout.FileSignature);
    }

    /// <inheritdoc/>
    internal override DiskImage Open(IImageFiles files, IFormatSet formats)
    {
        var header = VhdxHeader.Read(files.Image);
        var file = new VhdxPatchedFile(files.Image);
        VhdxLog.Replay(file, header);
        var regions = VhdxRegions.Read(file);
        var metadata = VhdxMetadata.Read(file, regions);
        if (!metadata.HasParent)
        {
            return new VhdxImage(file, header, regions, metadata, null);
        }

        var parent = OpenParent(files, formats, metadata);
        try
        {
            return new VhdxImage(file, header, regions, metadata, parent);
        }
        catch
        {
            parent.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override DiskWriter CreateWriter(ResizableDevice output, long virtualSize, DiskWriterOptions options)
    {
        options.AllowOnly(Format, subformat: true, largeSectors: true);
        return options.Subformat is null or "dynamic"
            ? new VhdxWriter(output, virtualSize, options.SectorSize, options.Identity)
            : throw VhdxError.Subformat(options.Subformat);
    }

    private static DiskImage OpenParent(IImageFiles files, IFormatSet formats, VhdxMetadata metadata)
    {
        var locator = metadata.ParentLocator;
        string[] names = [locator.GetValueOrDefault("relative_path", ""), locator.GetValueOrDefault("absolute_win32_path", ""),
            locator.GetValueOrDefault("volume_path", "")];
        var (parent, name) = WindowsParent.Open(files, formats, names, tried => VhdxError.NoParent(files.ImagePath, tried));
        if (parent is not VhdxImage vhdx)
        {
            parent.Dispose();
            throw VhdxError.ParentFormat(name, parent.Format);
        }

        var linkage = locator.GetValueOrDefault("parent_linkage", "");
        if (!IsId(linkage, vhdx.DataWriteGuid) && !IsId(locator.GetValueOrDefault("parent_linkage2", ""), vhdx.DataWriteGuid))
        {
            parent.Dispose();
            throw VhdxError.ParentId(name, linkage, vhdx.DataWriteGuid);
        }

        return parent;
    }

    private static bool IsId(string text, Guid id) => Guid.TryParse(text, out var parsed) && parsed == id;
}
