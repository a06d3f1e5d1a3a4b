using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace OfflinePatch.Core.Hosting;

/// <summary>
/// Whether some other process has a file open for writing: a running virtual machine, say. On Windows opening without sharing tells; on
/// Linux QEMU's own locks do, and for every other program a lease (the kernel grants a read lease only while there is no writer, a write
/// lease only while nobody else has the file open at all). macOS has only the advisory lock.
/// </summary>
/// <remarks>
/// A process that another thread starts holds every open file until its program runs, also one that was closed here meanwhile. So a writer
/// counts when it is still there a moment later.
/// </remarks>
internal static partial class ForeignWriter
{
    private const int SetLease = 1024;   // F_SETLEASE
    private const int ReadLease = 0;     // F_RDLCK
    private const int WriteLease = 1;    // F_WRLCK
    private const int NoLease = 2;       // F_UNLCK
    private const int Looks = 5;         // until a writer counts
    private const int Wait = 10;         // ms between two checks: a process begins its program within one or two

    /// <summary>Checks before the file is opened for writing.</summary>
    /// <param name="readOnly">The file, opened to read only, and not opened for writing by this process.</param>
    public static ForeignUse Look(SafeFileHandle readOnly) => LookWithPatience(() => LookOnce(readOnly));

    /// <summary>Whether some process has the file open for writing. A QEMU that only reads it is none.</summary>
    /// <param name="readOnly">The file, opened to read only, and not opened for writing by this process.</param>
    public static bool IsWritten(SafeFileHandle readOnly) =>
        LookWithPatience(() => OperatingSystem.IsLinux()
            && (QemuLocks.AreOfWriter(readOnly) || TryLease(readOnly, ReadLease) == UnixError.TryAgain)
                ? ForeignUse.Writer
                : ForeignUse.None) == ForeignUse.Writer;

    /// <summary>Checks again, for a file that this process has open for writing once.</summary>
    public static ForeignUse LookAgain(SafeFileHandle writable, string path) => LookWithPatience(() => LookAgainOnce(writable, path));

    private static ForeignUse LookWithPatience(Func<ForeignUse> look)
    {
        var use = look();
        for (var i = 1; i < Looks && use == ForeignUse.Writer; i++)
        {
            Thread.Sleep(Wait);
            use = look();
        }

        return use;
    }

    private static ForeignUse LookOnce(SafeFileHandle readOnly)
    {
        if (!OperatingSystem.IsLinux())
        {
            return OperatingSystem.IsWindows() ? ForeignUse.None : ForeignUse.Unknown;
        }

        return QemuLocks.ForbidWriting(readOnly) ? ForeignUse.Writer : TryLease(readOnly, ReadLease) switch
        {
            0 => ForeignUse.None,
            var e when e == UnixError.TryAgain => ForeignUse.Writer,
            _ => ForeignUse.Unknown, // the file is another user's, or its file system has no leases
        };
    }

    private static ForeignUse LookAgainOnce(SafeFileHandle writable, string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return OperatingSystem.IsWindows() ? ForeignUse.None : ForeignUse.Unknown;
        }

        if (QemuLocks.ForbidWriting(writable))
        {
            return ForeignUse.Writer;
        }

        var error = TryLease(writable, WriteLease);
        return error == 0 ? ForeignUse.None : error == UnixError.TryAgain ? OpenFiles.FindWriter(writable, path) : ForeignUse.Unknown;
    }

    [SupportedOSPlatform("linux")]
    private static int TryLease(SafeFileHandle file, int lease)
    {
        while (Control(file, SetLease, lease) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != UnixError.Interrupted)
            {
                return error;
            }
        }

        _ = Control(file, SetLease, NoLease);
        return 0;
    }

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, int command, int argument);
}

/// <summary>What other processes do with a file.</summary>
internal enum ForeignUse
{
    /// <summary>None has it open for writing.</summary>
    None,

    /// <summary>The host does not say.</summary>
    Unknown,

    /// <summary>One has it open for writing, or is a QEMU that relies on nobody else writing it.</summary>
    Writer,
}
