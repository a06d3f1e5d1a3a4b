namespace OfflinePatch.Ntfs.Check;

/// <summary>Collects findings up to a limit: a damaged volume can have millions.</summary>
internal sealed class FindingList(int limit)
{
    private readonly List<NtfsFinding> _findings = [];

    /// <summary>What was found, in the order of the passes.</summary>
    public IReadOnlyList<NtfsFinding> Findings => _findings;

    /// <summary>Findings that the limit cut off.</summary>
    public long Dropped { get; private set; }

    /// <summary>Whether no more is kept: passes may end early.</summary>
    public bool IsFull => _findings.Count >= limit;

    public void Error(string code, string structure, long offset, string expected, string actual) =>
        Add(new NtfsFinding(code, FindingSeverity.Error, structure, offset, expected, actual));

    public void Warn(string code, string structure, long offset, string expected, string actual) =>
        Add(new NtfsFinding(code, FindingSeverity.Warning, structure, offset, expected, actual));

    public void Add(NtfsFinding finding)
    {
        if (IsFull)
        {
            Dropped++;
            return;
        }

        _findings.Add(finding);
    }
}
