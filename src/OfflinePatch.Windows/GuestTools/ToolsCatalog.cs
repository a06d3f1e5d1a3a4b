using OfflinePatch.Core;

namespace OfflinePatch.Windows.GuestTools;

/// <summary>The products whose tools are recognised and removed: those of the program, and those of an operator's own files.</summary>
/// <remarks>Immutable; safe for use by several threads.</remarks>
public sealed class ToolsCatalog
{
    private const string Prefix = "GuestTools/";
    private const int MaximumFiles = 64;

    private static readonly Lazy<ToolsCatalog> Built = new(ReadEmbedded);

    private ToolsCatalog(IReadOnlyList<ToolsProduct> products) => Products = products;

    /// <summary>Those that come with the program.</summary>
    public static ToolsCatalog Embedded => Built.Value;

    /// <summary>The ids of those that come with the program, without reading them: a file is named after its product.</summary>
    public static IReadOnlyList<string> EmbeddedIds { get; } =
    [
        .. typeof(ToolsCatalog).Assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(n => n[Prefix.Length..^".json".Length]).Order(StringComparer.Ordinal),
    ];

    /// <summary>The products, by id.</summary>
    public IReadOnlyList<ToolsProduct> Products { get; }

    /// <summary>The product of an id, without case.</summary>
    /// <exception cref="RefusedException"><c>TLS-0002</c>: there is none.</exception>
    public ToolsProduct Get(string id) =>
        Products.FirstOrDefault(p => p.Id.Equals(id, StringComparison.OrdinalIgnoreCase))
            ?? throw ToolsError.Unknown(id, string.Join(", ", Products.Select(p => p.Id)));

    /// <summary>
    /// The products of the program and of a tree's <c>*.json</c> files; a file with the id of a built-in product replaces that one.
    /// </summary>
    /// <param name="folder">The files, at most 64.</param>
    /// <exception cref="UnsupportedImageException"><c>TLS-0001</c>: a file does not follow the form, two have one id, or there is
    /// none.</exception>
    public static ToolsCatalog Load(IFileSystem folder) => With(
    [
        .. folder.Enumerate("").Where(f => !f.IsDirectory && f.Name.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
            .OrderBy(f => f.Name, StringComparer.OrdinalIgnoreCase).Take(MaximumFiles + 1)
            .Select(f => ToolsProduct.Parse(folder.ReadFile(f.Name, ToolsProduct.MaximumBytes), f.Name)),
    ], folder.Source);

    /// <summary>The products of the program and that of one file.</summary>
    /// <exception cref="UnsupportedImageException"><c>TLS-0001</c>: it does not follow the form.</exception>
    public static ToolsCatalog With(ReadOnlySpan<byte> json, string source) => With([ToolsProduct.Parse(json, source)], source);

    private static ToolsCatalog With(List<ToolsProduct> own, string source)
    {
        if (own.Count is 0 or > MaximumFiles)
        {
            throw ToolsError.Broken(source, own.Count == 0 ? "it holds no file *.json." : $"it holds more than {MaximumFiles} files.");
        }

        if (own.GroupBy(p => p.Id).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw ToolsError.Broken(twice.Last().Source, $"another file has the id {twice.Key}.");
        }

        return new ToolsCatalog(
            [.. Embedded.Products.Where(p => own.TrueForAll(o => o.Id != p.Id)).Concat(own).OrderBy(p => p.Id, StringComparer.Ordinal)]);
    }

    private static ToolsCatalog ReadEmbedded()
    {
        var assembly = typeof(ToolsCatalog).Assembly;
        var products = new List<ToolsProduct>();
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal))
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            products.Add(ToolsProduct.Parse(content, name[Prefix.Length..]));
        }

        return new ToolsCatalog(products);
    }
}
