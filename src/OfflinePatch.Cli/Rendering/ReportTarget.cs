using OfflinePatch.Core;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Rendering;

/// <summary>
/// Where <c>--report</c> goes: one file, by the ending of its name, or a directory with a page for each machine and an index.
/// </summary>
/// <param name="path">What was named.</param>
internal sealed class ReportTarget(string path)
{
    /// <summary>The page of a directory.</summary>
    public const string IndexName = "index.html";

    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase) { IndexName };
    private readonly Dictionary<string, string> _pages = new(StringComparer.Ordinal);
    private ReportContext? _context;
    private HostIOException? _failure;

    /// <summary>Whether it is a directory.</summary>
    public bool IsFolder { get; } = path.EndsWith('/') || path.EndsWith(Path.DirectorySeparatorChar) || HostPaths.IsDirectory(path);

    /// <summary>Whether the whole reports are needed in the end.</summary>
    public bool NeedsAll => !IsFolder;

    /// <summary>What a report says of this run: when, where and by which command.</summary>
    public static ReportContext Context() =>
        new(ReproducibleClock.Current.GetUtcNow(), Environment.MachineName, RunLog.CommandLine);

    /// <summary>Requires that it can be written, before any work.</summary>
    /// <exception cref="UsageException">Its name does not say what to write, or its folder is missing.</exception>
    /// <exception cref="HostIOException">The host refuses.</exception>
    public void Check()
    {
        if (IsFolder)
        {
            HostPaths.CreateDirectory(path);
            OutputPaths.Check("--report", Path.Combine(path, IndexName), overwrite: true);
            return;
        }

        if (Path.GetExtension(path).ToLowerInvariant() is not (".json" or ".html" or ".htm"))
        {
            throw new UsageException($"a report cannot be written as {path}: name a file that ends in .json or .html, or a directory (it "
                + "ends in /)");
        }

        OutputPaths.Check("--report", path, overwrite: true);
    }

    /// <summary>Says when, where and by which command the reports are made.</summary>
    public void Begin(ReportContext context) => _context = context;

    /// <summary>
    /// Takes the report of one image: in a directory its page is written at once, so that a batch that is killed leaves its pages.
    /// </summary>
    public void Add(ReportDocument one)
    {
        if (!IsFolder)
        {
            return;
        }

        var image = one.Images[0];
        var stem = Name(Path.GetFileName(image.Path));
        var name = stem + ".html";
        for (var number = 2; !_names.Add(name); number++)
        {
            name = $"{stem}-{number}.html";
        }

        try
        {
            HostPaths.WriteText(Path.Combine(path, name), HtmlReport.Render(one, _context));
            _pages[image.Path] = name;
        }
        catch (HostIOException e)
        {
            _failure ??= e; // reported at the end: the work on images continues
        }
    }

    /// <summary>Writes the file, or the index of the directory.</summary>
    /// <exception cref="HostIOException">The host refuses.</exception>
    public void Complete(ReportDocument document)
    {
        if (IsFolder)
        {
            HostPaths.WriteText(Path.Combine(path, IndexName),
                HtmlReport.RenderIndex(document, i => _pages.GetValueOrDefault(i.Path), _context));
            if (_failure is not null)
            {
                throw new HostIOException(_failure.Code, _failure.Message, _failure.Remedy, _failure);
            }

            return;
        }

        HostPaths.WriteText(path,
            Path.GetExtension(path).Equals(".json", StringComparison.OrdinalIgnoreCase)
                ? ReportJson.Serialize(document) + "\n"
                : HtmlReport.Render(document, _context));
    }

    private static string Name(string image) => new([.. image.Select(c => char.IsLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '_')]);
}
