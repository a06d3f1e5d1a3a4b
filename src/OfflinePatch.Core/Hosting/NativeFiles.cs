using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace OfflinePatch.Core.Hosting;

/// <summary>What .NET has no call for. Each has a managed fallback where the host lacks it.</summary>
internal static partial class NativeFiles
{
    private const int OpenReadOnly = 0; // O_RDONLY, the same on Linux and macOS
    private const int OpenWriteOnly = 1; // O_WRONLY
    private const int OpenReadWrite = 2; // O_RDWR
    private const int OpenCloseOnExec = 0x80000; // O_CLOEXEC of Linux

    private static readonly int AtWorkingFolder = OperatingSystem.IsMacOS() ? -2 : -100; // AT_FDCWD
    private static readonly int FollowLinks = OperatingSystem.IsMacOS() ? 0x40 : 0x400; // AT_SYMLINK_FOLLOW

    /// <summary>Makes the names in a folder durable. On Windows NTFS journals them, and there is no call.</summary>
    /// <exception cref="HostIOException"><c>CORE-0019</c>: the host refused. File systems that cannot flush a folder are not an
    /// error.</exception>
    public static void FlushFolder(string folder)
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
        {
            return;
        }

        var error = 0;
        int descriptor;
        do
        {
            descriptor = Open(folder, OpenReadOnly);
            error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
        while (error == UnixError.Interrupted);

        if (descriptor < 0)
        {
            throw ImageFileError.CannotFlushFolder(folder, UnixError.Text(error));
        }

        do
        {
            error = FSync(descriptor) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
        while (error == UnixError.Interrupted);
        _ = Close(descriptor);

        // Some file systems cannot flush a folder; the rename itself is still ordered by those that matter.
        if (error != 0 && error != UnixError.InvalidArgument && error != UnixError.NotSupported)
        {
            throw ImageFileError.CannotFlushFolder(folder, UnixError.Text(error));
        }
    }

    /// <summary>
    /// Gives a file a second name unless something has that name already. Where the host has no hard links, the file is renamed.
    /// </summary>
    /// <returns>Whether the file has the name now.</returns>
    public static bool TryAddName(string path, string name)
    {
        if (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())
        {
            // With AT_SYMLINK_FOLLOW, a path of /proc/self/fd names the open file itself.
            if (LinkAt(AtWorkingFolder, path, AtWorkingFolder, name, FollowLinks) == 0)
            {
                return true;
            }

            var error = Marshal.GetLastPInvokeError();
            if (error == UnixError.Exists)
            {
                return false;
            }

            if (path.StartsWith("/proc/", StringComparison.Ordinal))
            {
                throw new IOException(UnixError.Text(error)); // a file without a name cannot be renamed
            }
        }

        try
        {
            File.Move(path, name, overwrite: false);
            return true;
        }
        catch (IOException) when (File.Exists(name))
        {
            return false;
        }
    }

    /// <summary>
    /// Creates a file without a name in a folder: nothing of it stays when the process is killed. Null where the host cannot (Linux on the
    /// two usual processors, and file systems that know <c>O_TMPFILE</c>, can). <see cref="TryAddName"/> gives it a name, by the path that
    /// this returns.
    /// </summary>
    public static SafeFileHandle? CreateUnnamed(string folder, UnixFileMode mode, out string path)
    {
        path = "";
        // O_DIRECTORY
        var directory = RuntimeInformation.ProcessArchitecture switch { Architecture.X64 => 0x10000, Architecture.Arm64 => 0x4000, _ => 0 };
        if (!OperatingSystem.IsLinux() || directory == 0)
        {
            return null;
        }

        // __O_TMPFILE; O_TMPFILE is this and O_DIRECTORY, so that an older kernel refuses to open a folder for writing
        const int unnamed = 0x400000;
        var descriptor = Open(folder, OpenReadWrite | OpenCloseOnExec | unnamed | directory, (int)mode);
        if (descriptor < 0)
        {
            return null;
        }

        path = $"/proc/self/fd/{descriptor}";
        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (File.Exists(path))
        {
            return handle;
        }

        handle.Dispose(); // no /proc here, so it could never get a name
        return null;
    }

    /// <summary>Whether a write may use O_DIRECT.</summary>
    public static unsafe bool IsAligned(long offset, ReadOnlySpan<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            return (((nint)start | (nint)offset | buffer.Length) & (AlignedBuffer.Alignment - 1)) == 0 && buffer.Length > 0;
        }
    }

    /// <summary>
    /// Opens a file with O_DIRECT, or returns null if unsupported. Linux x64 and arm64 only: the value of the flag differs.
    /// </summary>
    public static SafeFileHandle? OpenDirect(string path)
    {
        // O_DIRECT
        var flag = RuntimeInformation.ProcessArchitecture switch { Architecture.X64 => 0x4000, Architecture.Arm64 => 0x10000, _ => 0 };
        if (!OperatingSystem.IsLinux() || flag == 0)
        {
            return null;
        }

        var descriptor = Open(path, OpenWriteOnly | OpenCloseOnExec | flag);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Says that a file is not read from start to end: the host's read-ahead would be for nothing. Linux only.</summary>
    public static void ExpectRandomAccess(SafeFileHandle handle)
    {
        if (OperatingSystem.IsLinux())
        {
            const int random = 1; // POSIX_FADV_RANDOM
            _ = Advise(handle, 0, 0, random);
        }
    }

    /// <summary>
    /// Starts to read a range of a file into the host's cache. Linux only; elsewhere the host's own read-ahead has to do.
    /// </summary>
    public static void Prefetch(SafeFileHandle handle, long offset, long length)
    {
        if (OperatingSystem.IsLinux())
        {
            const int willNeed = 3; // POSIX_FADV_WILLNEED
            _ = Advise(handle, offset, length, willNeed); // advice: an error shows again at the read
        }
    }

    /// <summary>Starts to write a range of a file to its medium. Only Linux has a call; elsewhere the final flush does it all.</summary>
    public static void BeginFlush(SafeFileHandle handle, long offset, long length)
    {
        if (OperatingSystem.IsLinux())
        {
            const uint startOnly = 2; // SYNC_FILE_RANGE_WRITE
            _ = SyncFileRange(handle, offset, length, startOnly); // advice: an error shows again at the final flush
        }
    }

    /// <summary>The run at an offset: a hole where the host can tell, otherwise data up to the end.</summary>
    public static DeviceExtent GetExtent(SafeFileHandle handle, long offset, long length)
    {
        if (OperatingSystem.IsLinux())
        {
            return Seek(handle, offset, length, seekData: 3, seekHole: 4);
        }

        return OperatingSystem.IsMacOS()
            ? Seek(handle, offset, length, seekData: 4, seekHole: 3)
            : new DeviceExtent(offset, length - offset, IsZero: false);
    }

    [SupportedOSPlatform("linux"), SupportedOSPlatform("macos")]
    private static DeviceExtent Seek(SafeFileHandle handle, long offset, long length, int seekData, int seekHole)
    {
        var data = LSeek(handle, offset, seekData);
        if (data > offset)
        {
            return new DeviceExtent(offset, Math.Min(data, length) - offset, IsZero: true);
        }

        if (data == offset)
        {
            var hole = LSeek(handle, offset, seekHole);
            var end = hole > offset ? Math.Min(hole, length) : length;
            return new DeviceExtent(offset, end - offset, IsZero: false);
        }

        // ENXIO: only a hole up to the end. Anything else: this file system cannot tell.
        return new DeviceExtent(offset, length - offset, IsZero: Marshal.GetLastPInvokeError() == 6);
    }

    [SupportedOSPlatform("linux"), SupportedOSPlatform("macos")]
    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long LSeek(SafeFileHandle file, long offset, int whence);

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "sync_file_range")]
    private static partial int SyncFileRange(SafeFileHandle file, long offset, long length, uint flags);

    [SupportedOSPlatform("linux"), SupportedOSPlatform("macos")]
    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [SupportedOSPlatform("linux"), SupportedOSPlatform("macos")]
    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int file);

    [SupportedOSPlatform("linux"), SupportedOSPlatform("macos")]
    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int file);

    [SupportedOSPlatform("linux"), SupportedOSPlatform("macos")]
    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkAt(int folder, string path, int newFolder, string name, int flags);

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);
}
