using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;

namespace OfflinePatch.Disks.Vhd;

/// <summary>VHD: fixed, dynamic, differencing.</summary>
internal sealed class VhdFormat : DiskFormat
{
    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Vhd;

    /// <inheritdoc/>
    public override string? QemuName => "vpc";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Variants => ["dynamic", "fixed"];

    /// <inheritdoc/>
    public override bool Probe(BlockDevice file) => VhdFooter.Probe(file);

    /// <inheritdoc/>
    internal override DiskImage Open(IImageFiles files, IFormatSet formats)
    {
        var footer = VhdFooter.Read(files.Image);
        switch (footer.DiskType)
        {
            case VhdLayout.TypeFixed:
                return new VhdFixedImage(files.Image, footer);
            case VhdLayout.TypeDynamic:
                return new VhdDynamicImage(files.Image, footer, VhdHeader.Read(files.Image, footer.DataOffset), null);
            case VhdLayout.TypeDifferencing:
                var header = VhdHeader.Read(files.Image, footer.DataOffset);
                var parent = OpenParent(files, formats, header);
                try
                {
                    return new VhdDynamicImage(files.Image, footer, header, parent);
                }
                catch
                {
                    parent.Dispose();
                    throw;
                }

            default:
                throw VhdError.DiskType(footer.DiskType);
        }
    }

    /// <inheritdoc/>
    public override DiskWriter CreateWriter(ResizableDevice output, long virtualSize, DiskWriterOptions options)
    {
        options.AllowOnly(Format, subformat: true);
        return options.Subformat switch
        {
            null or "dynamic" => new VhdDynamicWriter(output, virtualSize, options.Identity),
            "fixed" => new VhdFixedWriter(output, virtualSize, options.Identity),
            _ => throw VhdError.Subformat(options.Subformat),
        };
    }

    private static DiskImage OpenParent(IImageFiles files, IFormatSet formats, VhdHeader header)
    {
        var (parent, name) =
            WindowsParent.Open(files, formats, header.ParentNames(files.Image), tried => VhdError.NoParent(files.ImagePath, tried));
        var actual = parent switch
        {
            VhdFixedImage fixedImage => fixedImage.UniqueId,
            VhdDynamicImage dynamic => dynamic.UniqueId,
            _ => (Guid?)null,
        };
        if (actual != header.ParentId)
        {
            var format = parent.Format;
            parent.Dispose();
            throw actual is { } id ? VhdError.ParentId(name, header.ParentId, id) : VhdError.ParentFormat(name, format);
        }

        return parent;
    }
}
