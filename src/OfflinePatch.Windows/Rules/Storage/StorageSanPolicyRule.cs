using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Storage;

/// <summary>
/// <c>storage.san-policy</c>: disks that Windows sees for the first time come online (drivers.md §12, images-and-cloud.md §4.7). Where the value
/// is absent, clients bring disks online, and servers leave shared ones offline.
/// </summary>
public sealed class StorageSanPolicyRule : Rule
{
    private const uint OnlineAll = 1;

    /// <inheritdoc/>
    public override string Id => "storage.san-policy";

    /// <inheritdoc/>
    public override string Title => "New disks come online";

    /// <inheritdoc/>
    public override RuleSeverity Severity => RuleSeverity.Warning;

    /// <inheritdoc/>
    public override string Source => "Huawei IMS: set the SAN policy to OnlineAll; Azure, Google Compute Engine, Coriolis";

    /// <inheritdoc/>
    public override string Summary => @"Services\partmgr\Parameters\SanPolicy = 1 (OnlineAll).";

    /// <inheritdoc/>
    public override bool CanFix => true;

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var wrong = Wrong(context).ToList();
        return wrong.Count == 0
            ? Finding.Ok(@"Services\partmgr\Parameters\SanPolicy is OnlineAll.")
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
