using OfflinePatch.Core;
using OfflinePatch.Drivers.Inf;
using OfflinePatch.Drivers.Pe;
using OfflinePatch.Drivers.Signatures;

namespace OfflinePatch.Drivers.Packages;

/// <summary>
/// The check of a package before it is used: every listed file there, executables of the right machine, the catalogue complete, and a signature inside what
/// starts at boot.
/// </summary>
public sealed class DriverPackageCheck
{
    private readonly List<DriverFinding> _findings = [];

    private DriverPackageCheck(DriverPackage package, WindowsTarget target)
    {
        Package = package;
        Target = target;
    }

    /// <summary>The package.</summary>
    public DriverPackage Package { get; }

    /// <summary>The Windows that it was checked for.</summary>
    public WindowsTarget Target { get; }

    /// <summary>What was found.</summary>
    public IReadOnlyList<DriverFinding> Findings => _findings;

    /// <summary>The catalogue, or null.</summary>
    public Catalog? Catalog { get; private set; }

    /// <summary>Who signed the catalogue, or empty.</summary>
    public string SignerName => Catalog?.Signature.SignerName ?? "";

    /// <summary>Whether the catalogue is there, whole, and lists every file.</summary>
    public bool IsSigned => !_findings.Exists(f => f.Kind == DriverFindingKind.Signature);

    /// <summary>Whether the package may be used.</summary>
    /// <param name="allowUnsigned">Whether a signature that does not hold is accepted.</param>
    public bool IsUsable(bool allowUnsigned) =>
        !_findings.Exists(f => f.Kind == DriverFindingKind.Refusal || (f.Kind == DriverFindingKind.Signature && !allowUnsigned));

    /// <summary>Checks a package for a Windows.</summary>
    public static DriverPackageCheck Run(DriverPackage package, WindowsTarget target)
    {
        var check = new DriverPackageCheck(package, target);
        try
        {
            check.CheckAll();
        }
        catch (Exception e) when (e is CorruptImageException or UnsupportedImageException)
        {
            check._findings.Add(DriverFinding.Broken(package.InfName, e.Message));
        }

        return check;
    }

    private void CheckAll()
    {
        var models = Package.Models(Target);
        if (models.Models.Count == 0)
        {
            _findings.Add(DriverFinding.NoModels(Package.InfName, Target, models.Rejected));
            return;
        }

        var effects = Package.Effects(Target);
        foreach (var notice in effects.SelectMany(e => e.Notices).Where(n => n.Kind != InfNoticeKind.NotApplied).Distinct())
        {
            _findings.Add(DriverFinding.InfProblem(Package.InfName, notice.Line, notice.Message));
        }

        var bootBinaries = effects.SelectMany(e => e.Services).Where(s => s is { StartType: 0, Binary: not null }).Select(s => s.Binary!.FileName).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var kernelBinaries = effects.SelectMany(e => e.Services).Where(s => s is { ServiceType: 1 or 2 or 8, Binary: not null }).Select(s => s.Binary!.FileName).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var present = new List<(string Path, byte[] Content)>();
        foreach (var file in Package.Files(Target))
        {
            if (Package.ReadFile(file) is { } content)
            {
                present.Add((file, content));
                CheckFile(file, content, kernelBinaries, bootBinaries);
            }
            else
            {
                _findings.Add(Package.FindCompressed(file) is { } compressed ? DriverFinding.Compressed(file, compressed) : DriverFinding.Missing(file));
            }
        }

        CheckCatalog(present);
    }

    private void CheckFile(string file, byte[] content, HashSet<string> kernelBinaries, HashSet<string> bootBinaries)
    {
        var name = file[(file.LastIndexOf('\\') + 1)..];
        var isDriver = name.EndsWith(".sys", StringComparison.OrdinalIgnoreCase) || kernelBinaries.Contains(name);
        if (!isDriver)
        {
            return;
        }

        if (PeImage.TryParse(content, out var reason) is not { } image)
        {
            _findings.Add(DriverFinding.NotExecutable(file, reason));
            return;
        }

        if (image.Architecture != Target.Architecture)
        {
            _findings.Add(DriverFinding.WrongMachine(file, image.Architecture?.InfName() ?? $"machine 0x{image.MachineCode:X4}", Target.Architecture.InfName()));
        }

        if (!bootBinaries.Contains(name))
        {
            return;
        }

        if (!image.HasEmbeddedSignature)
        {
            _findings.Add(DriverFinding.BootNotEmbedded(file));
            return;
        }

        var algorithms = new List<string>();
        foreach (var der in image.Signatures())
        {
            if (SignedContent.TryParse(der, out var problem) is { } signature)
            {
                algorithms.AddRange(signature.DigestAlgorithms);
            }
            else
            {
                _findings.Add(DriverFinding.EmbeddedUnreadable(file, problem));
            }
        }

        if (!Target.HasDriverDatabase && algorithms.Count > 0 && !algorithms.Contains("SHA-1"))
        {
            _findings.Add(DriverFinding.Sha2OnWindows7(file));
        }
    }

    private void CheckCatalog(List<(string Path, byte[] Content)> files)
    {
        if (Package.CatalogName(Target.Architecture) is not { } name)
        {
            _findings.Add(DriverFinding.NoCatalogNamed(Package.InfName));
            return;
        }

        if (Package.ReadFile(name) is not { } content)
        {
            _findings.Add(DriverFinding.NoCatalog(name));
            return;
        }

        try
        {
            Catalog = Catalog.Parse(content, name);
        }
        catch (Exception e) when (e is CorruptImageException or UnsupportedImageException)
        {
            _findings.Add(DriverFinding.BadCatalog(name, e.Message));
            return;
        }

        if (Catalog.Signature.DigestMatches == false)
        {
            _findings.Add(DriverFinding.CatalogAltered(name));
        }

        foreach (var (path, bytes) in files.Prepend((Package.InfName, Package.InfContent)))
        {
            if (!Catalog.Lists(bytes))
            {
                _findings.Add(DriverFinding.NotInCatalog(path, name));
            }
        }
    }
}
