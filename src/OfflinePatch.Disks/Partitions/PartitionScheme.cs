namespace OfflinePatch.Disks.Partitions;

/// <summary>How a disk is divided.</summary>
public enum PartitionScheme
{
    /// <summary>No partition table: an empty disk, or one volume that fills it.</summary>
    None,

    /// <summary>Master boot record, with its extended partition followed.</summary>
    Mbr,

    /// <summary>GUID partition table.</summary>
    Gpt,
}
