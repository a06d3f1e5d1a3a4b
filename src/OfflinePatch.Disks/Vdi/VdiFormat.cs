using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vdi;

/// <summary>VDI: VirtualBox's virtual disks.</summary>
internal sealed class VdiFormat : DiskFormat
{
    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Vdi;

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
    public override DiskImage Open(IImageFiles files) => VdiImage.Open(files);

    /// <inheritdoc/>
    public override DiskWriter CreateWriter(ResizableDevice output, long virtualSize, DiskWriterOptions options)
    {
        options.AllowOnly(Format, subformat: true);
        return options.Subformat is null or "dynamic" ? new VdiWriter(output, virtualSize, options.Identity) : throw VdiError.NotAVariant(options.Subformat);
    }
}
