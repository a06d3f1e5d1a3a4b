using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Compression;

/// <summary>
/// The data of a reparse point with tag 0x80000017 (after its 8-byte header). Source: WOF_EXTERNAL_INFO and FILE_PROVIDER_EXTERNAL_INFO_V1
/// in the Windows SDK.
/// </summary>
internal readonly ref struct WofReparsePoint
{
    /// <summary>Name of the stream that holds the compressed content.</summary>
    public const string StreamName = "WofCompressedData";

    private readonly ReadOnlySpan<byte> _data;

    private WofReparsePoint(ReadOnlySpan<byte> data) => _data = data;

    /// <summary>Field offsets.</summary>
    public static class Layout
    {
        /// <summary>0x00 u32 version of WOF_EXTERNAL_INFO: 1.</summary>
        public const int Version = 0x00;

        /// <summary>0x04 u32 provider: 1 WIM, 2 file (CompactOS).</summary>
        public const int Provider = 0x04;

        /// <summary>0x08 u32 version of the provider's data: 1.</summary>
        public const int ProviderVersion = 0x08;

        /// <summary>0x0C u32 algorithm (file provider).</summary>
        public const int Algorithm = 0x0C;

        /// <summary>Bytes that the file provider needs.</summary>
        public const int Length = 0x10;
    }

    /// <summary>1: WIM (WIMBoot), 2: file (CompactOS).</summary>
    public uint Provider => BinaryPrimitives.ReadUInt32LittleEndian(_data[Layout.Provider..]);

    /// <summary>The algorithm.</summary>
    /// <exception cref="UnsupportedImageException"><c>NTFS-5134</c> another provider or version, <c>NTFS-5135</c> an unknown
    /// algorithm.</exception>
    public WofAlgorithm Algorithm
    {
        get
        {
            var version = BinaryPrimitives.ReadUInt32LittleEndian(_data[Layout.Version..]);
            var providerVersion = BinaryPrimitives.ReadUInt32LittleEndian(_data[Layout.ProviderVersion..]);
            if (version != 1 || Provider != 2 || providerVersion != 1)
            {
                throw CompressionError.WofProvider(version, Provider, providerVersion);
            }

            var algorithm = BinaryPrimitives.ReadUInt32LittleEndian(_data[Layout.Algorithm..]);
            return algorithm <= (uint)WofAlgorithm.Xpress16K ? (WofAlgorithm)algorithm
                : throw CompressionError.WofAlgorithmUnknown(algorithm);
        }
    }

    /// <summary>A view of the reparse data after tag, length and reserved field.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-5133</c>: fewer than 16 bytes.</exception>
    public static WofReparsePoint Over(ReadOnlySpan<byte> data) =>
        data.Length >= Layout.Length ? new WofReparsePoint(data) : throw CompressionError.WofReparseShort(data.Length);
}
