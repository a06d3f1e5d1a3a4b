using System.Buffers.Binary;
using System.Numerics;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.LogState;

/// <summary>
/// One of the two restart pages of $LogFile, with its update sequence undone. Source: Linux-NTFS documentation, $LogFile (from ntfs-3g's
/// logfile.h and ntfs3's fslog.c, facts).
/// </summary>
internal readonly ref struct RestartPage
{
    /// <summary>Largest page that a log may have: 64 KiB, as in ntfs3.</summary>
    public const int MaximumPageSize = 64 * 1024;

    /// <summary>"No client" in the client lists.</summary>
    public const ushort NoClient = 0xFFFF;

    /// <summary>Flag of the restart area: the log was closed cleanly.</summary>
    public const ushort CleanFlag = 2;

    private readonly ReadOnlySpan<byte> _page;
    private readonly ReadOnlySpan<byte> _area;

    private RestartPage(ReadOnlySpan<byte> page)
    {
        _page = page;
        _area = page[BinaryPrimitives.ReadUInt16LittleEndian(page[Layout.AreaOffset..])..];
    }

    /// <summary>Field offsets of the page header.</summary>
    public static class Layout
    {
        /// <summary>4 bytes, <c>RSTR</c>, or <c>CHKD</c> after chkdsk.</summary>
        public const int Magic = 0x00;

        /// <summary>u32, bytes of a restart page.</summary>
        public const int SystemPageSize = 0x10;

        /// <summary>u32, bytes of a log record page.</summary>
        public const int LogPageSize = 0x14;

        /// <summary>u16, offset of the restart area.</summary>
        public const int AreaOffset = 0x18;

        /// <summary>s16, minor version.</summary>
        public const int MinorVersion = 0x1A;

        /// <summary>s16, major version.</summary>
        public const int MajorVersion = 0x1C;

        /// <summary>Bytes of the header.</summary>
        public const int Size = 0x1E;
    }

    /// <summary>Field offsets of the restart area.</summary>
    public static class AreaLayout
    {
        /// <summary>u64, the newest LSN when the page was written.</summary>
        public const int CurrentLsn = 0x00;

        /// <summary>u16, entries of the client array.</summary>
        public const int ClientCount = 0x08;

        /// <summary>u16, first free client, or FFFF.</summary>
        public const int FreeList = 0x0A;

        /// <summary>u16, first client in use, or FFFF.</summary>
        public const int InUseList = 0x0C;

        /// <summary>u16, flags: 2 clean.</summary>
        public const int Flags = 0x0E;

        /// <summary>u32, bits of an LSN that are the sequence number: 67 - bits of the file size.</summary>
        public const int SequenceBits = 0x10;

        /// <summary>u16, bytes of the area with its clients.</summary>
        public const int Length = 0x14;

        /// <summary>u16, offset of the client array in the area.</summary>
        public const int ClientArrayOffset = 0x16;

        /// <summary>u64, bytes of the log.</summary>
        public const int FileSize = 0x18;

        /// <summary>u32, bytes of the data of the last record.</summary>
        public const int LastDataLength = 0x20;

        /// <summary>u16, bytes of a record header: 0x30.</summary>
        public const int RecordHeaderLength = 0x24;

        /// <summary>u16, where records start in a page.</summary>
        public const int PageDataOffset = 0x26;

        /// <summary>u32, changes at every open.</summary>
        public const int OpenCount = 0x28;

        /// <summary>Bytes without clients.</summary>
        public const int Size = 0x30;
    }

    /// <summary>Field offsets of a client record; there is one, NTFS.</summary>
    public static class ClientLayout
    {
        /// <summary>u64, the oldest LSN that the client needs.</summary>
        public const int OldestLsn = 0x00;

        /// <summary>u64, LSN of the client's newest restart record (checkpoint).</summary>
        public const int RestartLsn = 0x08;

        /// <summary>u16, previous and, at 0x12, next client.</summary>
        public const int Previous = 0x10;

        /// <summary>u16, sequence number.</summary>
        public const int Sequence = 0x14;

        /// <summary>u32, bytes of the name.</summary>
        public const int NameLength = 0x1C;

        /// <summary>UTF-16 name, <c>NTFS</c>.</summary>
        public const int Name = 0x20;

        /// <summary>Bytes.</summary>
        public const int Size = 0xA0;
    }

    /// <summary>The page's bytes.</summary>
    public ReadOnlySpan<byte> Bytes => _page;

    /// <summary>Bytes of a restart page.</summary>
    public int SystemPageSize => BinaryPrimitives.ReadInt32LittleEndian(_page[Layout.SystemPageSize..]);

    /// <summary>Bytes of a record page.</summary>
    public int LogPageSize => BinaryPrimitives.ReadInt32LittleEndian(_page[Layout.LogPageSize..]);

    /// <summary>Where the restart area starts in the page.</summary>
    public int AreaOffset => BinaryPrimitives.ReadUInt16LittleEndian(_page[Layout.AreaOffset..]);

    /// <summary>Major version.</summary>
    public short MajorVersion => BinaryPrimitives.ReadInt16LittleEndian(_page[Layout.MajorVersion..]);

    /// <summary>Minor version.</summary>
    public short MinorVersion => BinaryPrimitives.ReadInt16LittleEndian(_page[Layout.MinorVersion..]);

    /// <summary>The newest LSN.</summary>
    public ulong CurrentLsn => BinaryPrimitives.ReadUInt64LittleEndian(_area);

    /// <summary>Entries of the client array.</summary>
    public int ClientCount => BinaryPrimitives.ReadUInt16LittleEndian(_area[AreaLayout.ClientCount..]);

    /// <summary>First client in use.</summary>
    public ushort InUseList => BinaryPrimitives.ReadUInt16LittleEndian(_area[AreaLayout.InUseList..]);

    /// <summary>Flags.</summary>
    public ushort Flags => BinaryPrimitives.ReadUInt16LittleEndian(_area[AreaLayout.Flags..]);

    /// <summary>Sequence bits of an LSN.</summary>
    public uint SequenceBits => BinaryPrimitives.ReadUInt32LittleEndian(_area[AreaLayout.SequenceBits..]);

    /// <summary>Bytes of the log.</summary>
    public long FileSize => BinaryPrimitives.ReadInt64LittleEndian(_area[AreaLayout.FileSize..]);

    /// <summary>Bytes of a record header.</summary>
    public int RecordHeaderLength => BinaryPrimitives.ReadUInt16LittleEndian(_area[AreaLayout.RecordHeaderLength..]);

    /// <summary>Where records start in a page.</summary>
    public int PageDataOffset => BinaryPrimitives.ReadUInt16LittleEndian(_area[AreaLayout.PageDataOffset..]);

    /// <summary>Closed, or without a client: nothing to replay.</summary>
    public bool IsClosed => InUseList == NoClient || (Flags & CleanFlag) != 0;

    /// <summary>The oldest LSN that the first client needs; 0 without one.</summary>
    public ulong OldestLsn => Client is { Length: > 0 } client ? BinaryPrimitives.ReadUInt64LittleEndian(client) : 0;

    /// <summary>LSN of the first client's newest checkpoint; 0 without one.</summary>
    public ulong RestartLsn => Client is { Length: > 0 } client
        ? BinaryPrimitives.ReadUInt64LittleEndian(client[ClientLayout.RestartLsn..]) : 0;

    private ReadOnlySpan<byte> Client
    {
        get
        {
            var offset = BinaryPrimitives.ReadUInt16LittleEndian(_area[AreaLayout.ClientArrayOffset..]);
            return ClientCount == 0 ? default : _area.Slice(offset, ClientLayout.Size);
        }
    }

    /// <summary>
    /// Bytes of the page whose first bytes are <paramref name="start"/>, or 0 when they are no restart page of a possible size.
    /// </summary>
    public static int PageSizeOf(ReadOnlySpan<byte> start)
    {
        if (start.Length < Layout.Size || !(start[..4].SequenceEqual("RSTR"u8) || start[..4].SequenceEqual("CHKD"u8)))
        {
            return 0;
        }

        var size = BinaryPrimitives.ReadUInt32LittleEndian(start[Layout.SystemPageSize..]);
        var log = BinaryPrimitives.ReadUInt32LittleEndian(start[Layout.LogPageSize..]);
        return size is >= 512 and <= MaximumPageSize && BitOperations.IsPow2(size) && log is >= 512 and <= MaximumPageSize
            && BitOperations.IsPow2(log)
            ? (int)size
            : 0;
    }

    /// <summary>A view of a page that <see cref="TryDecode"/> accepted before.</summary>
    internal static RestartPage OverDecoded(ReadOnlySpan<byte> page) => new(page);

    /// <summary>Undoes the update sequence of a page and checks that everything lies inside it. False: no valid page.</summary>
    public static bool TryDecode(Span<byte> page, out RestartPage view)
    {
        view = default;
        if (PageSizeOf(page) != page.Length || !UpdateSequence.TryDecode(page))
        {
            return false;
        }

        int area = BinaryPrimitives.ReadUInt16LittleEndian(page[Layout.AreaOffset..]);
        if (area < Layout.Size || area % 8 != 0 || area + AreaLayout.Size > page.Length)
        {
            return false;
        }

        view = new RestartPage(page);
        int clients = BinaryPrimitives.ReadUInt16LittleEndian(page[(area + AreaLayout.ClientArrayOffset)..]);
        return view.ClientCount == 0 || (clients >= AreaLayout.Size - 8 && clients % 8 == 0
            && area + clients + (view.ClientCount * ClientLayout.Size) <= page.Length);
    }
}
