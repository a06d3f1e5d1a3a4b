using System.Text.Json;
using System.Text.RegularExpressions;

namespace OfflinePatch.Core.Tests.Architecture;

/// <summary>What it costs to add a rule, a disk format or a target (see CONTRIBUTING.md): the places that name one are counted.</summary>
[Trait("tier", "unit")]
public sealed partial class CostTests
{
    private static readonly Dictionary<string,
        string> Sources = SourceText.Files("src").ToDictionary(f => f, File.ReadAllText, StringComparer.Ordinal);

    [Fact]
    public void A_rule_is_named_in_its_file_and_in_the_catalogue()
    {
        var rules = Sources.Where(f => RuleClass().IsMatch(f.Value) && f.Key.Contains("/Rules/", StringComparison.Ordinal)).ToList();
        Assert.True(rules.Count > 30, $"{rules.Count}");
        foreach (var (file, text) in rules)
        {
            var type = RuleClass().Match(text).Groups[1].Value;
            var made = Sources.Where(f => Regex.IsMatch(f.Value, $@"\bnew {type}\(")).Select(f => Path.GetFileName(f.Key));
            Assert.Equal(["RuleCatalog.cs"], made);
            foreach (Match id in RuleId().Matches(text))
            {
                var named = Sources.Where(f => f.Value.Contains($"\"{id.Groups[1].Value}\"", StringComparison.Ordinal)).Select(f => f.Key);
                Assert.Equal([file], named);
            }
        }
    }

    [Fact]
    public void A_disk_format_is_named_in_its_folder_and_in_the_list()
    {
        var formats =
            Sources.Where(f => f.Key.Contains("/OfflinePatch.Disks/", StringComparison.Ordinal) && FormatClass().IsMatch(f.Value)).ToList();
        Assert.True(formats.Count >= 10, $"{formats.Count}");
        foreach (var (file, text) in formats)
        {
            var type = FormatClass().Match(text).Groups[1].Value;
            var folder = Path.GetDirectoryName(file);
            var elsewhere = Sources.Where(f => Path.GetDirectoryName(f.Key) != folder && Regex.IsMatch(f.Value, $@"\b{type}\b"))
                .Select(f => Path.GetFileName(f.Key));
            Assert.Equal(["DiskFormats.cs"], elsewhere);
        }

        // The command line knows formats from the list: it names none, but for the two words that another program uses (FormatNames).
        var named = Sources.Where(f => f.Key.Contains("/OfflinePatch.Cli/", StringComparison.Ordinal) && FormatMember().IsMatch(f.Value))
            .Select(f => Path.GetFileName(f.Key));
        Assert.Equal(["FormatNames.cs"], named);
    }

    [Fact]
    public void A_target_is_named_in_its_file_only()
    {
        var targets = Directory.GetFiles(Path.Combine(BuiltAssembly.Root, "src", "OfflinePatch.Windows", "Targets"), "*.json");
        Assert.True(targets.Length >= 5);
        foreach (var target in targets)
        {
            var id = JsonDocument.Parse(File.ReadAllText(target)).RootElement.GetProperty("id").GetString()!;
            Assert.Equal(id, Path.GetFileNameWithoutExtension(target));
            var named = Sources.Where(f => f.Value.Contains($"\"{id}\"", StringComparison.Ordinal)).Select(f => Path.GetFileName(f.Key));
            Assert.DoesNotContain(named, n => n != "TargetCatalog.cs" || id != "huawei-ims"); // the default is named
        }
    }

    [GeneratedRegex(@"sealed class (\w+(?:Rule|Gate))\(.*\) : (?:Rule|GateRule)\(")]
    private static partial Regex RuleClass();

    [GeneratedRegex("new(?: RuleContract)?\\(\"([a-z]+\\.[a-z-]+)\"\\)")]
    private static partial Regex RuleId();

    [GeneratedRegex(@"class (\w+Format)(?:\(.*\))? : DiskFormat")]
    private static partial Regex FormatClass();

    [GeneratedRegex(@"\bImageFormat\.(?!Raw\b)[A-Z]\w+")]
    private static partial Regex FormatMember();
}
