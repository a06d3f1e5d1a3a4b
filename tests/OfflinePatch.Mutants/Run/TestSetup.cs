namespace OfflinePatch.Mutants.Run;

/// <summary>What is run.</summary>
/// <param name="Folder">The tests, the instrumented assembly and this program.</param>
/// <param name="Tests">The name of the assembly of the tests.</param>
/// <param name="Instrumented">The name of the instrumented assembly.</param>
/// <param name="Scratch">The folder for temporary files.</param>
internal sealed record TestSetup(string Folder, string Tests, string Instrumented, string Scratch)
{
    /// <summary>Lays out a folder: a copy of the built tests, and this program beside them.</summary>
    public static TestSetup Lay(string built, string folder, string tests, string instrumented, string scratch)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        foreach (var file in Directory.EnumerateFiles(built, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(folder, Path.GetRelativePath(built, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        File.Delete(Path.Combine(folder, $"{instrumented}.pdb"));
        File.Copy(typeof(TestSetup).Assembly.Location, Path.Combine(folder, "OfflinePatch.Mutants.dll"), overwrite: true);
        // without a list of its dependencies the program takes every assembly of its folder
        File.Delete(Path.Combine(folder, "OfflinePatch.Mutants.deps.json"));
        return new TestSetup(folder, tests, instrumented, scratch);
    }
}
