namespace OfflinePatch.Core.Hosting;

/// <summary>Error numbers of the C library that a decision depends on. Source: errno.h of Linux and of macOS.</summary>
internal static class UnixError
{
    public const int NotPermitted = 1; // EPERM
    public const int NoEntry = 2; // ENOENT
    public const int Interrupted = 4; // EINTR
    public const int NoDevice = 6; // ENXIO: a socket, or a device without a driver
    public const int AccessDenied = 13; // EACCES
    public const int Exists = 17; // EEXIST
    public const int NotADirectory = 20; // ENOTDIR
    public const int IsADirectory = 21; // EISDIR
    public const int InvalidArgument = 22; // EINVAL
    public const int TooLarge = 27; // EFBIG
    public const int ReadOnlyFileSystem = 30; // EROFS

    /// <summary>EAGAIN, which is EWOULDBLOCK.</summary>
    public static readonly int TryAgain = OperatingSystem.IsMacOS() ? 35 : 11;

    /// <summary>ELOOP: too many links, or a link where none may be.</summary>
    public static readonly int Loop = OperatingSystem.IsMacOS() ? 62 : 40;

    /// <summary>ENOTSUP; Linux gives it the number of EOPNOTSUPP.</summary>
    public static readonly int NotSupported = OperatingSystem.IsMacOS() ? 45 : 95;

    /// <summary>The C library's text for a number.</summary>
    public static string Text(int error) => System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(error);
}
