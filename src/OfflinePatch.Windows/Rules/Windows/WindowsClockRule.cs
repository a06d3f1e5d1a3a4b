using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Windows;

/// <summary>
/// <c>windows.clock</c>: a report. KVM hosts give the guest's clock in UTC or in local time as the image's properties say; Windows takes
/// local time unless RealTimeIsUniversal is 1 (images-and-cloud.md §4.7). Cloudbase-Init sets it from its own real_time_clock_utc.
/// </summary>
internal sealed class WindowsClockRule() : Rule(Description)
{
    private static readonly RuleContract Description = new("windows.clock")
    {
        Title = "How Windows reads the hardware clock",
        Severity = RuleSeverity.Info,
        Source = "Huawei IMS note on real_time_clock_utc; Azure and Google Compute Engine require RealTimeIsUniversal=1",
        Summary = @"Control\TimeZoneInformation\RealTimeIsUniversal: reported, never changed.",
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context) =>
        Finding.Ok(context.Windows.Current.Find(@"Control\TimeZoneInformation")?.GetDword("RealTimeIsUniversal") == 1
            ? @"Control\TimeZoneInformation\RealTimeIsUniversal=1: Windows reads the hardware clock as UTC."
            : @"Control\TimeZoneInformation\RealTimeIsUniversal is not 1: Windows reads the hardware clock as local time. If the clock "
                + @"is off after the first start, set it to 1, or real_time_clock_utc=true in cloudbase-init.conf.");
}
