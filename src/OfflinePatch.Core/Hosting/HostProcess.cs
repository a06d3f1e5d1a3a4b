using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace OfflinePatch.Core.Hosting;

/// <summary>What the process as a whole owes to the host: its signals, its standard files, and how it may end.</summary>
public static partial class HostProcess
{
    private const int FileSizeSignal = 25; // SIGXFSZ, the same on Linux and macOS
    private const int GetDescriptorFlags = 1; // F_GETFD
    private static int _writes;
    private static int _isStopping;

    /// <summary>Whether an image is being written at this moment: the process should then not be ended unless it must.</summary>
    public static bool IsWriting => Volatile.Read(ref _writes) > 0;

    /// <summary>
    /// To be called first. A file that meets the limit of the process (ulimit -f) gives an error, and no longer ends the process. Standard
    /// files that are closed are taken, so that no image gets their numbers and is written over by a message.
    /// </summary>
    public static void Prepare()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const nint ignore = 1; // SIG_IGN
        _ = Signal(FileSizeSignal, ignore);
        for (var descriptor = 0; descriptor <= 2; descriptor++)
        {
            if (Control(descriptor, GetDescriptorFlags) < 0)
            {
                // The lowest free number is given out. What is written to standard output is then lost, and the device says so.
                _ = Open(descriptor == 1 ? "/dev/full" : "/dev/null", descriptor == 0 ? 0 : 1);
            }
        }
    }

    /// <summary>
    /// From now on no image begins to be written; one that is being written is completed. Once <see cref="IsWriting"/> is false, the
    /// process can end at any moment and leaves every image as it was.
    /// </summary>
    public static void Stop() => Interlocked.Exchange(ref _isStopping, 1);

    /// <summary>Takes back <see cref="Stop"/>, for a process that runs several commands.</summary>
    public static void Resume() => Interlocked.Exchange(ref _isStopping, 0);

    /// <summary>Deletes the temporary files of outputs that are not complete; for a process that ends while its work goes on.</summary>
    public static void DeleteTemporaryFiles() => TemporaryFiles.DeleteAll();

    /// <summary>Marks that an image is about to be written, until the result is disposed.</summary>
    /// <exception cref="OperationCanceledException">The process is asked to end; nothing was written.</exception>
    public static IDisposable BeginWriting()
    {
        // The mark is set before the check: code that first stops and then looks for marks misses none.
        var write = new Write();
        if (Volatile.Read(ref _isStopping) == 0)
        {
            return write;
        }

        write.Dispose();
        throw new OperationCanceledException();
    }

    [UnsupportedOSPlatform("windows")]
    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint Signal(int signal, nint handler);

    [UnsupportedOSPlatform("windows")]
    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command);

    [UnsupportedOSPlatform("windows")]
    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    private sealed class Write : IDisposable
    {
        private int _ended;

        public Write() => Interlocked.Increment(ref _writes);

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _ended, 1) == 0)
            {
                Interlocked.Decrement(ref _writes);
            }
        }
    }
}
