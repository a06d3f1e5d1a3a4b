using System.Globalization;
using OfflinePatch.Mutants.Run;

namespace OfflinePatch.Mutants;

/// <summary>The score of an area: of the mutants that are not accepted as survivors, the share that a test noticed.</summary>
internal sealed class Score(IReadOnlyList<Verdict> verdicts, AcceptedMutants accepted)
{
    /// <summary>Survivors that nobody accepted, those that no test reaches among them.</summary>
    public IReadOnlyList<Verdict> Survivors { get; } =
        [.. verdicts.Where(v => v.Fate is Fate.Survived or Fate.NotCovered && accepted.ReasonFor(v.Mutant.Key) is null)];

    /// <summary>Mutants on the list of accepted ones that a test noticed.</summary>
    public IReadOnlyList<Verdict> NeedlesslyAccepted { get; } =
        [.. verdicts.GroupBy(v => v.Mutant.Key, StringComparer.Ordinal)
            .Where(g => accepted.ReasonFor(g.Key) is not null && g.All(v => v.Fate is Fate.Killed or Fate.TimedOut))
            .Select(g => g.First())];

    /// <summary>The share in percent.</summary>
    public double Percent
    {
        get
        {
            var noticed = Count(Fate.Killed) + Count(Fate.TimedOut);
            return noticed + Survivors.Count == 0 ? 100 : 100.0 * noticed / (noticed + Survivors.Count);
        }
    }

    private int Accepted => Count(Fate.Survived) + Count(Fate.NotCovered) - Survivors.Count;

    /// <summary>One line.</summary>
    public string Line(string name) => string.Create(CultureInfo.InvariantCulture,
        $"{name,-20} {verdicts.Count,6} mutants {verdicts.Count - Count(Fate.NotCovered),6} covered {Count(Fate.Killed),6} killed "
        + $"{Count(Fate.TimedOut),4} timed out {Survivors.Count,5} survived {Accepted,4} accepted {Percent,6:0.0} %");

    private int Count(Fate fate) => verdicts.Count(v => v.Fate == fate);
}
