using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Check;

/// <summary>Collects findings, up to a limit: a badly damaged hive can have one for each cell.</summary>
internal sealed class HiveFindings
{
    private const int Limit = 1000;

    private readonly List<HiveFinding> _all = [];

    public IReadOnlyList<HiveFinding> All => _all;

    public bool HasErrors { get; private set; }

    /// <param name="code">A <see cref="HiveFindingCode"/>.</param>
    /// <param name="structure">The structure, as the format names it.</param>
    /// <param name="cell">The cell, or nil.</param>
    /// <param name="message">What is wrong.</param>
    /// <param name="forbidsEditing">False where only Microsoft's validator objects to it.</param>
    public void Error(string code, string structure, CellOffset cell, string message, bool forbidsEditing = true)
    {
        HasErrors = true;
        Add(Finding(HiveFindingSeverity.Error, code, structure, cell, message) with { ForbidsEditing = forbidsEditing });
    }

    public void Note(string code, string structure, CellOffset cell, string message, bool forbidsEditing = false) =>
        Add(Finding(HiveFindingSeverity.Note, code, structure, cell, message) with { ForbidsEditing = forbidsEditing });

    private static HiveFinding Finding(HiveFindingSeverity severity, string code, string structure, CellOffset cell, string message) =>
        new(severity, code, structure, cell.IsNil ? -1 : cell.FileOffset, message);

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
