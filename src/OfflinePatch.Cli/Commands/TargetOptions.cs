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

    private readonly Option<string?> _profile = new("--profile") { Description = "A target profile of your own (JSON) instead of --target.", HelpName = "FILE" };

    public void AddTo(Command command)
    {
        command.Add(_target);
        command.Add(_profile);
    }

    /// <summary>The profile that was chosen; the default one for a command without these options.</summary>
    public TargetProfile Read(ParseResult result) => result.GetValue(_profile) is { } file
        ? TargetCatalog.Parse(HostPaths.ReadSmallFile(file, ProfileLimit), file)
        : TargetCatalog.Get(result.GetValue(_target) ?? TargetCatalog.DefaultId);
}
