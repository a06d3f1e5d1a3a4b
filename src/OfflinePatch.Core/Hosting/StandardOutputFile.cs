using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace OfflinePatch.Core.Hosting;

/// <summary>Standard output where it was redirected into a file: written by offset, so that holes stay holes. Linux and macOS.</summary>
public sealed partial class StandardOutputFile : IDisposable
{
    private const int StandardOutput = 1;
    private const int FromCurrent = 1; // SEEK_CUR
    private const int FromStart = 0; // SEEK_SET
    private const int GetFlags = 3; // F_GETFL
    private const short CanWrite = 4; // POLLOUT
    private const short Error = 8; // POLLERR

    private readonly SafeFileHandle _handle;
    private readonly long _start;

    private StandardOutputFile(SafeFileHandle handle, long start)
    {
        _handle = handle;
        _start = start;
    }

    /// <summary>The file; null where standard output is something else, or is appended to.</summary>
    public static StandardOutputFile? TryOpen()
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        const int append = 0x400; // O_APPEND
        var handle = new SafeFileHandle(StandardOutput, ownsHandle: false);
        var start = Seek(handle, 0, FromCurrent);
        return start >= 0 && (Control(handle, GetFlags) & append) == 0 && Statx.TryGet(handle, out var record, out _)
            && record.Type == HostFileType.RegularFile
            ? new StandardOutputFile(handle, start)
            : null;
    }

    /// <summary>
    /// Whether standard output is a pipe whose reader has ended (<c>| head</c>): the runtime does not report it. False on Windows.
    /// </summary>
    public static bool IsReaderGone()
    {
        if (OperatingSystem.IsWindows())
        {
            return false;
        }

        var descriptor = new PollDescriptor { Descriptor = StandardOutput, Events = CanWrite };
        return Poll(ref descriptor, 1, milliseconds: 0) > 0 && (descriptor.Returned & Error) != 0;
    }

    /// <summary>Writes bytes at an offset from where standard output stands.</summary>
    /// <exception cref="HostIOException">The host refused.</exception>
    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        try
        {
            HostTransfer.Write(_handle, bytes, _start + offset);
        }
        catch (Exception e) when (HostErrors.IsOfHost(e))
        {
            throw ImageFileError.CannotWrite("Standard output", e);
        }
    }

    /// <summary>Makes what was written <paramref name="length"/> bytes long; what follows is written after it.</summary>
    /// <exception cref="HostIOException">The host refused.</exception>
    public void Complete(long length)
    {
        try
        {
            if (RandomAccess.GetLength(_handle) < _start + length)
            {
                RandomAccess.SetLength(_handle, _start + length);
            }
        }
        catch (Exception e) when (HostErrors.IsOfHost(e))
        {
            throw ImageFileError.CannotWrite("Standard output", e);
        }

        if (OperatingSystem.IsLinux())
        {
            _ = Seek(_handle, _start + length, FromStart);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle file, long offset, int whence);

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, int command);

    [UnsupportedOSPlatform("windows")]
    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollDescriptor descriptors, nuint count, int milliseconds);

    // struct pollfd
    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
