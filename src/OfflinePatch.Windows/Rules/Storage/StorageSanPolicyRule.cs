using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Storage;

/// <summary>
/// <c>storage.san-policy</c>: disks that Windows sees for the first time come online (drivers.md §12, images-and-cloud.md §4.7). Where the
/// value is absent, clients bring disks online, and servers leave shared ones offline.
/// </summary>
internal sealed class StorageSanPolicyRule() : Rule(Description)
{
    private const uint OnlineAll = 1;

    private static readonly RuleContract Description = new("storage.san-policy")
    {
        Title = "New disks come online",
        Severity = RuleSeverity.Warning,
        Source = "Huawei IMS: set the SAN policy to OnlineAll; Azure, Google Compute Engine, Coriolis",
        Summary = @"Services\partmgr\Parameters\SanPolicy = 1 (OnlineAll).",
        CanFix = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var wrong = Wrong(context).ToList();
        return wrong.Count == 0
            ? Finding.Ok(context.Windows.BootControlSets.Any(s => Policy(s) is null)
                ? @"Services\partmgr\Parameters\SanPolicy is not set, which is OnlineAll on a client."
                : @"Services\partmgr\Parameters\SanPolicy is OnlineAll.")
            : Finding.Broken(
                @"Services\partmgr\Parameters\SanPolicy leaves new disks offline.",
                string.Join("; ", wrong.Select(s => $"{s.Name}: {Text(Policy(s))}")), "1 (OnlineAll)");
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        foreach (var set in Wrong(context).ToList())
        {
            set.Key.Create(@"Services\partmgr\Parameters").SetDword("SanPolicy", OnlineAll);
        }
    }

    private static IEnumerable<ControlSet> Wrong(RuleContext context) =>
        context.Windows.BootControlSets.Where(s => (Policy(s) ?? (context.Windows.Facts.IsServer ? 2u : OnlineAll)) != OnlineAll);

    private static uint? Policy(ControlSet set) => set.Find(@"Services\partmgr\Parameters")?.GetDword("SanPolicy");

    private static string Text(uint? policy) => policy switch
    {
        2 => "2 (OfflineShared)",
        3 => "3 (OfflineAll)",
        4 => "4 (OfflineInternal)",
        null => "absent (a server's default is OfflineShared)",
        _ => $"{policy}",
    };
}
