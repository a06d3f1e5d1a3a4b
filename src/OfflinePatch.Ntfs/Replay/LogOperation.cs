namespace OfflinePatch.Ntfs.Replay;

/// <summary>
/// What a log record does to its target. Source: Linux-NTFS documentation, $LogFile (numbers from ntfs3's fslog.c, facts).
/// </summary>
internal enum LogOperation
{
    /// <summary>Nothing.</summary>
    Noop = 0x00,

    /// <summary>Only as undo: the record undoes another one itself.</summary>
    CompensationLogRecord = 0x01,

    /// <summary>Writes the start of a FILE record.</summary>
    InitializeFileRecordSegment = 0x02,

    /// <summary>Frees a FILE record: not in use, sequence number + 1.</summary>
    DeallocateFileRecordSegment = 0x03,

    /// <summary>Replaces a FILE record from an attribute to its end.</summary>
    WriteEndOfFileRecordSegment = 0x04,

    /// <summary>Inserts an attribute.</summary>
    CreateAttribute = 0x05,

    /// <summary>Removes an attribute.</summary>
    DeleteAttribute = 0x06,

    /// <summary>Changes, and resizes, a resident value.</summary>
    UpdateResidentValue = 0x07,

    /// <summary>Writes bytes of a non-resident stream.</summary>
    UpdateNonresidentValue = 0x08,

    /// <summary>Replaces the mapping pairs from an offset on.</summary>
    UpdateMappingPairs = 0x09,

    /// <summary>Says that clusters are no longer owned: no redo for them.</summary>
    DeleteDirtyClusters = 0x0A,

    /// <summary>Sets the sizes of a non-resident attribute.</summary>
    SetNewAttributeSizes = 0x0B,

    /// <summary>Inserts an entry into $INDEX_ROOT.</summary>
    AddIndexEntryRoot = 0x0C,

    /// <summary>Removes an entry from $INDEX_ROOT.</summary>
    DeleteIndexEntryRoot = 0x0D,

    /// <summary>Inserts an entry into an index block.</summary>
    AddIndexEntryAllocation = 0x0E,

    /// <summary>Removes an entry from an index block.</summary>
    DeleteIndexEntryAllocation = 0x0F,

    /// <summary>Replaces an index block from an entry to its end.</summary>
    WriteEndOfIndexBuffer = 0x10,

    /// <summary>Sets the sub-node of an entry in $INDEX_ROOT.</summary>
    SetIndexEntryVcnRoot = 0x11,

    /// <summary>Sets the sub-node of an entry in an index block.</summary>
    SetIndexEntryVcnAllocation = 0x12,

    /// <summary>Sets times, sizes and attributes of an entry in $INDEX_ROOT.</summary>
    UpdateFileNameRoot = 0x13,

    /// <summary>Sets times, sizes and attributes of an entry in an index block.</summary>
    UpdateFileNameAllocation = 0x14,

    /// <summary>Sets bits of a bitmap.</summary>
    SetBitsInNonresidentBitMap = 0x15,

    /// <summary>Clears bits of a bitmap.</summary>
    ClearBitsInNonresidentBitMap = 0x16,

    /// <summary>A cluster was replaced by another one.</summary>
    HotFix = 0x17,

    /// <summary>A nested action is complete: undo continues before it.</summary>
    EndTopLevelAction = 0x18,

    /// <summary>The transaction is prepared.</summary>
    PrepareTransaction = 0x19,

    /// <summary>The transaction is committed.</summary>
    CommitTransaction = 0x1A,

    /// <summary>The transaction is over.</summary>
    ForgetTransaction = 0x1B,

    /// <summary>Enters an attribute into the open attribute table.</summary>
    OpenNonresidentAttribute = 0x1C,

    /// <summary>Checkpoint: the open attribute table.</summary>
    OpenAttributeTableDump = 0x1D,

    /// <summary>Checkpoint: the names of open attributes.</summary>
    AttributeNamesDump = 0x1E,

    /// <summary>Checkpoint: the dirty page table.</summary>
    DirtyPageTableDump = 0x1F,

    /// <summary>Checkpoint: the transaction table.</summary>
    TransactionTableDump = 0x20,

    /// <summary>Sets the data of a view index entry in the root.</summary>
    UpdateRecordDataRoot = 0x21,

    /// <summary>Sets the data of a view index entry in a block.</summary>
    UpdateRecordDataAllocation = 0x22,

    /// <summary>Zeroes the end of a FILE record.</summary>
    ZeroEndOfFileRecord = 0x25,
}
