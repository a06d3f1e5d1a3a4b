using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Signatures;

namespace OfflinePatch.Drivers.Packages;

/// <summary>
/// Chooses one package per driver of a family for a Windows: the INF's own decorations decide which packages fit at all; among those the
/// folder table of the manifest decides (the highest folder of the edition that is not above this Windows), then whether the manifest knows
/// the INF's name, then the version. Packages of two makers in one source that differ in nothing but the version are a conflict; of two
/// sources the first wins.
/// </summary>
public sealed class DriverSelection
{
    private readonly Dictionary<string, DriverPackage> _chosen = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, DriverFinding> _conflicts = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, List<DriverFinding>> _passedOver = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<(string Id, DriverFinding Finding)> _fallbacks = [];

    private DriverSelection(DriverFamily family, WindowsTarget target)
    {
        Family = family;
        Target = target;
    }

    /// <summary>The family.</summary>
    public DriverFamily Family { get; }

    /// <summary>The Windows.</summary>
    public WindowsTarget Target { get; }

    /// <summary>The package of a driver, or null when the sources hold none that fits.</summary>
    public DriverPackage? Find(string driver) => _chosen.GetValueOrDefault(driver);

    /// <summary>The drivers that have a package, in the order of the family.</summary>
    public IEnumerable<(DriverEntry Entry, DriverPackage Package)> Chosen =>
        Family.Drivers.Where(d => _chosen.ContainsKey(d.Id)).Select(d => (d, _chosen[d.Id]));

    /// <summary>Two equally good packages for a driver's devices, so that none was chosen; or null.</summary>
    public DriverFinding? Conflict(string driver) => _conflicts.GetValueOrDefault(driver);

    /// <summary>Why the best package of a driver gave way to another, which is the one chosen; or null.</summary>
    public DriverFinding? Fallback(string driver) => _fallbacks.Find(f => f.Id.Equals(driver, StringComparison.OrdinalIgnoreCase)).Finding;

    /// <summary>Why packages of a driver were not taken.</summary>
    public IReadOnlyList<DriverFinding> PassedOver(string driver) => _passedOver.GetValueOrDefault(driver) ?? [];

    /// <summary>Chooses among the packages of any number of sources.</summary>
    /// <param name="packages">The packages, those of the first source first.</param>
    /// <param name="family">The family.</param>
    /// <param name="target">The Windows.</param>
    /// <param name="signatures">
    /// Where given, a package whose signatures this Windows does not accept gives way to the next best one that it accepts, for example to
    /// the folder of an older Windows; where there is none it stays chosen, and its check says why it cannot be used.
    /// </param>
    public static DriverSelection Choose(IEnumerable<DriverPackage> packages, DriverFamily family, WindowsTarget target,
        SignatureOptions? signatures = null)
    {
        var selection = new DriverSelection(family, target);
        var candidates = new Dictionary<string, List<(DriverPackage Package, Rank Rank)>>(StringComparer.OrdinalIgnoreCase);
        foreach (var package in packages)
        {
            if (!selection.IsExcluded(package) && selection.Entry(package) is { } entry && selection.RankOf(package, entry) is { } rank)
            {
                candidates.TryAdd(entry.Id, []);
                candidates[entry.Id].Add((package, rank));
            }
        }

        foreach (var (id, list) in candidates)
        {
            selection.ChooseOne(family.Drivers.First(d => d.Id.Equals(id, StringComparison.OrdinalIgnoreCase)), list, signatures);
        }

        // fwcfg drives the device that qemufwcfg only claims: never both.
        foreach (var replaced in family.Drivers.Where(d => selection._chosen.ContainsKey(d.Id)).SelectMany(d => d.Replaces ?? []).ToList())
        {
            selection._chosen.Remove(replaced);
        }

        return selection;
    }

    private void ChooseOne(DriverEntry entry, List<(DriverPackage Package, Rank Rank)> candidates, SignatureOptions? signatures)
    {
        var (best, conflict, rejected) = Pick(entry, candidates);
        var refused = new List<(DriverPackage Package, string Reason)>();
        while (signatures is not null && conflict is null && candidates.Count > 0)
        {
            var pick = Pick(entry, candidates);
            var reason = DriverPackageCheck.Run(pick.Package, Target, signatures)
                .Findings.FirstOrDefault(f => f.Kind == DriverFindingKind.Signature)?.Message;
            if (pick.Conflict is not null)
            {
                break;
            }

            if (reason is null)
            {
                (best, rejected) = (pick.Package, pick.Rejected);
                rejected.AddRange(refused.Select(r => DriverFinding.FellBack(r.Package.Path, r.Reason, best.Path)));
                _fallbacks.AddRange(refused.Count > 0
                    ? [(entry.Id, DriverFinding.FellBack(refused[0].Package.Path, refused[0].Reason, best.Path))] : []);
                break;
            }

            refused.Add((pick.Package, reason));
            candidates = [.. candidates.Where(c => c.Package != pick.Package)];
        }

        foreach (var finding in rejected)
        {
            Reject(entry, finding);
        }

        if (conflict is null)
        {
            _chosen.Add(entry.Id, best);
        }
        else
        {
            _conflicts[entry.Id] = conflict;
        }
    }

    private static (DriverPackage Package, DriverFinding? Conflict, List<DriverFinding> Rejected) Pick(
        DriverEntry entry, List<(DriverPackage Package, Rank Rank)> candidates)
    {
        var rejected = new List<DriverFinding>();
        DriverFinding? conflict = null;
        var best = candidates[0];
        foreach (var (package, rank) in candidates.Skip(1))
        {
            var place = rank.ComparePlace(best.Rank);
            var isOther = !package.InfName.Equals(best.Package.InfName, StringComparison.OrdinalIgnoreCase)
                || package.Inf.Version.Provider != best.Package.Inf.Version.Provider;
            var isFirst = isOther && place == 0 && package.Source != best.Package.Source;
            var wins = place > 0 || (place == 0 && !isFirst && rank.CompareTo(best.Rank) > 0);
            var (winner, loser) = wins ? (package, best.Package) : (best.Package, package);
            if (isOther && place == 0 && !isFirst)
            {
                conflict = DriverFinding.EqualClaim(best.Package.Path, package.Path, entry.Id);
            }
            else if (isOther)
            {
                rejected.Add(DriverFinding.SameId(loser.Path, winner.Path, entry.Id));
            }

            conflict = place > 0 ? null : conflict;
            best = wins ? (package, rank) : best;
        }

        return (best.Package, conflict, rejected);
    }

    private bool IsExcluded(DriverPackage package) =>
        Family.Exclude.Count > 0 && package.Folder.Split('\\').Append(System.IO.Path.GetFileNameWithoutExtension(package.InfName))
            .Any(e => Family.Exclude.Contains(e, StringComparer.OrdinalIgnoreCase));

    // The driver that a package is: by its INF's name and ids; by ids alone for a vendor's own names.
    private DriverEntry? Entry(DriverPackage package)
    {
        var ids = package.Models(Target).Models.Count > 0 ? package.Ids(Target) : AllIds(package);
        var owners = Family.Drivers.Where(d => ids.Any(d.Owns)).ToList();
        return owners.Find(d => d.Inf.Contains(package.InfName, StringComparer.OrdinalIgnoreCase)) ?? owners.FirstOrDefault();
    }

    private static List<string> AllIds(DriverPackage package) =>
        [.. package.Inf.Sections.SelectMany(s => s.Lines).Where(l => l.Key is not null && l.Fields.Count >= 2).SelectMany(l =>
            l.Fields.Skip(1)).Select(f => package.Inf.Expand(f)).Where(f => f.Contains('\\', StringComparison.Ordinal)).Take(1000)];

    private Rank? RankOf(DriverPackage package, DriverEntry entry)
    {
        var models = package.Models(Target);
        if (models.Models.Count == 0)
        {
            return Reject(entry, DriverFinding.NoModels(package.Path, $"Windows {Target}", models.Rejected));
        }

        var isKnown = entry.Inf.Contains(package.InfName, StringComparer.OrdinalIgnoreCase);
        DriverDirectory? directory = null;
        foreach (var element in package.Folder.Split('\\'))
        {
            if (Family.ArchitectureOf(element) is { } architecture && architecture != Target.Architecture)
            {
                return Reject(entry, DriverFinding.WrongMachine(package.Path, architecture.InfName(), Target.Architecture.InfName()));
            }

            directory = Family.Directories.FirstOrDefault(d => d.IsNamed(element)) ?? directory;
        }

        if (directory is null)
        {
            return new Rank(0, default, isKnown, package);
        }

        if ((directory.Major, directory.Minor, directory.Build).CompareTo((Target.Major, Target.Minor, Target.Build)) > 0)
        {
            return Reject(entry,
                DriverFinding.Superseded($"{package.Path}: folder {directory.Name} is for a later Windows than {Target}."));
        }

        var fits = directory.Editions == DriverEditions.Any || (directory.Editions == DriverEditions.Server) == Target.IsServer;
        return new Rank(fits ? 2 : 1, (directory.Major, directory.Minor, directory.Build, directory.Editions == DriverEditions.Any ? 0 : 1),
            isKnown, package);
    }

    private Rank? Reject(DriverEntry entry, DriverFinding finding)
    {
        if (!_passedOver.TryGetValue(entry.Id, out var list))
        {
            _passedOver.Add(entry.Id, list = []);
        }

        list.Add(finding);
        return null;
    }

    // Level 2: a folder for this edition; 1: one for the other edition; 0: no folder of the table in the path.
    private readonly record struct Rank(int Level, (int Major, int Minor, int Build, int Exact) Directory, bool IsKnown,
        DriverPackage Package) : IComparable<Rank>
    {
        /// <summary>All but version and date.</summary>
        public int ComparePlace(Rank other) => (Level, Directory, IsKnown).CompareTo((other.Level, other.Directory, other.IsKnown));

        public int CompareTo(Rank other)
        {
            var order = ComparePlace(other);
            order = order != 0 ? order : Package.Version.CompareTo(other.Package.Version);
            order = order != 0 ? order : Package.Inf.Version.DriverDate.CompareTo(other.Package.Inf.Version.DriverDate);
            return order != 0 ? order : -string.CompareOrdinal(Package.Path, other.Package.Path);
        }
    }
}
