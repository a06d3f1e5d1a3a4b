using System.CommandLine;
using OfflinePatch.Core;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>--target</c> and <c>--profile</c>: what an image is made ready for.</summary>
internal sealed class TargetOptions(string what)
{
    private const int ProfileLimit = 1024 * 1024;

    private readonly Option<string> _target = new("--target")
    {
        Description = $"{what}: {string.Join(", ", TargetCatalog.Ids)}.",
        HelpName = "PROFILE",
        DefaultValueFactory = _ => TargetCatalog.DefaultId,
    };

    private readonly Option<string?> _profile = new("--profile")
    {
        Description = "A target profile of your own (JSON) instead of --target.",
        HelpName = "FILE",
    };

    public void AddTo(Command command)
    {
        _target.CompletionSources.Add([.. TargetCatalog.Ids]);
        command.Add(_target);
        command.Add(_profile);
    }

    /// <summary>The profile that was chosen; the default one for a command without these options.</summary>
    /// <exception cref="UsageException">There is no such target.</exception>
    public TargetProfile Read(ParseResult result)
    {
        if (result.GetValue(_profile) is { } file)
        {
            OutputPaths.RequireSource("--profile", file);
            return TargetCatalog.Parse(HostPaths.ReadSmallFile(file, ProfileLimit), file);
        }

        var id = result.GetValue(_target) ?? TargetCatalog.DefaultId;
        if (!TargetCatalog.Ids.Contains(id))
        {
            var meant = Words.Suggestion.For(id, TargetCatalog.Ids);
            throw new UsageException($"--target {id}: there is no such target{(meant is null ? "" : $"; did you mean {meant}?")}",
                $"The targets are {string.Join(", ", TargetCatalog.Ids)}; --profile names a JSON file of your own.");
        }

        return TargetCatalog.Get(id);
    }
}
