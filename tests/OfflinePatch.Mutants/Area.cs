namespace OfflinePatch.Mutants;

/// <summary>A part of the product whose tests are judged.</summary>
/// <param name="Name">The name on the command line.</param>
/// <param name="Assembly">The assembly and its project below <c>src/</c>.</param>
/// <param name="Folders">The folders of the project, with all below them.</param>
internal sealed record Area(string Name, string Assembly, params string[] Folders)
{
    /// <summary>What writes to the owner's image.</summary>
    public static IReadOnlyList<Area> All { get; } =
    [
        new("Core.Transactions", "OfflinePatch.Core", "Transactions"),
        new("Ntfs.Engine", "OfflinePatch.Ntfs", "Engine", "Runs", "Volume"),
        new("Registry.Editing", "OfflinePatch.Registry", "Editing"),
        new("Windows.DriverStore", "OfflinePatch.Windows", "DriverStore"),
        new("Windows.Rules", "OfflinePatch.Windows", "Rules"),
    ];

    /// <summary>Whether a file, from the top of the repository, is mutated. Errors are texts, and have their own tests.</summary>
    public bool Has(string file) => !file.EndsWith("Error.cs", StringComparison.Ordinal)
        && Folders.Any(f => file.StartsWith($"src/{Assembly}/{f}/", StringComparison.Ordinal));
}
