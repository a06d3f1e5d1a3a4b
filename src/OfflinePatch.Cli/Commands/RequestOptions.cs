using System.CommandLine;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Jobs;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Cli.Commands;

/// <summary>The options that <c>fix</c>, <c>check</c> and <c>inspect</c> share: what the image is made ready for, with what, by which rules.</summary>
internal sealed class RequestOptions
{
    private readonly TargetOptions _target = new("What the image is made ready for");

    private readonly Option<string[]> _drivers = new("--drivers")
    {
        Description = "Where driver packages are: a directory, .iso, .zip or floppy image. Repeatable; the first that has one wins.",
        HelpName = "PATH",
    };

    private readonly Option<string?> _manifest = CommonOptions.Manifest();

    private readonly Option<string?> _cloudbaseInit = new("--cloudbase-init")
    {
        Description = "Cloudbase-Init: the portable .zip, the .msi, or an unpacked directory.",
        HelpName = "PATH",
    };

    private readonly Option<string[]> _only = new("--only") { Description = "Run only this rule, or family (network.*). Repeatable. Gates always run.", HelpName = "RULE" };

    private readonly Option<string[]> _skip = new("--skip") { Description = "Leave this rule or family out. Repeatable. Gates always run.", HelpName = "RULE" };

    private readonly Option<bool> _keepDns = new("--keep-dns") { Description = "Leave static DNS servers as they are." };

    private readonly Option<bool> _allowUnsigned = new("--allow-unsigned") { Description = "Stage drivers whose signature is missing or does not match." };

    private readonly Option<string[]> _trustRoot = CommonOptions.TrustRoot();

    private readonly Option<bool> _enableRdp = new("--enable-rdp") { Description = "Turn Remote Desktop on and open the firewall for it." };

    private readonly EditArguments _edit = new();

    private readonly Option<int> _jobs = new("--jobs")
    {
        Description = "How many images are worked on at once.",
        HelpName = "N",
        DefaultValueFactory = _ => Environment.ProcessorCount,
    };

    private readonly Option<bool> _json = CommonOptions.Json();

    private readonly Option<string?> _report = new("--report") { Description = "Also write the report to FILE: .json, or one self-contained page as .html.", HelpName = "FILE" };

    /// <summary>Adds the options to a command that runs rules.</summary>
    public void AddRuleOptionsTo(Command command)
    {
        _target.AddTo(command);
        command.Add(_drivers);
        command.Add(_cloudbaseInit);
        command.Add(_only);
        command.Add(_skip);
        command.Add(_keepDns);
        command.Add(_allowUnsigned);
        command.Add(_trustRoot);
        command.Add(_enableRdp);
        command.Add(_report);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_report) is { } path && !ReportFile.IsKnown(path))
            {
                result.AddError($"a report cannot be written as {path}: name a file that ends in .json or .html"); // said before any image is touched
            }
        });
    }

    /// <summary>Adds the options of every command that opens images.</summary>
    public void AddImageOptionsTo(Command command, bool writes = false)
    {
        command.Add(_manifest);
        _edit.AddTo(command, writes);
        command.Add(_jobs);
        command.Add(_json);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_jobs) is { Implicit: false } && result.GetValue(_jobs) is < 1 or > 64)
            {
                result.AddError("--jobs takes a number from 1 to 64");
            }

            var selection = Selection(result.GetValue(_only), result.GetValue(_skip));
            foreach (var mistake in selection.Mistakes())
            {
                result.AddError($"there is no rule {mistake} that can be chosen; `offlinepatch rules` lists them");
            }
        });
    }

    public bool WantsJson(ParseResult result) => result.GetValue(_json);

    public int Jobs(ParseResult result) => result.GetValue(_jobs);

    public string? ReportPath(ParseResult result) => result.GetValue(_report);

    /// <summary>How images are opened.</summary>
    public EditOptions ReadEdit(ParseResult result) => _edit.Read(result);

    /// <summary>What the rules are asked.</summary>
    public RuleRequest ReadRules(ParseResult result) => new()
    {
        Profile = _target.Read(result),
        Selection = Selection(result.GetValue(_only), result.GetValue(_skip)),
        DriverPaths = result.GetValue(_drivers) ?? [],
        TrustedRootPaths = result.GetValue(_trustRoot) ?? [],
        ManifestPath = result.GetValue(_manifest),
        CloudbaseInitPath = result.GetValue(_cloudbaseInit),
        KeepDns = result.GetValue(_keepDns),
        AllowUnsigned = result.GetValue(_allowUnsigned),
        EnableRdp = result.GetValue(_enableRdp),
    };

    private static RuleSelection Selection(string[]? only, string[]? skip) => new(only ?? [], skip ?? []);
}
