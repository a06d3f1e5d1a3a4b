using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Windows.Tests.Rules;

/// <summary>What is written about rules keeps up with them.</summary>
[Trait("tier", "unit")]
public sealed class RuleDocumentsTests
{
    private static readonly string[] Gates = ["disk", "volume", "hive"];
    private static readonly string[] Comfort = ["storage", "input", "remote"];

    [Fact]
    public void Every_rule_stands_in_the_section_of_its_family()
    {
        var sections = File.ReadAllText(Find("src/OfflinePatch.Windows/Rules/README.md")).Split("\n### ").Skip(1)
            .ToDictionary(s => s[..s.IndexOf('\n', StringComparison.Ordinal)].ToLowerInvariant(), StringComparer.Ordinal);
        foreach (var rule in RuleCatalog.All)
        {
            var family = rule.Id.Split('.')[0];
            var section = sections[rule.Contract.IsGate || Gates.Contains(family) ? "gates"
                : Comfort.Contains(family) ? "comfort"
                : family];
            var name = rule.Id.StartsWith("drivers.virtio-", StringComparison.Ordinal) ? rule.Id["drivers.virtio".Length..] : rule.Id;
            Assert.True(section.Contains(name + '`', StringComparison.Ordinal), $"{rule.Id} is not described");
        }

        var readme = File.ReadAllText(Find("README.md"));
        Assert.All(sections.Keys, s => Assert.Contains($"Rules/README.md#{s})", readme, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_rule_of_every_target_says_what_it_demands_looks_at_and_where_that_comes_from()
    {
        foreach (var profile in TargetCatalog.Ids.Select(TargetCatalog.Get))
        {
            foreach (var rule in RuleDescription.Of(profile))
            {
                Assert.True(rule.Title.Length > 10 && rule.Changes.Length > 10 && rule.Source.Length > 10, $"{profile.Id} {rule.Id}");
                Assert.False(rule.Title.EndsWith('.'), rule.Title);
            }
        }
    }

    private static string Find(string path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "OfflinePatch.sln")))
            {
                return Path.Combine(folder.FullName, path);
            }
        }

        throw new FileNotFoundException(path);
    }
}
