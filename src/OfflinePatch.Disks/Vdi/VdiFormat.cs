using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vdi;

/// <summary>VDI: VirtualBox's virtual disks.</summary>
internal sealed class VdiFormat : DiskFormat
{
    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Vdi;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Variants => ["dynamic"];

    /// <inheritdoc/>
    public override bool Probe(BlockDevice file)
    {
        if (file.Length < VdiLayout.Version)
        {
            return false;
        }

        Span<byte> signature = stackalloc byte[sizeof(uint)];
        file.Read(VdiLayout.Signature, signature);
        return BinaryPrimitives.ReadUInt32LittleEndian(signature) == VdiLayout.SignatureValue;
    }

    /// <inheritdoc/>
    internal override DiskImage Open(IImageFiles files, IFormatSet formats) => VdiImage.Open(files, formats);

    /// <inheritdoc/>
    public override DiskWriter CreateWriter(ResizableDevice output, long virtualSize, DiskWriterOptions options)
    {
        options.AllowOnly(Format, subformat: true);
        return options.Subformat is null or "dynamic" ? new VdiWriter(output, virtualSize, options.Identity)
            : throw VdiError.NotAVariant(options.Subformat);
    }
}
