namespace OfflinePatch.Drivers.Signatures;

/// <summary>
/// A chain from a signer's certificate to a trusted root, built from the certificates in the file alone. Several issuers may have the same
/// name (a root and its cross-certificate), so every one is tried; the chain with the most trusted root wins.
/// </summary>
internal sealed class CertificateChain
{
    /// <summary>Certificates in a chain; real ones have at most 5.</summary>
    private const int MaxLength = 10;

    /// <summary>Signatures that are verified for one chain: a hostile file may carry many certificates of one name.</summary>
    internal const int MaxVerifications = 100;

    private CertificateChain(IReadOnlyList<Certificate> certificates, TrustAnchor? anchor)
    {
        Certificates = certificates;
        Anchor = anchor;
    }

    /// <summary>The certificates from the signer's up.</summary>
    public IReadOnlyList<Certificate> Certificates { get; }

    /// <summary>The trusted root above them, or null.</summary>
    public TrustAnchor? Anchor { get; }

    /// <summary>The name of the root, trusted or not.</summary>
    public string RootName => Anchor?.Name ?? DistinguishedName.Short(Certificates[^1].Issuer);

    /// <summary>Whether a certificate of the chain is signed with more than SHA-1.</summary>
    public bool NeedsSha2 => Certificates.Any(c => !c.IsSelfIssued && c.DigestOid != SignatureOids.Sha1);

    /// <summary>Signatures that the search verified.</summary>
    public int Verifications { get; private set; }

    /// <summary>Builds the best chain.</summary>
    public static CertificateChain Build(Certificate signer, IReadOnlyList<Certificate> pool, IEnumerable<TrustAnchor> anchors)
    {
        var search = new Search(pool, [.. anchors]);
        search.Walk([signer]);
        return (search.Best ?? new CertificateChain(search.Longest, null)).Counted(search.Verifications);
    }

    private CertificateChain Counted(int verifications)
    {
        Verifications = verifications;
        return this;
    }

    private sealed class Search(IReadOnlyList<Certificate> pool, TrustAnchor[] anchors)
    {
        public int Verifications { get; private set; }

        public CertificateChain? Best { get; private set; }

        public IReadOnlyList<Certificate> Longest { get; private set; } = [];

        public void Walk(List<Certificate> path)
        {
            var last = path[^1];
            Longest = path.Count > Longest.Count ? [.. path] : Longest;
            var issuer = DistinguishedName.Short(last.Issuer);
            foreach (var anchor in anchors)
            {
                if (anchor.Key.IsSame(last.Key) || (anchor.Name == issuer && IsSignedBy(last, anchor.Key)))
                {
                    Take(new CertificateChain([.. path], anchor));
                }
            }

            if (last.IsSelfIssued || path.Count == MaxLength)
            {
                return;
            }

            foreach (var candidate in pool)
            {
                if (candidate.IsAuthority && candidate.Subject.Span.SequenceEqual(last.Issuer.Span) && !path.Contains(candidate)
                    && IsSignedBy(last, candidate.Key))
                {
                    path.Add(candidate);
                    Walk(path);
                    path.RemoveAt(path.Count - 1);
                }
            }
        }

        // Microsoft's own roots before the cross-certificates', both before one that only the caller trusts.
        private void Take(CertificateChain chain)
        {
            static (bool, bool) Worth(CertificateChain c) => (!c.Anchor!.IsOption, c.Anchor.Role == TrustRole.Microsoft);
            if (Best is null || Worth(chain).CompareTo(Worth(Best)) > 0)
            {
                Best = chain;
            }
        }

        private bool IsSignedBy(Certificate certificate, PublicKey key) => Verifications < MaxVerifications && Counts()
            && certificate.IsSignedBy(key);

        private bool Counts() => ++Verifications > 0;
    }
}
