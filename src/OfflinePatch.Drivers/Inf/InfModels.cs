namespace OfflinePatch.Drivers.Inf;

/// <summary>
/// Chooses, for each manufacturer of an INF, the models section that a Windows takes. Source: learn.microsoft.com inf-manufacturer-section,
/// inf-models-section.
/// </summary>
public sealed class InfModels
{
    private InfModels(IReadOnlyList<InfModel> models, IReadOnlyList<string> sections, IReadOnlyList<string> rejected)
    {
        Models = models;
        Sections = sections;
        Rejected = rejected;
    }

    /// <summary>The devices, in the order of the INF.</summary>
    public IReadOnlyList<InfModel> Models { get; }

    /// <summary>The models sections that were taken.</summary>
    public IReadOnlyList<string> Sections { get; }

    /// <summary>The models sections that do not fit this Windows, each with the reason.</summary>
    public IReadOnlyList<string> Rejected { get; }

    /// <summary>Selects the models of an INF for a Windows; <see cref="Models"/> is empty when it serves none of its devices.</summary>
    /// <exception cref="UnsupportedImageException"><c>INF-0010</c>: more than <see cref="InfLimits.Models"/>.</exception>
    public static InfModels Select(InfFile inf, WindowsTarget target)
    {
        var models = new List<InfModel>();
        var sections = new List<string>();
        var rejected = new List<string>();
        foreach (var (line, candidates) in Candidates(inf))
        {
            (InfDecoration Decoration, InfSection Section)? best = null;
            foreach (var (decoration, section) in candidates)
            {
                if (!decoration.Fits(target, out var reason))
                {
                    rejected.Add($"[{section.Name}]: {reason}");
                }
                else if (best is null || decoration.Rank.CompareTo(best.Value.Decoration.Rank) > 0)
                {
                    best = (decoration, section);
                }
            }

            if (best is { } chosen)
            {
                sections.Add(chosen.Section.Name);
                AddModels(inf, line, chosen.Section, models);
            }
        }

        return new InfModels(models, sections, rejected);
    }

    /// <summary>Refuses an INF that gives one Windows more device ids than can be worked with.</summary>
    /// <exception cref="UnsupportedImageException"><c>INF-0015</c>.</exception>
    internal static void RequireBounded(InfFile inf)
    {
        var ids = Candidates(inf).Sum(c => c.Sections.Count == 0 ? 0L
            : c.Sections.Max(s => s.Section.Lines.Sum(l => l.Key is null ? 0L : Math.Max(0, l.Fields.Count - 1))));
        if (ids > InfLimits.Ids)
        {
            throw InfError.TooManyIds(inf.Name);
        }
    }

    private static IEnumerable<(InfLine Line, List<(InfDecoration Decoration, InfSection Section)> Sections)> Candidates(InfFile inf)
    {
        foreach (var line in inf.Find("Manufacturer")?.Lines ?? [])
        {
            // A line without "=" means that the models section has the manufacturer's name: then field 0 is both.
            var name = inf.Expand(line.Field(0));
            if (name.Length == 0)
            {
                continue;
            }

            var found = new List<(InfDecoration, InfSection)>();
            if (inf.Find(name) is { } plain)
            {
                found.Add((InfDecoration.None, plain));
            }

            for (var i = 1; i < line.Fields.Count; i++)
            {
                var text = inf.Expand(line.Field(i));
                if (text.Length > 0 && InfDecoration.Parse(text) is { } decoration && inf.Find($"{name}.{text}") is { } section)
                {
                    found.Add((decoration, section));
                }
            }

            yield return (line, found);
        }
    }

    private static void AddModels(InfFile inf, InfLine manufacturer, InfSection section, List<InfModel> models)
    {
        var manufacturerToken = manufacturer.Head;
        var manufacturerName = inf.Expand(manufacturerToken);
        foreach (var line in section.Lines)
        {
            if (line.Key is null)
            {
                continue;
            }

            if (models.Count == InfLimits.Models)
            {
                throw InfError.TooManyModels(inf.Name);
            }

            var compatible = new List<string>();
            for (var i = 2; i < line.Fields.Count; i++)
            {
                if (inf.Expand(line.Field(i)) is { Length: > 0 } id)
                {
                    compatible.Add(id);
                }
            }

            models.Add(new InfModel(line.Key, inf.Expand(line.Key), manufacturerToken, manufacturerName,
                inf.Expand(line.Field(0)), inf.Expand(line.Field(1)), compatible, section.Name, line.Number));
        }
    }
}
