using OfflinePatch.Core;
using OfflinePatch.Drivers.Inf;
using OfflinePatch.Drivers.Pe;
using OfflinePatch.Drivers.Signatures;

namespace OfflinePatch.Drivers.Packages;

/// <summary>
/// The check of a package before it is used: every listed file is there, executables are made for the machine, the catalogue is signed and
/// lists every file, and the kernel of the target accepts what it is to load.
/// </summary>
public sealed class DriverPackageCheck
{
    private readonly List<DriverFinding> _findings = [];
    private readonly List<string> _refusedWithSecureBoot = [];
    private readonly SignatureOptions _options;

    private DriverPackageCheck(DriverPackage package, WindowsTarget target, SignatureOptions options)
    {
        Package = package;
        Target = target;
        _options = options;
        Signatures = package.Signatures(target.Architecture, options);
    }

    /// <summary>The package.</summary>
    public DriverPackage Package { get; }

    /// <summary>The Windows that it was checked for.</summary>
    public WindowsTarget Target { get; }

    /// <summary>What signatures were judged by.</summary>
    public SignatureOptions Options => _options;

    /// <summary>The signatures of the package.</summary>
    public PackageSignatures Signatures { get; }

    /// <summary>What was found.</summary>
    public IReadOnlyList<DriverFinding> Findings => _findings;

    /// <summary>Who signed the catalogue, or empty.</summary>
    public string SignerName => Signatures.CatalogVerdict.SignerName is { Length: > 0 } name ? name
        : Signatures.Catalog?.Signature.SignerName ?? "";

    /// <summary>Whether the signatures hold for this Windows: the catalogue lists every file, and the kernel accepts its drivers.</summary>
    public bool IsSigned => !_findings.Exists(f => f.Kind == DriverFindingKind.Signature);

    /// <summary>
    /// Whether Windows asks a person whether the publisher is trusted before it installs a device, unless the publisher's certificate was
    /// imported.
    /// </summary>
    public bool NeedsTrustedPublisher => !Signatures.CatalogVerdict.IsSignedByMicrosoft;

    /// <summary>Files that the INF lists and that are not there, the catalogue among them.</summary>
    public IReadOnlyList<string> MissingFiles =>
        [.. _findings.Where(f => f.Subject == DriverFindingSubject.MissingFile).Select(f => f.File)];

    /// <summary>Files that are there and are not those that the catalogue lists.</summary>
    public IReadOnlyList<string> AlteredFiles =>
        [.. _findings.Where(f => f.Subject == DriverFindingSubject.AlteredFile).Select(f => f.File)];

    /// <summary>
    /// Whether every file of the package is there and is the one that its catalogue lists. Read from the driver store of an image, this
    /// says whether Windows can install the package.
    /// </summary>
    public bool IsComplete => Signatures.Catalog is not null && MissingFiles.Count == 0 && AlteredFiles.Count == 0
        && _findings.TrueForAll(f => f.Subject != DriverFindingSubject.UnusableInf);

    /// <summary>Kernel drivers of the package that this Windows loads without Secure Boot only.</summary>
    public IReadOnlyList<string> RefusedWithSecureBoot => _refusedWithSecureBoot;

    /// <summary>Whether the package may be used.</summary>
    /// <param name="allowUnsigned">Whether a signature that does not hold is accepted.</param>
    public bool IsUsable(bool allowUnsigned) =>
        !_findings.Exists(f => f.Kind == DriverFindingKind.Refusal || (f.Kind == DriverFindingKind.Signature && !allowUnsigned));

    /// <summary>Checks a package for a Windows.</summary>
    /// <param name="package">The package.</param>
    /// <param name="target">The Windows.</param>
    /// <param name="options">What signatures are judged by; Microsoft's roots alone when omitted.</param>
    public static DriverPackageCheck Run(DriverPackage package, WindowsTarget target, SignatureOptions? options = null) =>
        package.Check(target, options ?? SignatureOptions.Default);

    internal static DriverPackageCheck Create(DriverPackage package, WindowsTarget target, SignatureOptions options)
    {
        var check = new DriverPackageCheck(package, target, options);
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
            _findings.Add(DriverFinding.NoModels(Package.InfName, $"Windows {Target}", models.Rejected));
            return;
        }

        var effects = Package.Effects(Target);
        foreach (var notice in effects.SelectMany(e => e.Notices).Where(n => n.Kind != InfNoticeKind.NotApplied).Distinct())
        {
            _findings.Add(DriverFinding.InfProblem(Package.InfName, notice.Line, notice.Message));
        }

        _findings.AddRange(PackageScope.Check(Package, Target, effects));
        var services = effects.SelectMany(e => e.Services).Where(s => s.Binary is not null).ToList();
        var boot = FileNames(services.Where(s => s.StartType == 0));
        var kernel = FileNames(services.Where(s => s.ServiceType is 1 or 2 or 8));
        var present = new List<string>();
        foreach (var file in Package.Files(Target))
        {
            if (Package.ReadFile(file) is { } content)
            {
                present.Add(file);
                CheckFile(file, content, kernel, boot);
            }
            else
            {
                _findings.Add(Package.FindCompressed(file) is { } compressed ? DriverFinding.Compressed(file, compressed)
                    : DriverFinding.Missing(file));
            }
        }

        CheckCatalog(present);
    }

    private static HashSet<string> FileNames(IEnumerable<InfService> services) => services.Select(s => s.Binary!.FileName)
        .ToHashSet(StringComparer.OrdinalIgnoreCase);

    private void CheckFile(string file, byte[] content, HashSet<string> kernel, HashSet<string> boot)
    {
        var name = FilePath.NameOf(file);
        if (!name.EndsWith(".sys", StringComparison.OrdinalIgnoreCase) && !kernel.Contains(name))
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
            _findings.Add(DriverFinding.WrongMachine(file, image.Architecture?.InfName() ?? $"machine 0x{image.MachineCode:X4}",
                Target.Architecture.InfName()));
        }

        CheckSignature(file, isBootStart: boot.Contains(name), isKernel: kernel.Contains(name));
    }

    // What starts at boot is loaded before catalogues can be read: its own signature decides. Any other driver may be vouched for by the
    // catalogue.
    private void CheckSignature(string file, bool isBootStart, bool isKernel)
    {
        var embedded = Signatures.Embedded(file);
        if (!isBootStart && !isKernel)
        {
            return; // a file that no service of the INF loads
        }

        var decision = KernelPolicy.Accepts(embedded, Target, _options.SecureBoot, _options.HasSha2Update, _options.TestSigning);
        var acceptsSecureBoot = KernelPolicy.Accepts(embedded, Target, secureBoot: true, hasSha2Update: true).IsAccepted;
        if (!isBootStart && Signatures.Lists(file))
        {
            decision = decision.IsAccepted ? decision
                : KernelPolicy.Accepts(Signatures.CatalogVerdict, Target, _options.SecureBoot, _options.HasSha2Update,
                    _options.TestSigning);
            acceptsSecureBoot |= KernelPolicy.Accepts(Signatures.CatalogVerdict, Target, secureBoot: true, hasSha2Update: true).IsAccepted;
        }

        if (!decision.IsAccepted && Signatures.Catalog is not null && !Signatures.Lists(file)
            && embedded.Problems is [{ Kind: SignatureProblemKind.FileAltered }])
        {
            return; // the catalogue check reports the same
        }

        if (!decision.IsAccepted)
        {
            _findings.Add(isBootStart && embedded.Signatures.Count == 0 ? DriverFinding.BootNotEmbedded(file)
                : IsSha2Alone(decision, embedded) ? DriverFinding.Sha2OnWindows7(file)
                : embedded.Problems.Any(p => p.Kind == SignatureProblemKind.Unreadable)
                    ? DriverFinding.EmbeddedUnreadable(file, decision.Reason)
                : DriverFinding.KernelRefuses(file, decision.Reason));
        }
        else if (!acceptsSecureBoot)
        {
            _refusedWithSecureBoot.Add(file);
        }
    }

    private bool IsSha2Alone(KernelDecision decision, SignatureVerdict verdict) => !decision.IsAccepted && !_options.HasSha2Update
        && KernelPolicy.Accepts(verdict, Target, _options.SecureBoot, hasSha2Update: true).IsAccepted;

    private void CheckCatalog(List<string> files)
    {
        if (Signatures.CatalogName is not { } name)
        {
            _findings.Add(DriverFinding.NoCatalogNamed(Package.InfName));
            return;
        }

        if (!Signatures.HasCatalog)
        {
            _findings.Add(DriverFinding.NoCatalog(name));
            return;
        }

        if (Signatures.Catalog is null)
        {
            _findings.Add(DriverFinding.BadCatalog(name, Signatures.CatalogProblem ?? ""));
            return;
        }

        // Device installation asks for a signature that holds; Secure Boot matters to the kernel only.
        var verdict = Signatures.CatalogVerdict;
        var decision = KernelPolicy.Accepts(verdict, Target, secureBoot: false, _options.HasSha2Update, _options.TestSigning);
        if (verdict.Problems.Any(p => p.Kind is SignatureProblemKind.ContentAltered or SignatureProblemKind.BadValue))
        {
            _findings.Add(DriverFinding.CatalogAltered(name, verdict.Problems[0].Message));
        }
        else if (!decision.IsAccepted)
        {
            _findings.Add(DriverFinding.CatalogRefused(name, decision.Reason));
        }
        else if (decision.Reason.Length > 0)
        {
            _findings.Add(DriverFinding.CatalogWarning(name, verdict.ToString()));
        }

        foreach (var file in files.Prepend(Package.InfName).Where(f => !Signatures.Lists(f)))
        {
            _findings.Add(DriverFinding.NotInCatalog(file, name));
        }
    }
}
