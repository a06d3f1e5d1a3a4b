namespace OfflinePatch.Registry.Bcd;

/// <summary>What a device element points to.</summary>
public enum BcdDeviceKind
{
    /// <summary>None of those below; the raw bytes are kept.</summary>
    Unknown,

    /// <summary>The device that the boot manager was started from (<c>boot</c>).</summary>
    Boot,

    /// <summary>A partition of a GPT disk, by GUIDs.</summary>
    GptPartition,

    /// <summary>A partition of an MBR disk, by disk signature and byte offset.</summary>
    MbrPartition,

    /// <summary>Another local device: a whole disk, a floppy, a CD.</summary>
    Local,

    /// <summary>A RAM disk made from a file on another device.</summary>
    Ramdisk,

    /// <summary>A file on another device.</summary>
    File,

    /// <summary>A virtual disk in a file.</summary>
    VirtualDisk,

    /// <summary>The first device that holds a path (generalised images).</summary>
    Locate,

    /// <summary>Network boot.</summary>
    Network,
}
