using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace OfflinePatch.Core.Hosting;

/// <summary>
/// Identity, owner and times of an open file, to the nanosecond; and setting the time of the last write. .NET has no call for them.
/// </summary>
internal static unsafe partial class NativeStatus
{
    private const int WritableByOthers = 0x12; // S_IWGRP | S_IWOTH

    /// <summary>Asks the host about an open file.</summary>
    /// <exception cref="HostIOException">The host failed.</exception>
    public static HostFileStatus Read(string path, SafeFileHandle file)
    {
        if (OperatingSystem.IsLinux())
        {
            return ReadLinux(path, file);
        }

        if (OperatingSystem.IsMacOS())
        {
            return ReadMacOS(path, file);
        }

        return OperatingSystem.IsWindows() ? ReadWindows(path, file) : Portable(file);
    }

    /// <summary>Sets the time of the last write. Returns false where the host allows that to the owner only.</summary>
    public static bool TrySetWriteTime(SafeFileHandle file, FileTimestamp time)
    {
        if (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())
        {
            // struct timespec[2], two longs each on 64-bit hosts: access, then modification. UTIME_OMIT leaves the first as it is.
            var omit = OperatingSystem.IsLinux() ? 0x3FFFFFFE : -2;
            var times = stackalloc long[4] { 0, omit, time.Seconds, time.Nanoseconds };
            int result;
            do
            {
                result = SetTimes(file, times);
            }
            while (result != 0 && Marshal.GetLastPInvokeError() == UnixError.Interrupted);
            return result == 0;
        }

        try
        {
            File.SetLastWriteTimeUtc(file, time.ToUtc());
            return true;
        }
        catch (Exception e) when (HostErrors.IsOfHost(e))
        {
            return false;
        }
    }

    [SupportedOSPlatform("linux")]
    private static HostFileStatus ReadLinux(string path, SafeFileHandle file)
    {
        const uint hasBirth = 0x800; // STATX_BTIME
        const int noSuchCall = 38;   // ENOSYS
        if (!Statx.TryGet(file, out var record, out var error))
        {
            // A sandbox that forbids the call: the values that .NET has are used.
            return error is UnixError.NotPermitted or noSuchCall ? Portable(file)
                : throw ImageFileError.CannotRead(path, new IOException(UnixError.Text(error)));
        }

        FileTimestamp? birth = (record.Mask & hasBirth) == 0 ? null : new FileTimestamp(record.BirthSeconds, (int)record.BirthNanoseconds);
        return new HostFileStatus(
            new FileIdentity(((ulong)record.DeviceMajor << 32) | record.DeviceMinor, record.Inode, birth),
            new FileTimestamp(record.WriteSeconds, (int)record.WriteNanoseconds),
            record.LinkCount,
            record.UserId == 0 || record.UserId == EffectiveUser(),
            (record.Mode & WritableByOthers) == 0);
    }

    // sys/stat.h of macOS, struct stat with 64-bit inodes.
    private static class DarwinStat
    {
        public const int Device = 0x00;    // s32
        public const int Mode = 0x04;      // u16
        public const int Links = 0x06;     // u16
        public const int Inode = 0x08;     // u64
        public const int Owner = 0x10;     // u32
        public const int WriteTime = 0x30; // s64 seconds, s64 nanoseconds
        public const int Birth = 0x50;     // s64 seconds, s64 nanoseconds
        public const int Size = 0x90;
    }

    [SupportedOSPlatform("macos")]
    private static HostFileStatus ReadMacOS(string path, SafeFileHandle file)
    {
        var buffer = stackalloc byte[DarwinStat.Size];
        var isArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
        if ((isArm ? FStat(file, buffer) : FStat64(file, buffer)) != 0)
        {
            throw Failed(path);
        }

        var status = new ReadOnlySpan<byte>(buffer, DarwinStat.Size);
        var owner = BitConverter.ToUInt32(status[DarwinStat.Owner..]);
        return new HostFileStatus(
            new FileIdentity(
                BitConverter.ToUInt32(status[DarwinStat.Device..]), BitConverter.ToUInt64(status[DarwinStat.Inode..]),
                    Time(status, DarwinStat.Birth)),
            Time(status, DarwinStat.WriteTime),
            BitConverter.ToUInt16(status[DarwinStat.Links..]),
            owner == 0 || owner == EffectiveUser(),
            (BitConverter.ToUInt16(status[DarwinStat.Mode..]) & WritableByOthers) == 0);

        static FileTimestamp Time(ReadOnlySpan<byte> status, int offset) =>
            new(BitConverter.ToInt64(status[offset..]), (int)BitConverter.ToInt64(status[(offset + 8)..]));
    }

    // BY_HANDLE_FILE_INFORMATION
    private static class FileInformation
    {
        public const int Creation = 0x04;  // FILETIME
        public const int WriteTime = 0x14; // FILETIME
        public const int Volume = 0x1C;    // u32
        public const int Links = 0x28;     // u32
        public const int IndexHigh = 0x2C; // u32
        public const int IndexLow = 0x30;  // u32
        public const int Size = 0x34;
    }

    [SupportedOSPlatform("windows")]
    private static HostFileStatus ReadWindows(string path, SafeFileHandle file)
    {
        var buffer = stackalloc byte[FileInformation.Size];
        if (!GetFileInformationByHandle(file, buffer))
        {
            throw Failed(path);
        }

        var status = new ReadOnlySpan<byte>(buffer, FileInformation.Size);
        var index = ((ulong)Number(status, FileInformation.IndexHigh) << 32) | Number(status, FileInformation.IndexLow);
        return new HostFileStatus(
            new FileIdentity(Number(status, FileInformation.Volume), index, Time(status, FileInformation.Creation)),
            Time(status, FileInformation.WriteTime),
            Number(status, FileInformation.Links),
            IsOwnedByCaller: true,
            IsPrivate: true);

        static uint Number(ReadOnlySpan<byte> status, int offset) => BitConverter.ToUInt32(status[offset..]);

        static FileTimestamp Time(ReadOnlySpan<byte> status, int offset) =>
            FileTimestamp.FromUtc(DateTime.FromFileTimeUtc(Math.Max(0, BitConverter.ToInt64(status[offset..]))));
    }

    private static HostFileStatus Portable(SafeFileHandle file) =>
        new(default, FileTimestamp.FromUtc(File.GetLastWriteTimeUtc(file)), Links: 1, IsOwnedByCaller: true, IsPrivate: true);

    private static HostIOException Failed(string path) =>
        ImageFileError.CannotRead(path, new IOException($"error {Marshal.GetLastPInvokeError()}"));

    [SupportedOSPlatform("macos")]
    [LibraryImport("libc", EntryPoint = "fstat", SetLastError = true)]
    private static partial int FStat(SafeFileHandle file, byte* buffer);

    [SupportedOSPlatform("macos")]
    [LibraryImport("libc", EntryPoint = "fstat$INODE64", SetLastError = true)]
    private static partial int FStat64(SafeFileHandle file, byte* buffer);

    [SupportedOSPlatform("linux"), SupportedOSPlatform("macos")]
    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "futimens", SetLastError = true)]
    private static partial int SetTimes(SafeFileHandle file, long* times);

    [SupportedOSPlatform("windows")]
    [LibraryImport("kernel32", EntryPoint = "GetFileInformationByHandle", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetFileInformationByHandle(SafeFileHandle file, byte* buffer);
}
