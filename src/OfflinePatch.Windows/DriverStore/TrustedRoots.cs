using OfflinePatch.Core;
using OfflinePatch.Drivers.Signatures;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>Root certificates that a user names, for drivers of his own; his Windows must trust them too.</summary>
public static class TrustedRoots
{
    /// <summary>The longest file that is read; a certificate has about 2 KiB.</summary>
    private const int MaxBytes = 64 * 1024;

    /// <summary>Reads certificates from files, DER or PEM.</summary>
    /// <exception cref="HostIOException">A file is missing or cannot be read.</exception>
    /// <exception cref="UnsupportedImageException"><c>STG-0020</c>: a file is no certificate.</exception>
    public static IReadOnlyList<TrustAnchor> Read(IEnumerable<string> paths) => [.. paths.Select(Read)];

    private static TrustAnchor Read(string path)
    {
        using var device = HostFileDevice.Open(path);
        if (device.Length is 0 or > MaxBytes)
        {
            throw DriverStoreError.NotACertificate(path);
        }

        var content = new byte[device.Length];
        device.Read(0, content);
        return TrustAnchor.TryRead(content) ?? throw DriverStoreError.NotACertificate(path);
    }
}
