namespace OfflinePatch.Windows.GuestTools;

/// <summary>One thing that is removed. It exists: a step is made only for what is there.</summary>
/// <param name="What">It, with its key or file.</param>
/// <param name="Apply">Removes it; does nothing where an earlier step did.</param>
internal sealed record ToolsStep(string What, Action Apply);
