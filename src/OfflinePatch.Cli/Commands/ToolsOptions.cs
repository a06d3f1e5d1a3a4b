using System.CommandLine;
using OfflinePatch.Cli.Words;
using OfflinePatch.Core;
using OfflinePatch.Windows.GuestTools;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>--remove-tools</c> and <c>--tools-data</c>: what is done with other hypervisors' tools.</summary>
internal sealed class ToolsOptions
{
    private const string Form = "Each is PRODUCT, PRODUCT=remove, PRODUCT=silence, or all in place of PRODUCT.";

    private readonly Option<string[]> _remove = new("--remove-tools")
    {
        Description = $"Remove another hypervisor's tools ({string.Join(", ", ToolsCatalog.EmbeddedIds)}, or "
            + "all), drivers and files too; PRODUCT=silence only disables what starts. "
            + "Repeatable; several may be separated by commas.",
        HelpName = "PRODUCT[=LEVEL]",
    };

    private readonly Option<string?> _data = new("--tools-data")
    {
        Description = "A JSON file, or a folder of them, that adds products of your own for --remove-tools to the built-in ones.",
        HelpName = "PATH",
    };

    public void AddTo(Command command)
    {
        _remove.CompletionSources.Add(
            [.. ToolsCatalog.EmbeddedIds.Append(RuleRequest.AllTools)
                .SelectMany(id => (string[])[id, $"{id}=silence"])]);
        command.Add(_remove);
    }

    public void AddDataTo(Command command) => command.Add(_data);

    /// <summary>Requires that the names exist, before an image is opened.</summary>
    /// <exception cref="UsageException">A name or a level does not exist, or a product is named twice.</exception>
    /// <exception cref="HostIOException"><c>CLI-0007</c>: the data is missing.</exception>
    /// <exception cref="UnsupportedImageException"><c>TLS-0001</c>: the data does not follow its form.</exception>
    public void Check(ParseResult result)
    {
        OutputPaths.RequireSource("--tools-data", DataPath(result));
        var names = Read(result).Keys.ToList();
        var known = DataPath(result) is null && names.Count == 0
            ? []
            : ToolsData.Read(DataPath(result)).Products.Select(p => p.Id).Append(RuleRequest.AllTools).ToList();
        foreach (var name in names.Where(n => !known.Contains(n)))
        {
            var meant = Suggestion.For(name, known);
            throw new UsageException($"--remove-tools {name}: there is no such product{(meant is null ? "" : $"; did you mean {meant}?")}",
                $"The products are {string.Join(", ", known)}.");
        }
    }

    /// <summary>Where products of the user are, or null.</summary>
    public string? DataPath(ParseResult result) => result.GetValue(_data);

    /// <summary>The products that are named, with how much of each is removed.</summary>
    /// <exception cref="UsageException">A level does not exist, or a product is named twice.</exception>
    public IReadOnlyDictionary<string, ToolsLevel> Read(ParseResult result)
    {
        var chosen = new Dictionary<string, ToolsLevel>(StringComparer.Ordinal);
        foreach (var text in (result.GetValue(_remove) ?? []).SelectMany(t => t.Split(',')).Select(t => t.Trim().ToLowerInvariant()))
        {
            var parts = text.Split('=', 2);
            ToolsLevel? level = parts is [_] or [_, "remove"] ? ToolsLevel.Remove : parts is [_, "silence"] ? ToolsLevel.Silence : null;
            if (level is null || parts[0].Length == 0)
            {
                throw new UsageException($"--remove-tools {text}: this names no product and level", Form);
            }

            if (!chosen.TryAdd(parts[0], level.Value))
            {
                throw new UsageException($"--remove-tools names {parts[0]} twice", Form);
            }
        }

        return chosen;
    }
}
