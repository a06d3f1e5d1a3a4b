using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace OfflinePatch.Core.Hosting;

/// <summary>
/// Space on the host's disk: reserved ahead of use, and released. Linux only; elsewhere nothing is reserved and holes are filled with
/// zeros.
/// </summary>
internal static partial class NativeRoom
{
    private const int KeepSize = 1;    // FALLOC_FL_KEEP_SIZE
    private const int PunchHole = 2;   // FALLOC_FL_PUNCH_HOLE
    private const int Interrupted = 4; // EINTR
    private const int NoSpace = 28;    // ENOSPC
    private const int NoQuota = 122;   // EDQUOT

    /// <summary>Reserves space for a range; it reads as before. False where the file system cannot.</summary>
    /// <exception cref="HostIOException"><c>CORE-0018</c>: there is no room.</exception>
    public static bool TryReserve(string path, SafeFileHandle file, long offset, long length)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        var error = Allocate(file, KeepSize, offset, length);
        return error switch
        {
            0 => true,
            NoSpace or NoQuota => throw ImageFileError.CannotWrite(path, new IOException("No space left on device")),
            _ => false,
        };
    }

    /// <summary>Releases the space of a range; it reads as zeros. False where the file system cannot.</summary>
    public static bool TryPunchHole(SafeFileHandle file, long offset, long length) =>
        OperatingSystem.IsLinux() && Allocate(file, PunchHole | KeepSize, offset, length) == 0;

    [SupportedOSPlatform("linux")]
    private static int Allocate(SafeFileHandle file, int mode, long offset, long length)
    {
        int error;
        do
        {
            error = FAllocate(file, mode, offset, length) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
        while (error == Interrupted);
        return error;
    }

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "fallocate64", SetLastError = true)]
    private static partial int FAllocate(SafeFileHandle file, int mode, long offset, long length);
}
