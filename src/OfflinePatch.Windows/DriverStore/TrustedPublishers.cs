using System.Buffers.Binary;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>
/// The publishers that an administrator has trusted: SOFTWARE\Microsoft\SystemCertificates\TrustedPublisher. Windows 7 and Server 2008 R2
/// ask on the console whether to install a device whose driver a publisher other than Microsoft has signed, unless the publisher's
/// certificate is there. What installers of drivers do (certutil -addstore TrustedPublisher) is done here offline. The value Blob is a list
/// of properties: u32 id, u32 1, u32 length, bytes (wincrypt.h: CERT_SHA1_HASH_PROP_ID 3, CERT_CERT_PROP_ID 32).
/// </summary>
internal static class TrustedPublishers
{
    private const string Store = @"Microsoft\SystemCertificates\TrustedPublisher\Certificates";
    private const uint Sha1HashProperty = 3;
    private const uint CertificateProperty = 32;

    /// <summary>
    /// Whether the signer of a catalogue is trusted as a publisher. A signer below Microsoft's roots needs no trust of its own.
    /// </summary>
    public static bool Contains(WindowsSystem system, SignatureVerdict verdict) =>
        verdict.IsSignedByMicrosoft || verdict.Best is not { SignerThumbprint.Length: > 0 } signature
        || system.Software.Root.Find($@"{Store}\{signature.SignerThumbprint}")?.HasValue("Blob") == true;

    /// <summary>
    /// Adds the signer's certificate, where its signature holds for the kernel; one that does not hold is never trusted here.
    /// </summary>
    public static void Add(WindowsSystem system, SignatureVerdict verdict)
    {
        if (verdict.Best is not { Kind: SignatureKind.CrossSigned } signature || Contains(system, verdict))
        {
            return;
        }

        byte[] blob = [.. Property(Sha1HashProperty, Convert.FromHexString(signature.SignerThumbprint)),
            .. Property(CertificateProperty, signature.SignerCertificate.Span)];
        system.Software.Root.Create($@"{Store}\{signature.SignerThumbprint}").SetBinary("Blob", blob);
    }

    private static byte[] Property(uint id, ReadOnlySpan<byte> content)
    {
        var property = new byte[12 + content.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(property, id);
        BinaryPrimitives.WriteUInt32LittleEndian(property.AsSpan(4), 1);
        BinaryPrimitives.WriteInt32LittleEndian(property.AsSpan(8), content.Length);
        content.CopyTo(property.AsSpan(12));
        return property;
    }
}
