namespace OfflinePatch.Disks;

/// <summary>The container formats, by the names that the command line uses.</summary>
public enum ImageFormat
{
    /// <summary>The bytes of the disk, nothing else.</summary>
    Raw,

    /// <summary>VMware virtual disk, any createType.</summary>
    Vmdk,

    /// <summary>Microsoft VHD (Virtual PC).</summary>
    Vhd,

    /// <summary>Microsoft VHDX.</summary>
    Vhdx,

    /// <summary>VirtualBox VDI.</summary>
    Vdi,

    /// <summary>QEMU copy-on-write, version 2 and 3.</summary>
    Qcow2,

    /// <summary>QEMU copy-on-write, version 1.</summary>
    Qcow,

    /// <summary>QEMU enhanced disk.</summary>
    Qed,

    /// <summary>Huawei ZVHD: a stream of compressed blocks.</summary>
    Zvhd,

    /// <summary>Huawei ZVHD2: independently compressed blocks with an index.</summary>
    Zvhd2,
}
