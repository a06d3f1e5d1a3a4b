namespace OfflinePatch.Mutants.Instrument;

/// <summary>One change of the source that a test should notice.</summary>
/// <param name="Id">Its number in the instrumented assembly, from 1.</param>
/// <param name="File">The path from the top of the repository, with slashes.</param>
/// <param name="Line">The line of the original, from 1.</param>
/// <param name="Member">The method, property or field that it lies in.</param>
/// <param name="Kind">The mutator.</param>
/// <param name="Original">The text of the original in one line, shortened.</param>
/// <param name="Mutated">The text that stands in its place.</param>
internal sealed record Mutant(int Id, string File, int Line, string Member, MutantKind Kind, string Original, string Mutated)
{
    /// <summary>What stays the same when lines are added elsewhere in the file.</summary>
    public string Key => $"{File} | {Member} | {Original} → {Mutated}";

    public override string ToString() => $"{File}:{Line} {Member}: {Original} → {Mutated}";
}
