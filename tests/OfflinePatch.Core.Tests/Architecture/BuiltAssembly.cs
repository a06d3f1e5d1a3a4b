namespace OfflinePatch.Core.Tests.Architecture;

/// <summary>The assemblies of the product as they were built, in the configuration of this test.</summary>
internal static class BuiltAssembly
{
    private static readonly DirectoryInfo Output = new(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));

    /// <summary>The top of the repository.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The file of an assembly, by the name of its project.</summary>
    public static string PathOf(string project) =>
        Path.Combine(Root, "src", project, "bin", Output.Parent!.Name, Output.Name,
            (project == "OfflinePatch.Cli" ? "offlinepatch" : project) + ".dll");

    private static string FindRoot()
    {
        var folder = Output;
        while (!File.Exists(Path.Combine(folder!.FullName, "OfflinePatch.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}
