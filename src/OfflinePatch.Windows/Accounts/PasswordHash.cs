using System.Text;
using Org.BouncyCastle.Crypto.Digests;

namespace OfflinePatch.Windows.Accounts;

/// <summary>The hash by which Windows knows a password. Source: [MS-NLMP] 3.3.1 (NTOWFv1): MD4 of the UTF-16 text.</summary>
internal static class PasswordHash
{
    /// <summary>16 bytes.</summary>
    public static byte[] Of(string password)
    {
        var digest = new MD4Digest();
        digest.BlockUpdate(Encoding.Unicode.GetBytes(password));
        var hash = new byte[digest.GetDigestSize()];
        digest.DoFinal(hash);
        return hash;
    }
}
