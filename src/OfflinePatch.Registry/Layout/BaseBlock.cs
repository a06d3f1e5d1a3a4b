using System.Buffers.Binary;

namespace OfflinePatch.Registry.Layout;

/// <summary>The first 4096 bytes of a hive, or the first 512 of a log. Source: msuhanov/regf, "Base block".</summary>
internal readonly ref struct BaseBlock
{
    /// <summary>Bytes before the first hive bin.</summary>
    public const int Size = 0x1000;

    /// <summary>Bytes covered by the checksum, with the checksum itself: what a log holds of the base block.</summary>
    public const int SectorSize = 0x200;

    /// <summary>The most bytes of hive bins that a hive may have: 2 GiB is the kernel's limit, an array's length ours.</summary>
    public const uint MaxBinsSize = 0x7FFF0000;

    public static class Layout
    {
        public const int Signature = 0x000; // 4, "regf"
        public const int PrimarySequence = 0x004; // u32, bumped when a write starts
        public const int SecondarySequence = 0x008; // u32, set equal when it ends
        public const int LastWritten = 0x00C; // FILETIME; not updated since Windows 8.1
        public const int MajorVersion = 0x014; // u32, 1
        public const int MinorVersion = 0x018; // u32, 3..6 (0..2 before Windows 2000)
        public const int FileType = 0x01C; // u32, HiveFileType
        public const int FileFormat = 0x020; // u32, 1
        public const int RootCell = 0x024; // u32, CellOffset of the root key node
        public const int BinsSize = 0x028; // u32, bytes of hive bins, a multiple of 4096
        public const int ClusteringFactor = 0x02C; // u32, 1
        public const int FileName = 0x030; // 64 bytes, UTF-16 tail of the path
        public const int Flags = 0x090; // u32, bit 0 a transaction is pending, bit 1 layered keys
        public const int LastReorganized = 0x0A8; // FILETIME
        public const int Checksum = 0x1FC; // u32, XOR of the 127 u32 before it; never 0 or 0xFFFFFFFF
    }

    public static ReadOnlySpan<byte> SignatureBytes => "regf"u8;

    private readonly ReadOnlySpan<byte> _bytes;

    private BaseBlock(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>A view over at least 512 bytes.</summary>
    public static bool TryRead(ReadOnlySpan<byte> file, out BaseBlock block)
    {
        block = default;
        if (file.Length < SectorSize)
        {
            return false;
        }

        block = new BaseBlock(file[..SectorSize]);
        return true;
    }

    public bool HasSignature => _bytes[..4].SequenceEqual(SignatureBytes);

    public uint PrimarySequence => U32(Layout.PrimarySequence);

    public uint SecondarySequence => U32(Layout.SecondarySequence);

    /// <summary>Both sequence numbers; zeros of a file that is too short for a base block.</summary>
    public (uint Primary, uint Secondary) Sequences => _bytes.IsEmpty ? (0, 0) : (PrimarySequence, SecondarySequence);

    public ulong LastWritten => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[Layout.LastWritten..]);

    public uint MajorVersion => U32(Layout.MajorVersion);

    public uint MinorVersion => U32(Layout.MinorVersion);

    public HiveFileType FileType => (HiveFileType)U32(Layout.FileType);

    public uint FileFormat => U32(Layout.FileFormat);

    public CellOffset RootCell => new(U32(Layout.RootCell));

    public uint BinsSize => U32(Layout.BinsSize);

    public uint ClusteringFactor => U32(Layout.ClusteringFactor);

    public uint Flags => U32(Layout.Flags);

    /// <summary>Whether keys may be layers over those of another hive (containers, 1607 and later).</summary>
    public bool IsLayered => MinorVersion >= 6 && (Flags & 2) != 0;

    public uint Checksum => U32(Layout.Checksum);

    public bool IsChecksumValid => Checksum == ComputeChecksum(_bytes);

    /// <summary>The file name that the hive carries, for messages.</summary>
    public string FileName
    {
        get
        {
            var name = System.Text.Encoding.Unicode.GetString(_bytes.Slice(Layout.FileName, 64));
            var end = name.IndexOf('\0', StringComparison.Ordinal);
            return end < 0 ? name : name[..end];
        }
    }

    /// <summary>XOR of the first 127 words; 0xFFFFFFFF becomes 0xFFFFFFFE and 0 becomes 1.</summary>
    public static uint ComputeChecksum(ReadOnlySpan<byte> sector)
    {
        var sum = 0u;
        for (var i = 0; i < Layout.Checksum; i += 4)
        {
            sum ^= BinaryPrimitives.ReadUInt32LittleEndian(sector[i..]);
        }

        return sum switch
        {
            0 => 1,
            0xFFFFFFFF => 0xFFFFFFFE,
            _ => sum,
        };
    }

    private uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[offset..]);
}
