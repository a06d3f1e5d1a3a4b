namespace OfflinePatch.Core.Tests.Architecture;

/// <summary>The sources of the repository.</summary>
internal static class SourceText
{
    /// <summary>Every C# file below a folder of the repository, without what a build made.</summary>
    public static IEnumerable<string> Files(string folder) => Files(folder, "*.cs");

    /// <summary>Every file of a pattern below a folder of the repository, without what a build made.</summary>
    public static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(Path.Combine(BuiltAssembly.Root, folder), pattern, SearchOption.AllDirectories).Where(IsSource);

    /// <summary>The path from the top of the repository, with slashes.</summary>
    public static string Relative(string file) => Path.GetRelativePath(BuiltAssembly.Root, file).Replace('\\', '/');

    private static bool IsSource(string file)
    {
        var relative = Relative(file);
        return !relative.Contains("/obj/", StringComparison.Ordinal) && !relative.Contains("/bin/", StringComparison.Ordinal);
    }
}
