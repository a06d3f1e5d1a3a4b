using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace OfflinePatch.Core.Hosting;

/// <summary>
/// Whether some process holds a file open for writing: a running virtual machine, say. On Windows opening without sharing tells;
/// on Linux a read lease does (the kernel grants one only while there is no writer); macOS has only the advisory lock.
/// </summary>
internal static partial class ForeignWriter
{
    private const int SetLease = 1024;   // F_SETLEASE
    private const int ReadLease = 0;     // F_RDLCK
    private const int NoLease = 2;       // F_UNLCK
    private const int TryAgain = 11;     // EAGAIN: the file has a writer

    public static bool IsOpenForWriting(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (Control(handle, SetLease, ReadLease) == 0)
        {
            _ = Control(handle, SetLease, NoLease);
            return false;
        }

        // Any other error: the file system knows no leases, or the file is another user's. The exclusive lock still stands.
        return Marshal.GetLastPInvokeError() == TryAgain;
    }

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, int command, int argument);
}
