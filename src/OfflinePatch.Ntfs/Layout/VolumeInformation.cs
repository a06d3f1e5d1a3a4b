using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Layout;

/// <summary>The value of $VOLUME_INFORMATION in record 3. Source: Linux-NTFS documentation, $Volume.</summary>
internal readonly ref struct VolumeInformation
{
    private readonly ReadOnlySpan<byte> _bytes;

    private VolumeInformation(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Offsets; one line per field: type, name.</summary>
    public static class Layout
    {
        /// <summary>u8, major version.</summary>
        public const int Major = 0x08;

        /// <summary>u8, minor version.</summary>
        public const int Minor = 0x09;

        /// <summary>
        /// u16, 1 dirty, 2 resize log, 4 upgrade, 8 mounted on NT4, 10 delete USN, 20 repair object ids, 80 chkdsk ran, 4000 chkdsk under
        /// way, 8000 modified by chkdsk.
        /// </summary>
        public const int Flags = 0x0A;

        /// <summary>Bytes.</summary>
        public const int Size = 0x0C;
    }

    /// <summary>A view; false when <paramref name="value"/> is shorter than 12 bytes.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> value, out VolumeInformation view)
    {
        view = new VolumeInformation(value);
        return value.Length >= Layout.Size;
    }

    /// <summary>Major version.</summary>
    public byte Major => _bytes[Layout.Major];

    /// <summary>Minor version.</summary>
    public byte Minor => _bytes[Layout.Minor];

    /// <summary>Flags.</summary>
    public ushort Flags => BinaryPrimitives.ReadUInt16LittleEndian(_bytes[Layout.Flags..]);
}
