using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace OfflinePatch.Core.Tests.Architecture;

/// <summary>
/// Which assembly references which: the table of the house, held against the project files and against what the compiler wrote.
/// </summary>
[Trait("tier", "unit")]
public sealed partial class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["OfflinePatch.Core"] = [],
        ["OfflinePatch.Disks"] = ["OfflinePatch.Core"],
        ["OfflinePatch.Ntfs"] = ["OfflinePatch.Core"],
        ["OfflinePatch.FileSystems"] = ["OfflinePatch.Core"],
        ["OfflinePatch.Registry"] = ["OfflinePatch.Core"],
        ["OfflinePatch.Drivers"] = ["OfflinePatch.Core"],
        ["OfflinePatch.Windows"] =
            ["OfflinePatch.Core", "OfflinePatch.Disks", "OfflinePatch.Ntfs", "OfflinePatch.FileSystems", "OfflinePatch.Registry",
                "OfflinePatch.Drivers"],
        ["OfflinePatch.Cli"] =
        [
            "OfflinePatch.Core", "OfflinePatch.Disks", "OfflinePatch.Drivers", "OfflinePatch.FileSystems", "OfflinePatch.Ntfs",
                "OfflinePatch.Registry", "OfflinePatch.Windows",
        ],
    };

    private static string Root => BuiltAssembly.Root;

    /// <summary>
    /// A reference that nobody uses is as wrong as one that the table lacks. Transitive references are switched off, so every one is in the
    /// project file.
    /// </summary>
    [Fact]
    public void Every_assembly_references_what_the_table_says()
    {
        var projects = Directory.GetFiles(Path.Combine(Root, "src"), "*.csproj", SearchOption.AllDirectories);
        Assert.Equal(Allowed.Keys.Order(StringComparer.Ordinal),
            projects.Select(p => Path.GetFileNameWithoutExtension(p)).Order(StringComparer.Ordinal));
        foreach (var project in projects)
        {
            var name = Path.GetFileNameWithoutExtension(project);
            var expected = Allowed[name].Order(StringComparer.Ordinal);
            var declared = XDocument.Load(project).Descendants("ProjectReference")
                .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')));
            Assert.Equal(expected, declared.Order(StringComparer.Ordinal));
            var compiled = TypeReferences.Assemblies(BuiltAssembly.PathOf(name))
                .Where(a => a.StartsWith("OfflinePatch.", StringComparison.Ordinal));
            Assert.Equal(expected, compiled.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Only_Core_opens_host_files()
    {
        // The analyzer bans the types; this holds the ban itself, and that nobody lifts it in a file.
        Assert.Contains("T:System.IO.File;", File.ReadAllText(Path.Combine(Root, "src", "BannedSymbols.txt")), StringComparison.Ordinal);
        var lifted = Sources("src").Where(f => !f.Contains("OfflinePatch.Core", StringComparison.Ordinal)
            && File.ReadAllText(f).Contains("RS0030", StringComparison.Ordinal));
        Assert.Empty(lifted);
    }

    [Fact]
    public void No_source_file_is_longer_than_600_lines() =>
        Assert.All(Sources("src").Concat(Sources("tests")).Concat(Sources("fixtures")),
            f => Assert.True(File.ReadLines(f).Count() <= 600, f));

    [Fact]
    public void No_line_is_wider_than_140_columns()
    {
        var wide = Sources("src").Concat(Sources("tests")).Concat(Sources("fixtures"))
            .SelectMany(f => File.ReadLines(f).Select((line, i) => (Line: line, Place: $"{f}:{i + 1}")))
            .Where(l => l.Line.EnumerateRunes().Count() > 140)
            .Select(l => l.Place);
        Assert.Empty(wide);
    }

    [Fact]
    public void Names_say_what_a_thing_is()
    {
        string[] empty = ["Util", "Utils", "Helper", "Helpers", "Manager", "Info"];
        var vague = Sources("src").Select(f => Path.GetFileNameWithoutExtension(f)!)
            .Where(n => empty.Any(e => n.EndsWith(e, StringComparison.Ordinal)) && n is not "FsInfo");
        Assert.Empty(vague);
    }

    /// <summary>Tests of a folder lie in a folder of the same name; what is about no folder alone has rooms of its own.</summary>
    [Fact]
    public void Tests_lie_where_the_code_lies_that_they_judge()
    {
        string[] rooms = ["Architecture", "Boot", "Fuzz", "Golden", "Machines", "Model", "Newcomer", "Samples", "Support"];
        foreach (var tests in Directory.GetDirectories(Path.Combine(Root, "tests"), "*.Tests"))
        {
            var source = Path.Combine(Root, "src", Path.GetFileNameWithoutExtension(tests));
            var strangers = Directory.GetDirectories(tests).Where(d => Directory.EnumerateFiles(d, "*.cs").Any()).Select(Path.GetFileName)
                .Where(n => n is not "bin" and not "obj" and not "TestResults" && !rooms.Contains(n, StringComparer.Ordinal)
                    && !Directory.Exists(Path.Combine(source, n!)));
            Assert.Empty(strangers);
        }
    }

    /// <summary>The name of a test is a sentence that is true when it passes, its words separated by underscores.</summary>
    [Fact]
    public void Names_of_tests_are_sentences()
    {
        var others = Sources("tests").SelectMany(f => TestMethod().Matches(File.ReadAllText(f))).Select(m => m.Groups["name"].Value)
            .Where(n => n[1..].Any(char.IsUpper) && !n.Contains('_', StringComparison.Ordinal));
        Assert.Empty(others);
    }

    [GeneratedRegex(
        @"^    \[[^\n]*(Fact|Theory)\b((?!^    (public|private|internal))[\s\S])*^    public (async )?(void|Task) (?<name>\w+)\(",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex TestMethod();

    /// <summary>Fields of on-disk structures are read by Core's own functions, under one name each.</summary>
    [Fact]
    public void There_is_one_reader_of_little_and_big_endian_fields()
    {
        var copies = Sources("src").Where(f => Path.GetFileName(Path.GetDirectoryName(f)) != "Binary")
            .SelectMany(f => File.ReadLines(f).Select(l => (File: f, Line: l)))
            .Where(l => EndianReader().IsMatch(l.Line)).Select(l => $"{l.File}: {l.Line.Trim()}");
        Assert.Empty(copies);
    }

    [GeneratedRegex(@"static (u?short|u?int|u?long) \w+\((ReadOnlySpan<byte>|byte\[\]) \w+, int \w+\) =>\s+"
        + @"BinaryPrimitives\.\w+\(\w+(\[\w+\.\.\]|\.AsSpan\(\w+\))\)")]
    private static partial Regex EndianReader();

    private static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));
}
