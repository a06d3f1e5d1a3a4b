using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;
using static OfflinePatch.Core.Binary.LittleEndian;

namespace OfflinePatch.Windows.Rules.Start;

/// <summary><c>start.time-zone</c>: with <c>--timezone</c>, the machine is in this time zone from its first start on.</summary>
internal sealed class TimeZoneRule() : Rule(Description)
{
    private const string Zones = @"Microsoft\Windows NT\CurrentVersion\Time Zones";
    private const string Information = @"Control\TimeZoneInformation";

    private static readonly RuleContract Description = new("start.time-zone")
    {
        Title = "The machine is in the time zone that was asked for",
        Severity = RuleSeverity.Error,
        Source = "Microsoft, TIME_ZONE_INFORMATION and DYNAMIC_TIME_ZONE_INFORMATION (the value TZI and its place); hives of Windows 7, "
            + "8.1 and 10",
        Summary = $@"With --timezone: {Information} from SOFTWARE\{Zones}\NAME (TZI, MUI_Std, MUI_Dlt), in the control sets that a boot "
            + @"uses.",
        CanFix = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        if (context.Request.TimeZone is not { } name)
        {
            return Finding.NotApplicable("No time zone was asked for (--timezone).");
        }

        if (ZoneOf(context, name) is not { } zone)
        {
            var known = context.Windows.Software.Root.Find(Zones)
                ?.SubKeys.Select(k => k.Name).Take(1000).Order(StringComparer.OrdinalIgnoreCase).ToList() ?? [];
            return Finding.Failed($@"This Windows has no time zone {name} in SOFTWARE\{Zones}.",
                known.Count == 0
                    ? "Set it after the machine has started (`tzutil /s`)."
                    : $"Choose one of its own, as `tzutil /l` lists them: {string.Join("; ", known)}.");
        }

        var different = context.Windows.BootControlSets.Where(s => !Has(s, zone)).ToList();
        return different.Count == 0
            ? Finding.Ok($"The machine is in the time zone {zone.Name}.")
            : Finding.Broken($"The machine is in the time zone {NameIn(different[0]) ?? "(none)"}.",
                string.Join("; ", different.Select(s => $"{s.Name}: {NameIn(s)}")), zone.Name);
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        var zone = ZoneOf(context, context.Request.TimeZone!)!.Value;
        foreach (var set in context.Windows.BootControlSets.Where(s => !Has(s, zone)))
        {
            var key = set.Key.Create(Information);
            key.SetString("TimeZoneKeyName", zone.Name);
            key.SetDword("Bias", U32(zone.Rules, Layout.Bias));
            key.SetDword("StandardBias", U32(zone.Rules, Layout.StandardBias));
            key.SetDword("DaylightBias", U32(zone.Rules, Layout.DaylightBias));
            key.SetBinary("StandardStart", zone.Rules.AsSpan(Layout.StandardStart, Layout.Moment));
            key.SetBinary("DaylightStart", zone.Rules.AsSpan(Layout.DaylightStart, Layout.Moment));
            key.SetString("StandardName", zone.Standard);
            key.SetString("DaylightName", zone.Daylight);
            key.SetDword("DynamicDaylightTimeDisabled", 0);

            // What applies today; Windows computes it again when it starts.
            key.SetDword("ActiveTimeBias", U32(zone.Rules, Layout.Bias) + U32(zone.Rules, Layout.StandardBias));
        }
    }

    private static bool Has(ControlSet set, (string Name, byte[] Rules, string Standard, string Daylight) zone) =>
        set.Find(Information) is { } key && string.Equals(NameIn(set), zone.Name, StringComparison.OrdinalIgnoreCase)
        && key.GetDword("Bias") == U32(zone.Rules, Layout.Bias) && key.GetDword("DaylightBias") == U32(zone.Rules, Layout.DaylightBias)
        && key.GetBinary("StandardStart").AsSpan().SequenceEqual(zone.Rules.AsSpan(Layout.StandardStart, Layout.Moment))
        && key.GetBinary("DaylightStart").AsSpan().SequenceEqual(zone.Rules.AsSpan(Layout.DaylightStart, Layout.Moment));

    // Windows reserves 128 characters for the name; what is after the end is left from before.
    private static string? NameIn(ControlSet set) => set.Find(Information)?.GetString("TimeZoneKeyName")?.Split('\0')[0];

    private static (string Name, byte[] Rules, string Standard, string Daylight)? ZoneOf(RuleContext context, string name)
    {
        var key = context.Windows.Software.Root.Find(Zones)
            ?.SubKeys.Take(1000).FirstOrDefault(k => k.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        return key?.GetBinary("TZI") is { Length: Layout.Size } rules
            ? (key.Name, rules, key.GetString("MUI_Std") ?? key.GetString("Std") ?? key.Name,
                key.GetString("MUI_Dlt") ?? key.GetString("Dlt") ?? key.Name)
            : null;
    }

    /// <summary>Offsets in the value TZI (REG_TZI_FORMAT).</summary>
    private static class Layout
    {
        public const int Bias = 0x00; // i32, minutes
        public const int StandardBias = 0x04; // i32
        public const int DaylightBias = 0x08; // i32
        public const int StandardStart = 0x0C; // SYSTEMTIME
        public const int DaylightStart = 0x1C; // SYSTEMTIME
        public const int Moment = 16;
        public const int Size = 0x2C;
    }
}
