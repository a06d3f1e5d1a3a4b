using OfflinePatch.Drivers.Signatures;
using OfflinePatch.Fixtures.Drivers;

namespace OfflinePatch.Drivers.Tests;

/// <summary>Options that trust the roots of the sample drivers, which nothing does by default.</summary>
internal static class SampleTrust
{
    public static SignatureOptions Options { get; } = new()
    {
        TrustedRoots =
        [
            TrustAnchor.TryRead(SampleAuthority.RootCertificate)!,
            TrustAnchor.TryRead(SampleAuthority.CrossRootCertificate, TrustRole.CrossCertification)!,
        ],
    };
}
