namespace OfflinePatch.Core.Hosting;

/// <summary>What stands under a path of the host.</summary>
internal enum HostFileType
{
    /// <summary>Nothing, or nothing that may be seen.</summary>
    Missing,

    /// <summary>A file with content: the only kind that is opened.</summary>
    RegularFile,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A named pipe. Opening one waits for its other end.</summary>
    Pipe,

    /// <summary>A socket.</summary>
    Socket,

    /// <summary>A character device. Opening some has effects: a watchdog starts, a tape rewinds.</summary>
    CharacterDevice,

    /// <summary>A block device: a disk, a partition, a logical volume.</summary>
    BlockDevice,

    /// <summary>A symbolic link, where links are not followed.</summary>
    Link,

    /// <summary>There is something, and the host cannot tell what.</summary>
    Unknown,
}
