namespace OfflinePatch.Ntfs.Layout;

/// <summary>A file reference: record number (48 bits) and the sequence number that the record had.</summary>
/// <param name="Value">As on disk.</param>
public readonly record struct FileReference(ulong Value)
{
    /// <summary>$MFT.</summary>
    public const long MftRecord = 0;

    /// <summary>$MFTMirr.</summary>
    public const long MirrorRecord = 1;

    /// <summary>$LogFile.</summary>
    public const long LogFileRecord = 2;

    /// <summary>$Volume.</summary>
    public const long VolumeRecord = 3;

    /// <summary>$AttrDef.</summary>
    public const long AttrDefRecord = 4;

    /// <summary>The root directory.</summary>
    public const long RootRecord = 5;

    /// <summary>$Bitmap.</summary>
    public const long BitmapRecord = 6;

    /// <summary>$Boot.</summary>
    public const long BootRecord = 7;

    /// <summary>$BadClus.</summary>
    public const long BadClusRecord = 8;

    /// <summary>$Secure.</summary>
    public const long SecureRecord = 9;

    /// <summary>$UpCase.</summary>
    public const long UpCaseRecord = 10;

    /// <summary>$Extend.</summary>
    public const long ExtendRecord = 11;

    /// <summary>The first record that user files take; those below are metafiles or reserved.</summary>
    public const long FirstUserRecord = 24;

    /// <summary>Builds a reference.</summary>
    public FileReference(long record, ushort sequence)
        : this((ulong)record | ((ulong)sequence << 48))
    {
    }

    /// <summary>Record number, 0..2^48-1.</summary>
    public long Record => (long)(Value & 0xFFFF_FFFF_FFFF);

    /// <summary>Sequence number.</summary>
    public ushort Sequence => (ushort)(Value >> 48);

    /// <inheritdoc/>
    public override string ToString() => $"{Record}-{Sequence}";
}
