using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Layout;

/// <summary>The value of $REPARSE_POINT. Source: [MS-FSCC] 2.1.2.</summary>
internal readonly ref struct ReparsePoint
{
    private readonly ReadOnlySpan<byte> _bytes;

    private ReparsePoint(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Offsets; one line per field: type, name.</summary>
    public static class Layout
    {
        /// <summary>u32, tag.</summary>
        public const int Tag = 0x00;

        /// <summary>u16, bytes after the header.</summary>
        public const int DataLength = 0x04;

        /// <summary>The content.</summary>
        public const int Content = 0x08;
    }

    /// <summary>A mount point or junction.</summary>
    public const uint MountPoint = 0xA0000003;

    /// <summary>A symbolic link.</summary>
    public const uint SymbolicLink = 0xA000000C;

    /// <summary>Windows Overlay Filter: WIMBoot or CompactOS.</summary>
    public const uint Wof = 0x80000017;

    /// <summary>Data deduplication.</summary>
    public const uint Dedup = 0x80000013;

    /// <summary>A view; false when <paramref name="value"/> is shorter than its header.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> value, out ReparsePoint view)
    {
        view = new ReparsePoint(value);
        return value.Length >= Layout.Content;
    }

    /// <summary>Tag.</summary>
    public uint Tag => BinaryPrimitives.ReadUInt32LittleEndian(_bytes);

    /// <summary>What follows the header.</summary>
    public ReadOnlySpan<byte> Content => _bytes[Layout.Content..];
}
