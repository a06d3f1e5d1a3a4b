using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Disks.Vmdk;

namespace OfflinePatch.Disks.Raw;

/// <summary>
/// RAW: the bytes of the disk. It has no magic of its own; a partition table or a volume boot sector distinguishes it from any other file.
/// </summary>
internal sealed class RawFormat : DiskFormat
{
    private const int BootSignatureOffset = 0x1FE; // u16 0xAA55: MBR, and the boot sector of an NTFS or FAT volume
    private const ushort BootSignature = 0xAA55;
    private static ReadOnlySpan<byte> GptSignature => "EFI PART"u8;

    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Raw;

    /// <inheritdoc/>
    public override bool Probe(BlockDevice file)
    {
        if (file.Length < 1024 || file.Length % 512 != 0)
        {
            return false;
        }

        Span<byte> sector = stackalloc byte[512];
        file.Read(0, sector);
        if (BinaryPrimitives.ReadUInt16LittleEndian(sector[BootSignatureOffset..]) == BootSignature)
        {
            return true;
        }

        // A protective MBR may be damaged: the GPT after it (sector 1 of 512 or of 4096 bytes) still says what this is.
        return HasGptHeader(file, 512) || HasGptHeader(file, 4096) || HasGptHeader(file, file.Length - 512)
            || HasGptHeader(file, file.Length - 4096);
    }

    /// <inheritdoc/>
    internal override DiskImage Open(IImageFiles files, IFormatSet formats)
    {
        // The data file of a flat VMDK: changing it alone would leave the descriptor's content id unchanged.
        var name = files.ImagePath[(files.ImagePath.LastIndexOfAny(['/', '\\']) + 1)..];
        return VmdkNames.DescriptorOfFlat(name) is { } descriptor ? throw VmdkError.FlatAlone(files.ImagePath, descriptor)
            : new RawImage(files.Image);
    }

    /// <inheritdoc/>
    public override DiskWriter CreateWriter(ResizableDevice output, long virtualSize, DiskWriterOptions options)
    {
        options.AllowOnly(Format, largeSectors: true);
        return new RawWriter(output, virtualSize);
    }

    private static bool HasGptHeader(BlockDevice file, long offset)
    {
        if (offset < 512 || offset > file.Length - 8)
        {
            return false;
        }

        Span<byte> signature = stackalloc byte[8];
        file.Read(offset, signature);
        return signature.SequenceEqual(GptSignature);
    }
}
