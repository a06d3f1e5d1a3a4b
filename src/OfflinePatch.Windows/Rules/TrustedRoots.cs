using OfflinePatch.Core;
using OfflinePatch.Drivers.Signatures;

namespace OfflinePatch.Windows.Rules;

/// <summary>Root certificates that the user names, for private drivers that the Windows in the image is set up to trust.</summary>
public static class TrustedRoots
{
    /// <summary>The longest file that is read; a certificate has about 2 KiB.</summary>
    private const int MaxBytes = 64 * 1024;

    /// <summary>Reads certificates from files, DER or PEM.</summary>
    /// <exception cref="HostIOException">A file is missing or cannot be read.</exception>
    /// <exception cref="UnsupportedImageException"><c>WIN-0012</c>: a file is not a certificate.</exception>
    public static IReadOnlyList<TrustAnchor> Read(IEnumerable<string> paths) => [.. paths.Select(Read)];

    private static TrustAnchor Read(string path)
    {
        using var device = HostFileDevice.Open(path);
        if (device.Length is 0 or > MaxBytes)
        {
            throw RuleError.NotACertificate(path);
        }

        var content = new byte[device.Length];
        device.Read(0, content);
        return TrustAnchor.TryRead(content) ?? throw RuleError.NotACertificate(path);
    }
}
