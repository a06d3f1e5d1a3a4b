using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace OfflinePatch.Core.Hosting;

/// <summary>
/// Opens existing files of Linux and macOS as .NET cannot: without waiting (a named pipe), without following a link, and only when the path
/// leads to a file with content.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal static partial class NativeOpen
{
    private const int ReadOnly = 0; // O_RDONLY
    private const int ReadWrite = 2; // O_RDWR
    private const int LeaseRetries = 50; // O_NONBLOCK fails while another process is asked to give up a lease on the file
    private const int LeaseWait = 10; // ms
    private const int LockShared = 1; // LOCK_SH
    private const int LockExclusive = 2; // LOCK_EX
    private const int LockNoWait = 4; // LOCK_NB
    private const int Unlock = 8; // LOCK_UN

    private static readonly bool IsMac = OperatingSystem.IsMacOS();

    private static readonly int CloseOnExec = IsMac ? 0x100_0000 : 0x8_0000; // O_CLOEXEC

    private static readonly int NoWait = IsMac ? 0x4 : 0x800; // O_NONBLOCK

    // O_NOFOLLOW: asm-generic/fcntl.h; Arm has its own number
    private static readonly int NoFollow = IsMac ? 0x100
        : RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : 0x2_0000;

    /// <summary>What a path leads to, without opening it.</summary>
    public static HostFileType TypeOf(string path, bool followLinks)
    {
        if (OperatingSystem.IsLinux())
        {
            return Statx.TryGet(path, followLinks, out var record, out var error) ? record.Type
                : error is UnixError.NoEntry or UnixError.NotADirectory ? HostFileType.Missing
                : HostFileType.Unknown; // opening it says what is wrong
        }

        var attributes = File.Exists(path) || Directory.Exists(path) ? File.GetAttributes(path) : (FileAttributes)(-1);
        return attributes == (FileAttributes)(-1) ? HostFileType.Missing
            : !followLinks && (attributes & FileAttributes.ReparsePoint) != 0 ? HostFileType.Link
            : (attributes & FileAttributes.Directory) != 0 && (attributes & FileAttributes.ReparsePoint) == 0 ? HostFileType.Directory
            : HostFileType.Unknown;
    }

    /// <summary>
    /// Opens a file with content; null with the error number where the host refuses, or with the type where it is something else.
    /// </summary>
    public static SafeFileHandle? Open(string path, bool writable, bool followLinks, out int error, out HostFileType type)
    {
        error = 0;
        type = path.Contains('\0', StringComparison.Ordinal) ? HostFileType.Missing : TypeOf(path, followLinks);
        if (type is not (HostFileType.RegularFile or HostFileType.Unknown))
        {
            return null;
        }

        var flags = (writable ? ReadWrite : ReadOnly) | NoWait | CloseOnExec | (followLinks ? 0 : NoFollow);
        var descriptor = -1;
        for (var i = 0; i < LeaseRetries && descriptor < 0; i++)
        {
            descriptor = Open(path, flags);
            error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (error == UnixError.TryAgain)
            {
                _ = Poll(0, 0, LeaseWait);
            }
            else if (error is not (0 or UnixError.Interrupted))
            {
                return null;
            }
        }

        if (descriptor < 0)
        {
            return null;
        }

        // Another file may have taken the name between the check and the open.
        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        type = TypeOf(handle);
        if (type != HostFileType.RegularFile)
        {
            handle.Dispose();
            return null;
        }

        return handle;
    }

    /// <summary>
    /// Locks an open file against other runs of this program, without waiting; false when another one has it. File systems without locks
    /// grant it.
    /// </summary>
    public static bool TryLock(SafeFileHandle file, bool exclusive)
    {
        while (Lock(file, (exclusive ? LockExclusive : LockShared) | LockNoWait) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != UnixError.Interrupted)
            {
                return error != UnixError.TryAgain;
            }
        }

        return true;
    }

    /// <summary>
    /// Releases the locks of a file before it is closed. A lock belongs to the open file, which a process that another thread starts
    /// holds too until its program runs: closing alone would leave the file locked for that long.
    /// </summary>
    public static void GiveLocksBack(SafeFileHandle file)
    {
        if (file.IsClosed || file.IsInvalid)
        {
            return;
        }

        _ = Lock(file, Unlock);
        if (OperatingSystem.IsLinux())
        {
            QemuLocks.GiveBack(file);
        }
    }

    private static HostFileType TypeOf(SafeFileHandle handle)
    {
        if (OperatingSystem.IsLinux() && Statx.TryGet(handle, out var record, out _))
        {
            return record.Type;
        }

        // A pipe, a socket and a terminal cannot be positioned; a directory cannot be read.
        var end = Seek(handle, 0, whence: 2);
        if (end < 0)
        {
            return HostFileType.Pipe;
        }

        try
        {
            _ = RandomAccess.Read(handle, new byte[1], 0);
            return HostFileType.RegularFile;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return HostFileType.Directory;
        }
    }

    // Two arguments: the third of open(2) is for new files only, and those are made by .NET.
    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(nint descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle file, long offset, int whence);
}
