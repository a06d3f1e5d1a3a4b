using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace OfflinePatch.Core.Hosting;

/// <summary>Which process has a file open, from /proc and /sys of Linux. Source: proc_pid_fd(5), proc_pid_fdinfo(5).</summary>
[SupportedOSPlatform("linux")]
internal static class OpenFiles
{
    private const int AccessMode = 3; // O_ACCMODE; 0 is O_RDONLY

    /// <summary>Whether another process has the file open for writing. It is known to be open somewhere.</summary>
    /// <returns><see cref="ForeignUse.Unknown"/> where a process may not be looked into.</returns>
    public static ForeignUse FindWriter(SafeFileHandle file, string path)
    {
        if (!Statx.TryGet(file, out var wanted, out _))
        {
            return ForeignUse.Unknown;
        }

        var use = IsWritableLoopDevice(path) ? ForeignUse.Writer : ForeignUse.None;
        foreach (var process in List("/proc").Where(p => p.AsSpan(p.LastIndexOf('/') + 1).IndexOfAnyExceptInRange('0', '9') < 0))
        {
            if (use == ForeignUse.Writer || process.EndsWith($"/{Environment.ProcessId}", StringComparison.Ordinal))
            {
                continue;
            }

            try
            {
                use = HasForWriting(process, wanted) ? ForeignUse.Writer : use;
            }
            catch (UnauthorizedAccessException)
            {
                use = ForeignUse.Unknown; // another user's
            }
            catch (IOException)
            {
                // It ended meanwhile.
            }
        }

        return use;
    }

    private static bool HasForWriting(string process, Statx wanted)
    {
        foreach (var descriptor in Directory.EnumerateFiles($"{process}/fd"))
        {
            // Through the link of /proc, which leads to the file itself, whatever its name is now.
            if (Statx.TryGet(descriptor, followLinks: true, out var found, out _)
                && found.Inode == wanted.Inode && found.DeviceMajor == wanted.DeviceMajor && found.DeviceMinor == wanted.DeviceMinor
                && IsForWriting($"{process}/fdinfo/{Path.GetFileName(descriptor)}"))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsForWriting(string facts)
    {
        var flags = File.ReadLines(facts).FirstOrDefault(l => l.StartsWith("flags:", StringComparison.Ordinal));
        return flags is null || Convert.ToInt64(flags["flags:".Length..].Trim(), 8) is var value && (value & AccessMode) != 0;
    }

    // A loop device holds its file inside the kernel, where no process shows it.
    private static bool IsWritableLoopDevice(string path)
    {
        var real = HostPaths.Resolve(path);
        return List("/sys/block").Where(d => Path.GetFileName(d).StartsWith("loop", StringComparison.Ordinal)).Any(d =>
        {
            try
            {
                return string.Equals(File.ReadAllText($"{d}/loop/backing_file").TrimEnd('\n'), real, StringComparison.Ordinal)
                    && !File.ReadAllText($"{d}/ro").StartsWith('1');
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return false; // not in use
            }
        });
    }

    private static string[] List(string folder)
    {
        try
        {
            return Directory.GetDirectories(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
