using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>VMDK: VMware's virtual disks, from a single sparse file to a text file that names many.</summary>
internal sealed class VmdkFormat : DiskFormat
{
    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Vmdk;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Variants => ["monolithicSparse", "streamOptimized"];

    /// <inheritdoc/>
    public override bool Compresses(string? variant, string compression) => variant == "streamOptimized" && compression == "zlib";

    /// <inheritdoc/>
    public override bool Probe(BlockDevice file)
    {
        Span<byte> start = stackalloc byte[(int)Math.Min(VmdkLayout.DescriptorProbeBytes, file.Length)];
        file.Read(0, start);
        return (start.Length >= sizeof(uint) && BinaryPrimitives.ReadUInt32LittleEndian(start) == VmdkLayout.SparseMagic)
            || IsCowd(start) || IsSeSparse(start) || VmdkDescriptor.IsDescriptor(start);
    }

    /// <inheritdoc/>
    internal override DiskImage Open(IImageFiles files, IFormatSet formats) => new VmdkOpener(files).Open();

    /// <summary>Variants that are written: <c>monolithicSparse</c> (default) and <c>streamOptimized</c>.</summary>
    /// <exception cref="UnsupportedImageException">Another variant (<c>VMDK-0111</c>), or a disk of 2 TiB and more
    /// (<c>VMDK-0110</c>).</exception>
    public override DiskWriter CreateWriter(ResizableDevice output, long virtualSize, DiskWriterOptions options)
    {
        options.AllowOnly(Format, subformat: true, compression: options is { Subformat: "streamOptimized", Compression: "zlib" });
        return options.Subformat switch
        {
            null or "monolithicSparse" => new VmdkSparseWriter(output, virtualSize, options),
            "streamOptimized" => new VmdkStreamWriter(output, virtualSize, options),
            _ => throw VmdkError.UnknownSubformat(options.Subformat),
        };
    }

    /// <summary>Whether the file starts as a COWD extent.</summary>
    internal static bool IsCowd(ReadOnlySpan<byte> start) =>
        start.Length >= sizeof(uint) && BinaryPrimitives.ReadUInt32LittleEndian(start) == VmdkLayout.CowdMagic;

    /// <summary>Whether the file starts as a seSparse extent.</summary>
    internal static bool IsSeSparse(ReadOnlySpan<byte> start) =>
        start.Length >= 16 && BinaryPrimitives.ReadUInt64LittleEndian(start) == VmdkLayout.SeSparseMagic
        && BinaryPrimitives.ReadUInt64LittleEndian(start[8..]) == SeSparseExtent.Layout.VersionValue;
}
