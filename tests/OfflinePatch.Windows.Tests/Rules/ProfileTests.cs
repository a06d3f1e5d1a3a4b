using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Targets;
using OfflinePatch.Windows.Tests.Machines;

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
        Assert.Equal(profile.Rules.Keys, TargetCatalog.Parse(Encoding.UTF8.GetBytes(profile.ToJson()), "own.json").Rules.Keys);
        Assert.All(profile.Rules.Keys, r => Assert.Contains(RuleCatalog.All, x => x.Id == r));
        Assert.All(RuleDescription.Of(profile), d =>
        {
            Assert.NotEmpty(d.Source);
            Assert.NotEmpty(d.Changes);
        });
        Assert.All(RuleCatalog.All.Where(r => r.Contract.IsGate), gate => Assert.Contains(RuleCatalog.For(profile), r => r.Id == gate.Id));
    }

    [Fact]
    public void Rule_ids_are_unique() =>
        Assert.Equal(RuleCatalog.All.Count, RuleCatalog.All.Select(r => r.Id).Distinct(StringComparer.Ordinal).Count());

    [Fact]
    public void A_profile_of_ones_own_overrides_severity_source_and_parameters()
    {
        var profile = TargetCatalog.Parse(
            """
            { // ours
              "id": "mine", "title": "Mine", "description": "",
              "rules": {
                "image.size": { "severity": "info", "source": "§3", "parameters": { "minimumGiB": 1, "fastImportFormats": ["a", "b"] } },
              }
            }
            """u8, "mine.json");
        Assert.Equal(RuleSeverity.Info, profile.SeverityOf("image.size"));
        Assert.Equal(1, profile.Value("image.size", new NumberParameter("minimumGiB", 40, 0, 100, "")));
        Assert.Equal(7, profile.Value("image.size", new NumberParameter("absent", 7, 0, 100, "")));
        Assert.Equal(["a", "b"], profile.Value("image.size", new ListParameter("fastImportFormats", [], "")));
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
    [InlineData("""{"id":"x","title":"","description":"","rules":{"image.size":{"parameters":{"minimumGib":1}}}}""")]
    [InlineData("""{"id":"x","title":"","description":"","rules":{"image.size":{"parameters":{"minimumGiB":"1"}}}}""")]
    [InlineData("""{"id":"x","title":"","description":"","rules":{"image.size":{"parameters":{"minimumGiB":-1}}}}""")]
    [InlineData("""{"id":"x","title":"","description":"","rules":{"image.format":{"parameters":{"formats":"raw,qcow2"}}}}""")]
    [InlineData("""{"id":"x","title":"","description":"","rules":{"image.format":{"parameters":{"formats":["raw","iso"]}}}}""")]
    [InlineData("""{"id":"x","title":"","description":"","rules":{"network.dhcp":{"parameters":{"any":1}}}}""")]
    [InlineData("""{"id":"x","title":"","description":"","rules":{"agent.cloudbase-init":{"parameters":{"settings":{"retryCount":1}}}}}""")]
    [InlineData("""{"id":"x","title":"","description":"","drivers":{"virtio":{"needed":[]}},"rules":{}}""")]
    public void A_broken_profile_is_refused_with_a_code(string json) =>
        Assert.Equal("WIN-0008",
            Assert.Throws<UnsupportedImageException>(() => TargetCatalog.Parse(Encoding.UTF8.GetBytes(json), "x.json")).Code);

    [Fact]
    public void A_profile_changes_what_it_extends()
    {
        var profile = TargetCatalog.Parse(
            """
            {
              "extends": "otc", "id": "mine", "title": "Mine", "description": "",
              "drivers": { "xen-pv": { "absent": true } },
              "rules": { "image.size": { "parameters": { "maximumGiB": 100 } }, "network.dhcp": null }
            }
            """u8, "mine.json");
        Assert.False(profile.Includes("network.dhcp"));
        Assert.True(profile.Includes("network.services"));
        Assert.Equal(100, profile.Value("image.size", new NumberParameter("maximumGiB", 1, 0, 1000, "")));
        Assert.Equal(128, profile.Value("image.size", new NumberParameter("importLimitGiB", 1, 0, 1000, "")));
        Assert.Equal(TargetCatalog.Get("otc").Rules["image.size"].Source, profile.Rules["image.size"].Source);
        Assert.True(profile.DemandOf("xen-pv")!.Absent);
        Assert.Equal(["viostor", "vioscsi", "netkvm"], profile.DemandOf("virtio")!.Required);
        Assert.Equal("WIN-0007",
            Assert.Throws<RefusedException>(() => TargetCatalog.Parse("""{"extends":"aws","id":"x","rules":{}}"""u8, "x.json")).Code);
    }

    /// <summary>The set is closed: a target that says nothing about a family would be a decision by omission.</summary>
    [Theory]
    [MemberData(nameof(Ids))]
    public void Every_profile_decides_about_every_family_of_drivers(string id)
    {
        foreach (var family in DriverManifest.Embedded.Families)
        {
            var demand = TargetCatalog.Get(id).DemandOf(family.Name);
            Assert.True(demand is not null, $"{id} says nothing about {family.Name}");
            Assert.All((demand.Required ?? []).Concat(demand.Advised ?? []), driver => Assert.NotNull(family.Find(driver)));
            Assert.False(demand.Absent && (demand.StoreOnly || demand.Required is { Count: > 0 } || demand.Advised is { Count: > 0 }));
        }

        Assert.All(TargetCatalog.Get(id).Drivers.Keys, f => Assert.NotNull(DriverManifest.Embedded.Find(f)));
    }

    /// <summary>
    /// What a built-in target can do, a file of the user's can: written out and read under another name, it judges every defect alike.
    /// </summary>
    [Theory]
    [MemberData(nameof(Ids))]
    public void A_built_in_profile_written_out_judges_every_defect_alike(string id)
    {
        var profile = TargetCatalog.Get(id);
        var own = TargetCatalog.Parse(Encoding.UTF8.GetBytes((profile with { Id = "own" }).ToJson()), "own.json");
        foreach (var defect in Defect.All.Where(d => d.Where?.Invoke(Generation.Windows10, Firmware.Uefi) ?? true))
        {
            var machine = new Machine { Profile = profile };
            defect.Break(machine);
            var expected = Verdicts(machine.Start());
            machine.Profile = own;
            Assert.Equal(expected, Verdicts(machine.Restart()));
        }
    }

    private static List<string> Verdicts(RuleContext context) =>
        [.. RuleCatalog.For(context.Profile).Select(r => $"{r.Id} {RuleCatalog.SeverityOf(r, context.Profile)} {r.Inspect(context)}")];

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
        Assert.Equal(["network.dhcp"], RuleCatalog.All.Where(r => !r.Contract.IsGate && selection.Includes(r)).Select(r => r.Id));
        Assert.All(RuleCatalog.All.Where(r => r.Contract.IsGate), r => Assert.True(selection.Includes(r)));
        Assert.Empty(selection.Mistakes());
        Assert.Equal(["nonsense", "volume.dirty"], new RuleSelection(["nonsense"], ["volume.dirty"]).Mistakes());
    }
}
