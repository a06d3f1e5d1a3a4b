using OfflinePatch.Core;

namespace OfflinePatch.Ntfs.Check;

/// <summary>Collects findings up to a limit: a damaged volume can have millions.</summary>
internal sealed class FindingList(int limit)
{
    private readonly List<VolumeFinding> _findings = [];

    /// <summary>What was found, in the order of the passes.</summary>
    public IReadOnlyList<VolumeFinding> Findings => _findings;

    /// <summary>Findings that the limit cut off.</summary>
    public long Dropped { get; private set; }

    /// <summary>Whether no more is kept: passes may end early.</summary>
    public bool IsFull => _findings.Count >= limit;

    public void Error(string code, string structure, long offset, string expected, string actual) =>
        Add(new VolumeFinding(code, FindingSeverity.Error, structure, $"expected {expected}, found {actual}", offset));

    public void Warn(string code, string structure, long offset, string expected, string actual) =>
        Add(new VolumeFinding(code, FindingSeverity.Warning, structure, $"expected {expected}, found {actual}", offset));

    public void Add(VolumeFinding finding)
    {
        if (IsFull)
        {
            Dropped++;
            return;
        }

        _findings.Add(finding);
    }
}
