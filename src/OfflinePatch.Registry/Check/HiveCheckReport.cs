using OfflinePatch.Registry.Check;

namespace OfflinePatch.Registry.Check;

/// <summary>The result of a check of a hive.</summary>
public sealed class HiveCheckReport
{
    internal HiveCheckReport(HiveVerdict verdict, IReadOnlyList<HiveFinding> findings, HiveCensus census)
    {
        Verdict = verdict;
        Findings = findings;
        Census = census;
    }

    /// <summary>What Windows would do with it.</summary>
    public HiveVerdict Verdict { get; }

    /// <summary>What was found: errors, which determine the verdict, and notes, which do not.</summary>
    public IReadOnlyList<HiveFinding> Findings { get; }

    internal HiveCensus Census { get; }
}
