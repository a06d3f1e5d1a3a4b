using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Tests.Rules;

[Trait("tier", "unit")]
public sealed class ProfileTests
{
    public static TheoryData<string> Ids => [.. TargetCatalog.Ids];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Every_profile_names_existing_rules_and_is_described(string id)
    {
        var profile = TargetCatalog.Get(id);
        Assert.Equal(id, profile.Id);
        Assert.NotEmpty(profile.Title);
        Assert.Equal(profile.Rules.Keys, TargetCatalog.Parse(Encoding.UTF8.GetBytes(TargetCatalog.SourceOf(id)), "own.json").Rules.Keys);
        Assert.All(profile.Rules.Keys, r => Assert.Contains(RuleCatalog.All, x => x.Id == r));
        Assert.All(RuleDescription.Of(profile), d =>
        {
            Assert.NotEmpty(d.Source);
            Assert.NotEmpty(d.Changes);
        });
        Assert.All(RuleCatalog.All.Where(r => r.IsGate), gate => Assert.Contains(RuleCatalog.For(profile), r => r.Id == gate.Id));
    }

    [Fact]
    public void Rule_ids_are_unique() => Assert.Equal(RuleCatalog.All.Count, RuleCatalog.All.Select(r => r.Id).Distinct(StringComparer.Ordinal).Count());

    [Fact]
    public void A_profile_of_ones_own_overrides_severity_source_and_parameters()
    {
        var profile = TargetCatalog.Parse(
            """
            { // ours
              "id": "mine", "title": "Mine", "description": "",
              "rules": { "image.size": { "severity": "info", "source": "§3", "parameters": { "minimumGiB": "1", "names": "a, b" } }, }
            }
            """u8, "mine.json");
        Assert.Equal(RuleSeverity.Info, profile.SeverityOf("image.size"));
        Assert.Equal(1, profile.Number("image.size", "minimumGiB", 40));
        Assert.Equal(7, profile.Number("image.size", "absent", 7));
        Assert.Equal(["a", "b"], profile.List("image.size", "names", []));
        Assert.False(profile.Includes("network.dhcp"));
        Assert.Equal("§3", RuleDescription.Of(profile).Single(d => d.Id == "image.size").Source);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"id":"x"}""")]
    [InlineData("""{"id":"x","title":"","description":"","rules":{"network.dchp":{}}}""")]
    [InlineData("""{"id":"x","title":"","description":"","rules":{"network.dhcp":{"parametres":{}}}}""")]
    [InlineData("""{"id":"x","title":"","description":"","rules":{"network.dhcp":{"severity":"fatal"}}}""")]
    public void A_broken_profile_is_refused_with_a_code(string json) =>
        Assert.Equal("WIN-0008", Assert.Throws<UnsupportedImageException>(() => TargetCatalog.Parse(Encoding.UTF8.GetBytes(json), "x.json")).Code);

    [Fact]
    public void An_unknown_profile_is_refused_and_the_known_ones_are_named()
    {
        var error = Assert.Throws<RefusedException>(() => TargetCatalog.Get("aws"));
        Assert.Equal("WIN-0007", error.Code);
        Assert.Contains("otc", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Selection_knows_families_and_gates()
    {
        var selection = new RuleSelection(["network.*"], ["network.services"]);
        Assert.Equal(["network.dhcp"], RuleCatalog.All.Where(r => !r.IsGate && selection.Includes(r)).Select(r => r.Id));
        Assert.All(RuleCatalog.All.Where(r => r.IsGate), r => Assert.True(selection.Includes(r)));
        Assert.Empty(selection.Mistakes());
        Assert.Equal(["nonsense", "volume.dirty"], new RuleSelection(["nonsense"], ["volume.dirty"]).Mistakes());
    }
}
