namespace OfflinePatch.Windows.GuestTools;

/// <summary>One thing that is taken away. It exists: a step is made only for what is there.</summary>
/// <param name="What">It, with its key or file.</param>
/// <param name="Apply">Takes it away; does nothing where an earlier step took it.</param>
internal sealed record ToolsStep(string What, Action Apply);
