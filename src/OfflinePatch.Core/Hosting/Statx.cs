using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace OfflinePatch.Core.Hosting;

/// <summary>
/// <c>struct statx</c> of Linux: unlike <c>struct stat</c> its layout is the same on every processor. Source: linux/stat.h, statx(2).
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal partial struct Statx
{
    /// <summary>STATX_* bits of the fields that are filled.</summary>
    [FieldOffset(0x00)]
    public uint Mask;

    /// <summary>Hard links.</summary>
    [FieldOffset(0x10)]
    public uint LinkCount;

    /// <summary>User that owns the file.</summary>
    [FieldOffset(0x14)]
    public uint UserId;

    /// <summary>Group that owns the file.</summary>
    [FieldOffset(0x18)]
    public uint GroupId;

    /// <summary>Type and permissions, as st_mode.</summary>
    [FieldOffset(0x1C)]
    public ushort Mode;

    /// <summary>Inode.</summary>
    [FieldOffset(0x20)]
    public ulong Inode;

    /// <summary>Length in bytes.</summary>
    [FieldOffset(0x28)]
    public ulong Length;

    /// <summary>Sectors of 512 bytes that are allocated.</summary>
    [FieldOffset(0x30)]
    public ulong Sectors;

    /// <summary>Time of birth, seconds since 1970.</summary>
    [FieldOffset(0x50)]
    public long BirthSeconds;

    /// <summary>Time of birth, nanoseconds past the second.</summary>
    [FieldOffset(0x58)]
    public uint BirthNanoseconds;

    /// <summary>Last write, seconds since 1970.</summary>
    [FieldOffset(0x70)]
    public long WriteSeconds;

    /// <summary>Last write, nanoseconds past the second.</summary>
    [FieldOffset(0x78)]
    public uint WriteNanoseconds;

    /// <summary>Major number of the device that holds the file.</summary>
    [FieldOffset(0x88)]
    public uint DeviceMajor;

    /// <summary>Minor number of the device that holds the file.</summary>
    [FieldOffset(0x8C)]
    public uint DeviceMinor;

    private const int CurrentDirectory = -100; // AT_FDCWD
    private const int NoFollow = 0x100; // AT_SYMLINK_NOFOLLOW
    private const int EmptyPath = 0x1000; // AT_EMPTY_PATH: the descriptor itself
    private const uint BasicAndBirth = 0xFFF; // STATX_BASIC_STATS | STATX_BTIME

    /// <summary>The type that <see cref="Mode"/> holds.</summary>
    public readonly HostFileType Type => (Mode & 0xF000) switch
    {
        0x8000 => HostFileType.RegularFile,
        0x4000 => HostFileType.Directory,
        0x1000 => HostFileType.Pipe,
        0xC000 => HostFileType.Socket,
        0x2000 => HostFileType.CharacterDevice,
        0x6000 => HostFileType.BlockDevice,
        0xA000 => HostFileType.Link,
        _ => HostFileType.Unknown,
    };

    /// <summary>Facts of an open file; false with the error number where the kernel refuses.</summary>
    [SupportedOSPlatform("linux")]
    public static bool TryGet(SafeFileHandle file, out Statx record, out int error)
    {
        var added = false;
        try
        {
            file.DangerousAddRef(ref added);
            return TryGet((int)file.DangerousGetHandle(), "", EmptyPath, out record, out error);
        }
        finally
        {
            if (added)
            {
                file.DangerousRelease();
            }
        }
    }

    /// <summary>Facts of what a path leads to; false with the error number where there is nothing or the kernel refuses.</summary>
    [SupportedOSPlatform("linux")]
    public static bool TryGet(string path, bool followLinks, out Statx record, out int error) =>
        TryGet(CurrentDirectory, path, followLinks ? 0 : NoFollow, out record, out error);

    [SupportedOSPlatform("linux")]
    private static bool TryGet(int descriptor, string path, int flags, out Statx record, out int error)
    {
        do
        {
            var failed = Call(descriptor, path, flags, BasicAndBirth, out record) != 0;
            error = failed ? Marshal.GetLastPInvokeError() : 0;
        }
        while (error == UnixError.Interrupted);
        return error == 0;
    }

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Call(int directory, string path, int flags, uint mask, out Statx record);
}
