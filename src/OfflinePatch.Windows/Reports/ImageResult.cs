using System.Text.Json.Serialization;

namespace OfflinePatch.Windows.Reports;

/// <summary>The verdict on an image.</summary>
public enum ImageResult
{
    /// <summary>No rule of severity error failed.</summary>
    [JsonStringEnumMemberName("ready")]
    Ready,

    /// <summary>A dry run: after a fix no rule of severity error would fail. Nothing was written.</summary>
    [JsonStringEnumMemberName("wouldBeReady")]
    WouldBeReady,

    /// <summary>The rules that were chosen pass; others were left out, and nothing is known of them.</summary>
    [JsonStringEnumMemberName("rulesPass")]
    RulesPass,

    /// <summary>The image was described; no rule ran.</summary>
    [JsonStringEnumMemberName("inspected")]
    Inspected,

    /// <summary>A rule of severity error failed or stayed unfixed.</summary>
    [JsonStringEnumMemberName("notReady")]
    NotReady,

    /// <summary>A gate refused the image; nothing was written.</summary>
    [JsonStringEnumMemberName("refused")]
    Refused,

    /// <summary>The image could not be read, or the host failed.</summary>
    [JsonStringEnumMemberName("error")]
    Error,

    /// <summary>Skipped: its copy exists already, or an earlier image failed. A note says which.</summary>
    [JsonStringEnumMemberName("skipped")]
    Skipped,

    /// <summary>Cancelled before anything was written.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,
}

/// <summary>The outcome of one rule.</summary>
public enum RuleState
{
    /// <summary>Nothing to do.</summary>
    [JsonStringEnumMemberName("ok")]
    Ok,

    /// <summary>It failed before, was fixed, and is ok now.</summary>
    [JsonStringEnumMemberName("fixed")]
    Fixed,

    /// <summary>A dry run: <c>fix</c> would fix it.</summary>
    [JsonStringEnumMemberName("wouldFix")]
    WouldFix,

    /// <summary>It fails.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>Left out by <c>--only</c> or <c>--skip</c>, or not reached because a gate refused the image.</summary>
    [JsonStringEnumMemberName("skipped")]
    Skipped,

    /// <summary>It says nothing about this image.</summary>
    [JsonStringEnumMemberName("notApplicable")]
    NotApplicable,
}
