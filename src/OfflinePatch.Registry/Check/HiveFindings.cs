using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Check;

/// <summary>Collects findings, up to a limit: a wrecked hive has as many as it has cells.</summary>
internal sealed class HiveFindings
{
    private const int Limit = 1000;

    private readonly List<HiveFinding> _all = [];

    public IReadOnlyList<HiveFinding> All => _all;

    public bool HasErrors { get; private set; }

    public void Error(string code, string structure, CellOffset cell, string message)
    {
        HasErrors = true;
        Add(new HiveFinding(HiveFindingSeverity.Error, code, structure, cell.IsNil ? -1 : cell.FileOffset, message));
    }

    public void Note(string code, string structure, CellOffset cell, string message) =>
        Add(new HiveFinding(HiveFindingSeverity.Note, code, structure, cell.IsNil ? -1 : cell.FileOffset, message));

    /// <summary>Adds what another part of the check found.</summary>
    public void AddRange(HiveFindings others)
    {
        HasErrors |= others.HasErrors;
        foreach (var finding in others._all)
        {
            Add(finding);
        }
    }

    private void Add(HiveFinding finding)
    {
        if (_all.Count < Limit)
        {
            _all.Add(finding);
        }
    }
}
