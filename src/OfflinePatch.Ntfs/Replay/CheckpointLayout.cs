namespace OfflinePatch.Ntfs.Replay;

/// <summary>
/// Offsets of the data of a checkpoint; one line per field: type, name. Each LSN is that of the record that holds the table. Source:
/// Linux-NTFS documentation, $LogFile; ntfs3's fslog.c (facts).
/// </summary>
internal static class CheckpointLayout
{
    /// <summary>u32, version of the tables: 0 or 1.</summary>
    public const int Version = 0x00;

    /// <summary>u64, LSN from which the log is read; 0: after the checkpoint.</summary>
    public const int StartLsn = 0x08;

    /// <summary>u64, open attributes.</summary>
    public const int AttributesLsn = 0x10;

    /// <summary>u64, names of attributes.</summary>
    public const int NamesLsn = 0x18;

    /// <summary>u64, dirty pages.</summary>
    public const int PagesLsn = 0x20;

    /// <summary>u64, transactions.</summary>
    public const int TransactionsLsn = 0x28;

    /// <summary>u32, bytes of the table of open attributes.</summary>
    public const int AttributesLength = 0x30;

    /// <summary>u32, bytes of the names.</summary>
    public const int NamesLength = 0x34;

    /// <summary>u32, bytes of the table of dirty pages.</summary>
    public const int PagesLength = 0x38;

    /// <summary>u32, bytes of the table of transactions.</summary>
    public const int TransactionsLength = 0x3C;

    /// <summary>Bytes.</summary>
    public const int Size = 0x40;
}
