namespace OfflinePatch.Drivers.Signatures;

/// <summary>What signatures are judged by, apart from the files themselves.</summary>
public sealed record SignatureOptions
{
    /// <summary>Microsoft's roots only, no Secure Boot, no SHA-2 update of Windows 7, the present time.</summary>
    public static SignatureOptions Default { get; } = new();

    /// <summary>Roots that are trusted in addition to Microsoft's, because the caller says so.</summary>
    public IReadOnlyList<TrustAnchor> TrustedRoots { get; init; } = [];

    /// <summary>Whether the machine will start with Secure Boot.</summary>
    public bool SecureBoot { get; init; }

    /// <summary>
    /// Whether a Windows 7, 2008 R2 or earlier has the update that brings SHA-2 (KB3033929 or KB4474419); later ones need none.
    /// </summary>
    public bool HasSha2Update { get; init; }

    /// <summary>
    /// Whether the boot configuration has <c>testsigning</c> on: then the kernel loads test-signed drivers, without Secure Boot.
    /// </summary>
    public bool TestSigning { get; init; }

    /// <summary>The clock that an expired certificate without a timestamp is judged by.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
