namespace OfflinePatch.Core.Hosting;

/// <summary>How the name of an undo file is recognised.</summary>
public static class UndoFileName
{
    /// <summary>The part of a name that every undo file has.</summary>
    public const string Suffix = ".offlinepatch-undo";

    /// <summary>Whether a path has the name of an undo file, or of a pointer to one.</summary>
    internal static bool IsOurs(ReadOnlySpan<char> path) => Path.GetFileName(path).Contains(Suffix, StringComparison.Ordinal);
}
