namespace OfflinePatch.Testing;

/// <summary>The sources that the tests were built from.</summary>
public static class Repository
{
    /// <summary>The top of the repository.</summary>
    public static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "OfflinePatch.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}
