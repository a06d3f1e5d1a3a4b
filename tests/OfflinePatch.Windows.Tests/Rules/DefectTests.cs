using System.Text.RegularExpressions;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

/// <summary>
/// Every generation and firmware with every single defect: the intended rule fails and no other; a fix mends it; the second look is clean.
/// </summary>
[Trait("tier", "unit")]
public sealed partial class DefectTests
{
    public static TheoryData<string, Generation, Firmware> Variants
    {
        get
        {
            var data = new TheoryData<string, Generation, Firmware>();
            foreach (var defect in Defect.All)
            {
                foreach (var generation in Enum.GetValues<Generation>())
                {
                    foreach (var firmware in new[] { Firmware.Bios, Firmware.Uefi })
                    {
                        if (defect.Where?.Invoke(generation, firmware) ?? true)
                        {
                            data.Add(defect.Name, generation, firmware);
                        }
                    }
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Exactly_the_intended_rule_fails_and_a_fix_mends_it(string name, Generation generation, Firmware firmware)
    {
        var defect = Defect.All.Single(d => d.Name == name);
        var machine = new Machine(generation, firmware);
        defect.Break(machine);
        var guest = machine.Start();
        Assert.Equal(new[] { defect.Rule, defect.Also }.OfType<string>().Order(StringComparer.Ordinal),
            Failing(guest, generation).Order(StringComparer.Ordinal));
        var rule = RuleCatalog.All.Single(r => r.Id == defect.Rule);
        var finding = rule.Inspect(guest);
        Assert.Equal(defect.Fixable, finding.Fixable && rule.Contract.CanFix);
        Assert.True(finding.Remedy is { Length: > 20 } remedy && remedy.EndsWith('.'), $"no remedy: {finding.Remedy}");
        Assert.Equal(defect.Severity ?? rule.Contract.Severity, finding.Severity ?? rule.Contract.Severity);
        Assert.NotEmpty(defect.Names);
        Assert.Contains(defect.Names, finding.Message + finding.Before, StringComparison.OrdinalIgnoreCase);
        Assert.Matches(Place(), finding.Message + finding.Before);
        Assert.True(guest.Changes.IsEmpty);
        if (!defect.Fixable)
        {
            return;
        }

        rule.Fix(guest);
        Assert.Equal(FindingState.Ok, rule.Inspect(guest).State);
        Assert.False(guest.Changes.IsEmpty);
        Machine.Save(guest);
        var again = machine.Restart();
        Assert.Empty(Failing(again, generation));
        Assert.True(again.Changes.IsEmpty);
    }

    /// <summary>
    /// A key or path, a system file, an account, a partition, a BCD entry, bytes of the disk: where somebody has to look.
    /// </summary>
    [GeneratedRegex(@"\\[\w{]|\$[A-Z]\w+|\w+\.(sys|xml)|partition \d|BCD entry \{|master boot record", RegexOptions.ExplicitCapture)]
    private static partial Regex Place();

    private static List<string> Failing(RuleContext guest, Generation generation) =>
    [
        .. RuleCatalog.All
            .Where(r => !r.Id.StartsWith("agent.", StringComparison.Ordinal) && !r.Id.StartsWith("drivers.virtio", StringComparison.Ordinal)
                && !r.Id.StartsWith("drivers.xen", StringComparison.Ordinal)
                && !(r.Id == "windows.supported" && generation is Generation.Windows7 or Generation.Windows81))
            .Where(r => r.Inspect(guest).State == FindingState.Failed)
            .Select(r => r.Id),
    ];
}
