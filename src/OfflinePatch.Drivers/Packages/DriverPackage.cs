using OfflinePatch.Core;
using OfflinePatch.Drivers.Inf;
using OfflinePatch.Drivers.Signatures;

namespace OfflinePatch.Drivers.Packages;

/// <summary>A driver package: an INF, and the files next to it that it lists.</summary>
public sealed class DriverPackage
{
    /// <summary>Largest file of a package that is read; display drivers' largest have about 100 MB.</summary>
    public const int MaxFileBytes = 256 * 1024 * 1024;

    /// <summary>Files up to this size are kept when they were read: signature, class and content of each are asked for in turn.</summary>
    private const int MaxKeptBytes = 4 * 1024 * 1024;

    private readonly IFileSystem _source;
    private readonly Dictionary<string, byte[]?> _files = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<(WindowsTarget, string), InfEffects> _effects = [];
    private readonly Dictionary<WindowsTarget, InfModels> _models = [];
    private readonly Dictionary<(string?, SignatureOptions), PackageSignatures> _signatures = [];
    private readonly Dictionary<(WindowsTarget, SignatureOptions), DriverPackageCheck> _checks = [];

    private DriverPackage(IFileSystem source, string path, byte[] content, InfFile inf)
    {
        _source = source;
        Path = path.Replace('/', '\\').TrimStart('\\');
        Folder = FilePath.ParentOf(Path);
        InfContent = content;
        Inf = inf;
    }

    /// <summary>The tree that contains it.</summary>
    public IFileSystem Source => _source;

    /// <summary>The INF's path in its source, separated by <c>\</c>.</summary>
    public string Path { get; }

    /// <summary>The package's folder in its source; empty is the root.</summary>
    public string Folder { get; }

    /// <summary>Where the package comes from, for messages and records: the source and the folder.</summary>
    public string Origin => Folder.Length == 0 ? _source.Source : $"{_source.Source}\\{Folder}";

    /// <summary>The INF.</summary>
    public InfFile Inf { get; }

    /// <summary>The INF's file name as it is in the source.</summary>
    public string InfName => Inf.Name;

    /// <summary>The INF's bytes.</summary>
    public byte[] InfContent { get; }

    /// <summary>The driver's version.</summary>
    public DriverVersion Version => Inf.Version.DriverVersion;

    /// <summary>Reads the INF at <paramref name="path"/>; the other files are read when they are asked for.</summary>
    /// <exception cref="CorruptImageException">The INF is no INF.</exception>
    /// <exception cref="UnsupportedImageException">The INF exceeds a limit.</exception>
    public static DriverPackage Read(IFileSystem source, string path)
    {
        var content = source.ReadFile(path, InfLimits.FileBytes);
        var name = path[(path.LastIndexOfAny(['\\', '/']) + 1)..];
        var inf = InfFile.Parse(content, name);
        InfModels.RequireBounded(inf);
        return new DriverPackage(source, path, content, inf);
    }

    /// <summary>The devices that the INF serves on a Windows.</summary>
    public InfModels Models(WindowsTarget target)
    {
        if (!_models.TryGetValue(target, out var models))
        {
            models = InfModels.Select(Inf, target);
            _models.Add(target, models);
        }

        return models;
    }

    /// <summary>Every id that the package serves on a Windows.</summary>
    public IEnumerable<string> Ids(WindowsTarget target) => Models(target).Models.SelectMany(m => m.Ids);

    /// <summary>The effects of each install section that the package has for a Windows, in the order of the models.</summary>
    /// <exception cref="CorruptImageException">An install section is missing, or needs itself.</exception>
    public IReadOnlyList<InfEffects> Effects(WindowsTarget target, InfEvaluationOptions? options = null)
    {
        var effects = new List<InfEffects>();
        foreach (var section in Models(target).Models.Select(m => m.InstallSection).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (options is not null || !_effects.TryGetValue((target, section), out var one))
            {
                one = InfEvaluator.Evaluate(Inf, section, target, options);
                if (options is null)
                {
                    _effects.Add((target, section), one);
                }
            }

            effects.Add(one);
        }

        return effects;
    }

    /// <summary>The catalogue's name for an architecture, or null.</summary>
    public string? CatalogName(ProcessorArchitecture architecture) => Inf.Version.CatalogFile(architecture);

    /// <summary>
    /// The files that belong to the package on a Windows, relative to its folder, without the INF and the catalogue: all that
    /// SourceDisksFiles lists, and all that CopyFiles takes.
    /// </summary>
    public IReadOnlyList<string> Files(WindowsTarget target) =>
        [.. InfSourceFiles.Of(Inf, target.Architecture).Paths
            .Concat(Effects(target).SelectMany(e => e.Files).Select(f => f.Source).Where(s => s.Length > 0))
            .Distinct(StringComparer.OrdinalIgnoreCase)];

    /// <summary>The signatures of the package, verified once for the same options.</summary>
    public PackageSignatures Signatures(ProcessorArchitecture architecture, SignatureOptions options)
    {
        var catalog = CatalogName(architecture);
        if (!_signatures.TryGetValue((catalog, options), out var signatures))
        {
            signatures = new PackageSignatures(this, catalog, options);
            _signatures.Add((catalog, options), signatures);
        }

        return signatures;
    }

    /// <summary>The check for a Windows, run once for the same options.</summary>
    internal DriverPackageCheck Check(WindowsTarget target, SignatureOptions options)
    {
        if (!_checks.TryGetValue((target, options), out var check))
        {
            check = DriverPackageCheck.Create(this, target, options);
            _checks.Add((target, options), check);
        }

        return check;
    }

    /// <summary>The content of a file of the package by its relative path, or null when it is not there.</summary>
    public byte[]? ReadFile(string relative)
    {
        if (!_files.TryGetValue(relative, out var content))
        {
            var path = Folder.Length == 0 ? relative : $"{Folder}\\{relative}";
            content = _source.FileExists(path) ? _source.ReadFile(path, MaxFileBytes) : null;
            if (content is not { Length: > MaxKeptBytes })
            {
                _files.Add(relative, content);
            }
        }

        return content;
    }

    /// <summary>Whether a file of this name is one that the INF lists or copies, on any architecture.</summary>
    internal bool Lists(string fileName) => InfSourceFiles.Names(Inf).Contains(fileName);

    /// <summary>
    /// The compressed form of a file that is not there as it is: <c>viostor.sy_</c> for <c>viostor.sys</c>, as old installation discs have
    /// it; or null.
    /// </summary>
    public string? FindCompressed(string relative)
    {
        var compressed = relative[..^1] + '_';
        return relative.LastIndexOf('.') > relative.LastIndexOf('\\')
            && _source.FileExists(Folder.Length == 0 ? compressed : $"{Folder}\\{compressed}") ? compressed : null;
    }

    /// <summary><c>viostor\w10\amd64\viostor.inf 100.95.104.26200</c>.</summary>
    public override string ToString() => $"{Path} {Version}";
}
