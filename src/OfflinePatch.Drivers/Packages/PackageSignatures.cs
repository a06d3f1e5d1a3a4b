using OfflinePatch.Core;
using OfflinePatch.Drivers.Pe;
using OfflinePatch.Drivers.Signatures;

namespace OfflinePatch.Drivers.Packages;

/// <summary>The signatures of a package, verified once: its catalogue, what the catalogue lists, and the signatures inside its executables.</summary>
public sealed class PackageSignatures
{
    private readonly DriverPackage _package;
    private readonly SignatureOptions _options;
    private readonly Dictionary<string, SignatureVerdict> _embedded = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, bool> _listed = new(StringComparer.OrdinalIgnoreCase);

    internal PackageSignatures(DriverPackage package, string? catalogName, SignatureOptions options)
    {
        _package = package;
        _options = options;
        CatalogName = catalogName;
        if (catalogName is null || package.ReadFile(catalogName) is not { } content)
        {
            return;
        }

        HasCatalog = true;
        try
        {
            Catalog = Catalog.Parse(content, catalogName);
            CatalogVerdict = SignatureVerifier.Verify(Catalog, options);
        }
        catch (Exception e) when (e is CorruptImageException or UnsupportedImageException)
        {
            CatalogProblem = e.Message;
        }
    }

    /// <summary>The catalogue's file name by the INF, or null.</summary>
    public string? CatalogName { get; }

    /// <summary>Whether the catalogue's file is there.</summary>
    public bool HasCatalog { get; }

    /// <summary>The catalogue, or null when it is not there or not readable.</summary>
    public Catalog? Catalog { get; }

    /// <summary>Why a catalogue that is there cannot be read; a full sentence, or null.</summary>
    public string? CatalogProblem { get; }

    /// <summary>Who vouches for the catalogue.</summary>
    public SignatureVerdict CatalogVerdict { get; } = SignatureVerdict.Unsigned;

    /// <summary>Who vouches for a file by the signature inside it; unsigned for a file that is no executable or not there.</summary>
    public SignatureVerdict Embedded(string file)
    {
        if (!_embedded.TryGetValue(file, out var verdict))
        {
            verdict = _package.ReadFile(file) is { } content && PeImage.TryParse(content, out _) is { HasEmbeddedSignature: true } image
                ? SignatureVerifier.Verify(image, _options)
                : SignatureVerdict.Unsigned;
            _embedded.Add(file, verdict);
        }

        return verdict;
    }

    /// <summary>Whether the catalogue lists a file of the package by its present content.</summary>
    public bool Lists(string file)
    {
        if (!_listed.TryGetValue(file, out var listed))
        {
            var content = file.Equals(_package.InfName, StringComparison.OrdinalIgnoreCase) ? _package.InfContent : _package.ReadFile(file);
            listed = Catalog is not null && content is not null && Catalog.Lists(content);
            _listed.Add(file, listed);
        }

        return listed;
    }
}
