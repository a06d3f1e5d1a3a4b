using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace OfflinePatch.Core.Hosting;

/// <summary>
/// Reads and writes at an offset. .NET's own calls fall back to the file's current position for the rest of its life once pread or pwrite
/// gave ENXIO or ESPIPE, which a device that goes away can give too: a later write would then land at the start of the image. Here such an
/// error is an error.
/// </summary>
internal static partial class HostTransfer
{
    private const int MaxCount = 1 << 30; // Linux transfers at most 0x7FFFF000 bytes at once

    /// <summary>Reads up to the length of the buffer; returns how much, 0 at the end of the file.</summary>
    /// <exception cref="IOException">The host refused.</exception>
    public static int Read(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
        {
            return RandomAccess.Read(file, buffer, offset);
        }

        while (true)
        {
            var count = PRead(file, ref MemoryMarshal.GetReference(buffer), (nuint)Math.Min(buffer.Length, MaxCount), offset);
            if (count >= 0)
            {
                return (int)count;
            }

            ThrowUnlessInterrupted();
        }
    }

    /// <summary>Writes all of the buffer.</summary>
    /// <exception cref="IOException">The host refused; a part may have been written.</exception>
    public static void Write(SafeFileHandle file, ReadOnlySpan<byte> buffer, long offset)
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
        {
            RandomAccess.Write(file, buffer, offset);
            return;
        }

        while (buffer.Length > 0)
        {
            var count = PWrite(file, in MemoryMarshal.GetReference(buffer), (nuint)Math.Min(buffer.Length, MaxCount), offset);
            if (count > 0)
            {
                offset += (long)count;
                buffer = buffer[(int)count..];
            }
            else if (count == 0)
            {
                throw new IOException("nothing was written");
            }
            else
            {
                ThrowUnlessInterrupted();
            }
        }
    }

    private static void ThrowUnlessInterrupted()
    {
        var error = Marshal.GetLastPInvokeError();
        if (error != UnixError.Interrupted)
        {
            throw new IOException(error == UnixError.TooLarge ? HostErrors.TooLarge : UnixError.Text(error));
        }
    }

    [SupportedOSPlatform("linux"), SupportedOSPlatform("macos")]
    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static partial nint PRead(SafeFileHandle file, ref byte buffer, nuint count, long offset);

    [SupportedOSPlatform("linux"), SupportedOSPlatform("macos")]
    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static partial nint PWrite(SafeFileHandle file, in byte buffer, nuint count, long offset);
}
