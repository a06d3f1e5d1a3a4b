using System.CommandLine;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Cli.Words;
using OfflinePatch.Core;
using OfflinePatch.Windows.Accounts;
using OfflinePatch.Windows.FirstStart;
using OfflinePatch.Windows.Jobs;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Cli.Commands;

/// <summary>
/// The options that <c>fix</c>, <c>check</c> and <c>inspect</c> share: what the image is made ready for, with what, by which rules.
/// </summary>
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

    private readonly Option<string[]> _only = new("--only")
    {
        Description = "Run only this rule, or family (network.*). Repeatable. Gates always run.",
        HelpName = "RULE",
    };

    private readonly Option<string[]> _skip = new("--skip")
    {
        Description = "Skip this rule or family. Repeatable. Gates always run.",
        HelpName = "RULE",
    };

    private readonly Option<bool> _keepDns = new("--keep-dns") { Description = "Leave static DNS servers as they are." };

    private readonly Option<bool> _allowUnsigned = CommonOptions.AllowUnsigned();

    private readonly Option<bool> _skipRefused = new("--skip-refused")
    {
        Description = "Repair everything else where drivers of a source are refused; their rules stay failed.",
    };

    private readonly Option<bool> _replaceDrivers = new("--replace-drivers")
    {
        Description = "Verify the VirtIO drivers that the image has (files, catalogue, signature, this Windows). What must not be used "
            + "is replaced from --drivers, or else removed from the index.",
    };

    private readonly Option<string?> _devices = new("--devices")
    {
        Description = "Say which PCI device of the target has no driver: a file as `lspci -n` prints it, or the word target for the list "
            + "of the target's profile. `fix` stages what the --drivers sources hold for such a device, whoever made it.",
        HelpName = "FILE|target",
    };

    private readonly Option<string[]> _trustRoot = CommonOptions.TrustRoot();

    private readonly Option<bool> _enableRdp = new("--enable-rdp") { Description = "Turn on Remote Desktop and open the firewall for it." };

    private readonly Option<bool> _repairBoot = new("--repair-boot")
    {
        Description = "Rebuild what starts Windows where it is missing or names another disk: boot files, boot configuration, system "
            + "partition.",
    };

    private readonly ToolsOptions _tools = new();

    private readonly Option<bool> _repairDevices = new("--repair-devices")
    {
        Description = "Remove what Windows remembers of VirtIO and Xen devices that never worked, and packages that are in the index "
            + "of drivers only.",
    };

    private readonly Option<bool> _disableVbs = new("--disable-vbs")
    {
        Description = "Switch off virtualization-based security and Credential Guard, for hosts without nested virtualization. It lowers "
            + "the protection of the machine.",
    };

    private readonly Option<long?> _minSize = TypedOption.Size("--min-size",
        "Make the virtual disk at least this large (60G). The new part is unallocated space, or with --extend the volume of Windows.");

    private readonly Option<bool> _extend = new("--extend")
    {
        Description = "Extend the partition of Windows and its NTFS volume into the space that follows them, also what --min-size adds. A "
            + "recovery partition after it moves to the end of a GPT disk.",
    };

    private readonly Option<string?> _adminPassword = PasswordSource.Option("--admin-password-file",
        "Give the built-in administrator (RID 500) the password in the first line of FILE (- for standard input), and enable it.");

    private readonly Option<bool> _enableAdministrator = new("--enable-administrator")
    {
        Description = "Enable and unlock the built-in administrator (RID 500), which must have a password.",
    };

    private readonly Option<string> _network = new("--network")
    {
        Description = "dhcp: every interface uses DHCP. keep: the static settings are saved, and a script gives them to the new adapter "
            + "at the first start.",
        HelpName = "dhcp|keep",
        DefaultValueFactory = _ => "dhcp",
    };

    private readonly Option<string[]> _static = new("--static")
    {
        Description = "A static address for an adapter of the new machine, separated by commas without spaces: mac=52:54:00:12:34:56, "
            + "address=192.0.2.10/24, gateway=192.0.2.1, dns=192.0.2.53;192.0.2.54. Without mac for the only adapter. Repeatable.",
        HelpName = "SETTINGS",
    };

    private readonly Option<string[]> _firstBoot = new("--first-boot")
    {
        Description = "Run this script (.cmd, .bat, .ps1) once at the first start, as LocalSystem. Repeatable; in the given order.",
        HelpName = "SCRIPT",
    };

    private readonly Option<string?> _hostName = new("--hostname")
    {
        Description = "The name of the machine: 1 to 15 letters, digits and hyphens.",
        HelpName = "NAME",
    };

    private readonly Option<string?> _timeZone = new("--timezone")
    {
        Description = "The time zone of the machine, as Windows names it: \"W. Europe Standard Time\", UTC.",
        HelpName = "NAME",
    };

    private readonly Option<string?> _guestAgent = new("--guest-agent")
    {
        Description = "Install the QEMU guest agent: its .msi, .zip, or a directory with qemu-ga.exe.",
        HelpName = "PATH",
    };

    private readonly Option<bool> _resetCloneState = new("--reset-clone-state")
    {
        Description = "Delete what identifies the source machine to servers for DHCP and updates, and the state of the agent, for "
            + "clones. The SID stays.",
    };

    private readonly EditArguments _edit = new();

    private readonly Option<int?> _jobs = TypedOption.Number(
        "--jobs", 1, 64, "How many images are worked on at once; by default as many as there are processors, 64 at most.");

    private readonly Option<bool> _failFast = new("--fail-fast")
    {
        Description = "Start no further image after one that is not ready, is refused or fails.",
    };

    private readonly Option<bool> _jsonLines = new("--json-lines")
    {
        Description = "Print each image as one line of JSON as soon as it is finished: a batch that is killed leaves the record of what "
            + "it did.",
    };

    private readonly Option<bool> _all = new("--all") { Description = "List every rule, those that are ok, left out or do not apply too." };

    private readonly Option<string?> _report = new("--report")
    {
        Description = "Also write the report to PATH: .json, one self-contained page as .html, or a directory (ends in /) with a page "
            + "for each image and an index.",
        HelpName = "PATH",
    };

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
        command.Add(_skipRefused);
        command.Add(_replaceDrivers);
        command.Add(_devices);
        command.Add(_enableRdp);
        command.Add(_repairBoot);
        _tools.AddTo(command);
        command.Add(_repairDevices);
        command.Add(_disableVbs);
        command.Add(_minSize);
        command.Add(_extend);
        command.Add(_adminPassword);
        command.Add(_enableAdministrator);
        _network.AcceptOnlyFromAmong("dhcp", "keep");
        command.Add(_network);
        command.Add(_static);
        command.Add(_firstBoot);
        command.Add(_hostName);
        command.Add(_timeZone);
        command.Add(_guestAgent);
        command.Add(_resetCloneState);
        command.Add(_report);
        command.Add(_all);
    }

    /// <summary>Adds the options of every command that opens images.</summary>
    public void AddImageOptionsTo(Command command, bool writes = false)
    {
        command.Add(_manifest);
        _tools.AddDataTo(command);
        command.Add(_trustRoot);
        _edit.AddTo(command, writes);
        command.Add(_jobs);
        command.Add(_failFast);
        command.Add(_jsonLines);
        _only.CompletionSources.Add(RuleNames);
        _skip.CompletionSources.Add(RuleNames);
    }

    /// <summary>What can be known before an image is opened: names of rules and reports, and that the sources are there.</summary>
    /// <exception cref="UsageException">The command line is wrong.</exception>
    /// <exception cref="HostIOException"><c>CLI-0007</c>: a source is missing.</exception>
    public void Check(ParseResult result)
    {
        foreach (var mistake in Selection(result.GetValue(_only), result.GetValue(_skip)).Mistakes())
        {
            var meant = Suggestion.For(mistake, RuleDescription.Of(TargetProfile.Empty).Where(r => !r.Gate).Select(r => r.Id));
            throw new UsageException($"there is no rule {mistake} that can be chosen{(meant is null ? "" : $"; did you mean {meant}?")}",
                "`offlinepatch rules` lists them.");
        }

        if (result.GetValue(_jsonLines) && GlobalOptions.WantsJson(result))
        {
            throw new UsageException("--json and --json-lines cannot be combined");
        }

        ReportTarget(result)?.Check();

        foreach (var path in result.GetValue(_drivers) ?? [])
        {
            OutputPaths.RequireSource("--drivers", path);
        }

        OutputPaths.RequireSource("--cloudbase-init", result.GetValue(_cloudbaseInit));
        OutputPaths.RequireSource("--guest-agent", result.GetValue(_guestAgent));
        OutputPaths.RequireSource("--manifest", result.GetValue(_manifest));
        if (result.GetValue(_devices) is { } devices && devices != RuleRequest.DevicesOfTarget)
        {
            OutputPaths.RequireSource("--devices", devices);
        }

        _tools.Check(result);
        _edit.Check(result);
        RuleTable.ShowsAll = result.GetValue(_all);
    }

    /// <summary>How results are printed.</summary>
    public ResultForm Form(ParseResult result) =>
        result.GetValue(_jsonLines) ? ResultForm.Lines : GlobalOptions.WantsJson(result) ? ResultForm.Document : ResultForm.Text;

    public bool FailFast(ParseResult result) => result.GetValue(_failFast);

    public int Jobs(ParseResult result) => result.GetValue(_jobs) ?? Math.Min(64, Environment.ProcessorCount);

    /// <summary>Where the report goes, or null.</summary>
    public ReportTarget? ReportTarget(ParseResult result) => result.GetValue(_report) is { } path ? new ReportTarget(path) : null;

    /// <summary>How images are opened.</summary>
    public EditOptions ReadEdit(ParseResult result) => _edit.Read(result);

    /// <summary>What the rules are asked.</summary>
    public RuleRequest ReadRules(ParseResult result)
    {
        var profile = _target.Read(result);
        return new()
        {
            Profile = profile,
            Selection = Selection(result.GetValue(_only), result.GetValue(_skip)),
            DriverPaths = result.GetValue(_drivers) ?? [],
            TrustedRootPaths = result.GetValue(_trustRoot) ?? [],
            ManifestPath = result.GetValue(_manifest),
            CloudbaseInitPath = result.GetValue(_cloudbaseInit),
            KeepDns = result.GetValue(_keepDns),
            AllowUnsigned = result.GetValue(_allowUnsigned),
            SkipRefused = result.GetValue(_skipRefused),
            ReplaceDrivers = result.GetValue(_replaceDrivers),
            DevicesPath = result.GetValue(_devices),
            EnableRdp = result.GetValue(_enableRdp),
            RepairBoot = result.GetValue(_repairBoot),
            RemoveTools = _tools.Read(result),
            ToolsDataPath = _tools.DataPath(result),
            RepairDevices = result.GetValue(_repairDevices),
            DisableVbs = result.GetValue(_disableVbs),
            MinSize = result.GetValue(_minSize) ?? 0,
            Extend = result.GetValue(_extend),
            AdministratorPassword = result.GetValue(_adminPassword) is { } passwordFile
                ? PasswordSource.Read(passwordFile, PasswordPolicy.For(profile))
                : null,
            EnableAdministrator = result.GetValue(_enableAdministrator),
            KeepNetwork = result.GetValue(_network) == "keep",
            StaticNetworks = [.. (result.GetValue(_static) ?? []).Select(ReadStatic)],
            FirstBootScripts = ReadScripts(result.GetValue(_firstBoot) ?? []),
            HostName = result.GetValue(_hostName) is not { } name || RuleRequest.IsHostName(name)
                ? result.GetValue(_hostName)
                : throw new UsageException($"--hostname {name}: a name has 1 to 15 letters, digits and hyphens, no hyphen at an end, and "
                    + "not digits alone"),
            TimeZone = result.GetValue(_timeZone),
            GuestAgentPath = result.GetValue(_guestAgent),
            ResetCloneState = result.GetValue(_resetCloneState),
        };
    }

    private static NetworkSettings ReadStatic(string text) =>
        NetworkSettings.TryParse(text, out var settings, out var problem)
            ? settings
            : throw new UsageException($"--static {text}: {problem}");

    private static List<FirstBootScript> ReadScripts(string[] paths)
    {
        if (paths.Length > FirstBootScript.Limit)
        {
            throw new UsageException($"--first-boot was given {paths.Length} times; {FirstBootScript.Limit} scripts at most");
        }

        var scripts = new List<FirstBootScript>();
        foreach (var path in paths)
        {
            OutputPaths.RequireSource("--first-boot", path);
            scripts.Add(FirstBootScript.TryCreate(Path.GetFileName(path), HostPaths.ReadSmallFile(path, FirstBootScript.MaxLength),
                out var script, out var problem)
                ? script!
                : throw new UsageException($"--first-boot {path}: {problem}"));
        }

        return scripts;
    }

    private static IEnumerable<System.CommandLine.Completions.CompletionItem> RuleNames(
        System.CommandLine.Completions.CompletionContext context)
    {
        var rules = RuleDescription.Of(TargetProfile.Empty).Where(r => !r.Gate).Select(r => r.Id).ToList();
        return rules.Concat(rules.Select(r => r[..(r.IndexOf('.', StringComparison.Ordinal) + 1)] + "*").Distinct())
            .Select(n => new System.CommandLine.Completions.CompletionItem(n));
    }

    private static RuleSelection Selection(string[]? only, string[]? skip) => new(only ?? [], skip ?? []);
}
