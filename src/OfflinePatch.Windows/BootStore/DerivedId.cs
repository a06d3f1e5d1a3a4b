using System.Security.Cryptography;
using System.Text;

namespace OfflinePatch.Windows.BootStore;

/// <summary>
/// Ids of what is made here: they depend on what is there and on the purpose only, so that two runs on one image give the same bytes.
/// </summary>
internal static class DerivedId
{
    /// <summary>The id for a purpose.</summary>
    /// <param name="seed">What distinguishes this disk, or this partition, from others.</param>
    /// <param name="purpose">What the id is for.</param>
    public static Guid Of(ReadOnlySpan<byte> seed, string purpose)
    {
        var hash = SHA256.HashData([.. seed, .. Encoding.UTF8.GetBytes(purpose)]).AsSpan(0, 16);
        hash[7] = (byte)((hash[7] & 0x0F) | 0x80); // version 8: RFC 9562 §5.8, a hash of our own
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash);
    }
}
