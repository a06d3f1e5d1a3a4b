using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace OfflinePatch.Core.Hosting;

/// <summary>
/// The locks by which QEMU's processes keep each other from an image. Each permission has a byte that is locked while it is used, and one
/// that is locked while it is not shared with others. They are locks of open file descriptions: they can be seen by every user who may open
/// the file. Source: QEMU, block/file-posix.c (raw_apply_lock_bytes, raw_check_lock_bytes) and include/block/block-common.h.
/// </summary>
[SupportedOSPlatform("linux")]
internal static partial class QemuLocks
{
    private const int UsedBase = 100; // RAW_LOCK_PERM_BASE
    private const int NotSharedBase = 200; // RAW_LOCK_SHARED_BASE
    private const int ConsistentRead = 0; // BLK_PERM_CONSISTENT_READ, as a bit number
    private const int Write = 1; // BLK_PERM_WRITE
    private const int WriteUnchanged = 2; // BLK_PERM_WRITE_UNCHANGED
    private const int Resize = 3; // BLK_PERM_RESIZE

    private const int GetLock = 36; // F_OFD_GETLK
    private const int SetLock = 37; // F_OFD_SETLK
    private const short ReadLock = 0; // F_RDLCK
    private const short WriteLock = 1; // F_WRLCK
    private const short NoLock = 2; // F_UNLCK

    /// <summary>Whether a process of QEMU writes the file, or relies on nobody else writing it.</summary>
    public static bool ForbidWriting(SafeFileHandle file) =>
        IsLocked(file, NotSharedBase + ConsistentRead) || IsLocked(file, NotSharedBase + Write) || IsLocked(file, NotSharedBase + Resize)
        || AreOfWriter(file);

    /// <summary>Whether a process of QEMU writes the file.</summary>
    public static bool AreOfWriter(SafeFileHandle file) =>
        IsLocked(file, UsedBase + Write) || IsLocked(file, UsedBase + WriteUnchanged) || IsLocked(file, UsedBase + Resize);

    /// <summary>
    /// Tells QEMU, until the file is closed, that it is read, written and resized here and by nobody else. Where locks do not exist
    /// nothing happens.
    /// </summary>
    public static void Take(SafeFileHandle file)
    {
        // Reading stays shared, as QEMU's own writers leave it: `qemu-img info -U` works.
        foreach (var offset in (ReadOnlySpan<int>)[UsedBase + ConsistentRead, UsedBase + Write, UsedBase + Resize,
            NotSharedBase + Write, NotSharedBase + WriteUnchanged, NotSharedBase + Resize])
        {
            var request = new FileLock { Type = ReadLock, Start = offset, Length = 1 };
            while (Control(file, SetLock, ref request) != 0 && Marshal.GetLastPInvokeError() == UnixError.Interrupted)
            {
            }
        }
    }

    /// <summary>Releases what <see cref="Take"/> acquired.</summary>
    public static void GiveBack(SafeFileHandle file)
    {
        var request = new FileLock { Type = NoLock, Start = 0, Length = 0 }; // to the end
        _ = Control(file, SetLock, ref request);
    }

    private static bool IsLocked(SafeFileHandle file, int offset)
    {
        var request = new FileLock { Type = WriteLock, Start = offset, Length = 1 };
        while (Control(file, GetLock, ref request) != 0)
        {
            if (Marshal.GetLastPInvokeError() != UnixError.Interrupted)
            {
                return false; // a file system or a kernel without these locks: QEMU has none either
            }
        }

        return request.Type != NoLock;
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, int command, ref FileLock request);

    // struct flock of 64-bit Linux
    [StructLayout(LayoutKind.Explicit, Size = 32)]
    private struct FileLock
    {
        [FieldOffset(0)]
        public short Type;

        [FieldOffset(2)]
        public short Whence; // 0: from the start of the file

        [FieldOffset(8)]
        public long Start;

        [FieldOffset(16)]
        public long Length;

        [FieldOffset(24)]
        public int ProcessId; // 0, as these locks require
    }
}
