using System.Diagnostics;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace OfflinePatch.Mutants.Instrument;

/// <summary>What the compiler is given for a project: the compilation, with generated sources in it, and the resources.</summary>
internal sealed record ProjectSources(CSharpCompilation Compilation, IReadOnlyList<ResourceDescription> Resources)
{
    /// <summary>Asks MSBuild for the command line of the compiler. What the project references has been built.</summary>
    public static ProjectSources Read(string project, string configuration)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in new[]
        {
            "msbuild", project, "-t:PrepareResources;Compile", $"-p:Configuration={configuration}", "-p:BuildProjectReferences=false",
            "-p:DesignTimeBuild=true", "-p:SkipCompilerExecution=true", "-p:ProvideCommandLineArgs=true",
            "-p:NonExistentFile=none", "-getItem:CscCommandLineArgs",
        })
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"MSBuild does not tell how {project} is compiled:\n{text}");
        }

        using var document = JsonDocument.Parse(text);
        var lines = document.RootElement.GetProperty("Items").GetProperty("CscCommandLineArgs").EnumerateArray()
            .Select(i => i.GetProperty("Identity").GetString()!);
        return Of(CSharpCommandLineParser.Default.Parse(lines, Path.GetDirectoryName(Path.GetFullPath(project))!, sdkDirectory: null));
    }

    private static ProjectSources Of(CSharpCommandLineArguments arguments)
    {
        var trees = arguments.SourceFiles.Select(f =>
        {
            using var stream = File.OpenRead(f.Path);
            return CSharpSyntaxTree.ParseText(SourceText.From(stream, Encoding.UTF8), arguments.ParseOptions, f.Path);
        });
        var references = arguments.MetadataReferences.Select(r => MetadataReference.CreateFromFile(r.Reference, r.Properties));
        var options = arguments.CompilationOptions.WithGeneralDiagnosticOption(ReportDiagnostic.Default)
            .WithSpecificDiagnosticOptions([]).WithReportSuppressedDiagnostics(false);
        var compilation = CSharpCompilation.Create(arguments.CompilationName, trees, references, options);

        // those of the runtime alone: JSON, regular expressions, native calls
        var generators = arguments.AnalyzerReferences.Where(a => a.FilePath.Contains("Microsoft.NETCore.App.Ref", StringComparison.Ordinal))
            .SelectMany(a => new AnalyzerFileReference(a.FilePath, Loader.Instance).GetGenerators(LanguageNames.CSharp));
        CSharpGeneratorDriver.Create(generators, parseOptions: arguments.ParseOptions)
            .RunGeneratorsAndUpdateCompilation(compilation, out var complete, out _);
        return new ProjectSources((CSharpCompilation)complete, arguments.ManifestResources);
    }

    private sealed class Loader : IAnalyzerAssemblyLoader
    {
        public static readonly Loader Instance = new();

        public void AddDependencyLocation(string fullPath)
        {
        }

        public Assembly LoadFromPath(string fullPath) => Assembly.LoadFrom(fullPath);
    }
}
