using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Windows.FirstStart;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules.Agent;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Start;

/// <summary>
/// <c>start.scripts</c>: with <c>--first-boot</c>, <c>--static</c> or <c>--network keep</c>, scripts run once at the first start. Without
/// them it asks for nothing.
/// </summary>
internal sealed class StartScriptsRule() : Rule(Description)
{
    /// <summary>What the user can do where Windows does not run SetupComplete.cmd.</summary>
    internal const string Instead =
        "Change the product key in the source machine before it is generalised (`slmgr /ipk`), or name the command in the answer file "
            + "(FirstLogonCommands).";

    private const string StaticScript = "20-static-network.ps1";

    private static readonly RuleContract Description = new("start.scripts")
    {
        Title = "What was asked for at the first start is prepared",
        Severity = RuleSeverity.Error,
        Source = "Cloudbase-Init LocalScriptsPlugin; Microsoft, Add a custom script to Windows Setup; [MS-GPSCR] startup scripts",
        Summary = @"With --first-boot or --static: \Windows\Setup\OfflinePatch\queue and run.cmd, which runs each script once, in the "
            + @"order of their names, writes first-start.log and removes its registration: a local script of Cloudbase-Init, "
            + @"SetupComplete.cmd of a generalised image, or a startup script of the local group policy.",
        CanFix = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var wanted = Wanted(context).ToList();
        if (wanted.Count == 0)
        {
            return Finding.NotApplicable("Nothing was asked for at the first start (--first-boot, --static).");
        }

        var queue = Queue(context);
        var missing = wanted.Where(s => !queue.Has(s.Name, s.Text)).Select(s => s.Name).ToList();
        if (missing.Count == 0 && (queue.IsRegistered || wanted.TrueForAll(s => queue.HasRun(s.Name))))
        {
            var ran = wanted.Where(s => queue.HasRun(s.Name)).Select(s => s.Name).ToList();
            var ahead = wanted.Select(s => s.Name).Except(ran).ToList();
            if (ahead.Count > 0 && queue.WhyIgnored is { } evidence)
            {
                return Finding.Failed(
                    $"{string.Join(", ", ahead)}: prepared, but {queue.ChannelText}, does not run: {Ignored(evidence)}.", Instead,
                    evidence) with
                { Severity = RuleSeverity.Warning };
            }

            return Finding.Ok(
                (ahead.Count == 0 ? "" : $"{string.Join(", ", ahead)}: once at the first start, by {queue.ChannelText}. ")
                + (ran.Count == 0 ? "" : $"{string.Join(", ", ran)}: ran at an earlier start, and does not run again; give a new script "
                    + "another name. ")
                + $"The log is {LogPath(context)}.") with
            { Remarks = ahead.Count == 0 ? [] : Remarks(queue) };
        }

        return queue.Problem is { } problem
            ? Finding.Failed($"The scripts cannot be registered: {problem}.",
                "Name --cloudbase-init, whose local scripts run them; or add them to the startup scripts of the source machine.")
            : Finding.Broken("Not prepared for the first start: "
                + $"{string.Join(", ", missing.Count > 0 ? missing : wanted.Select(s => s.Name))}.", "absent",
                $"run once, by {queue.ChannelText}");
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        var queue = Queue(context);
        foreach (var script in Wanted(context))
        {
            queue.Add(script.Name, script.Text);
        }

        queue.Register();
    }

    /// <summary>The queue of scripts that wait for a network, or of those that set it up.</summary>
    internal static FirstStartQueue Queue(RuleContext context, bool? needsNetwork = null) =>
        new(context.Windows, SetupPhase.IsAhead(context.Windows),
            needsNetwork ?? context.Request is { KeepNetwork: false, StaticNetworks.Count: 0 });

    /// <summary>Where the log will be.</summary>
    internal static string LogPath(RuleContext context) =>
        context.Windows.GuestPath(context.Windows.PathOf(@"Setup\OfflinePatch\first-start.log"));

    /// <summary>Remarks on the channel that was chosen.</summary>
    internal static IReadOnlyList<string> Remarks(FirstStartQueue queue) => queue.Channel switch
    {
        FirstStartChannel.SetupComplete when queue.WhyIgnored is { } evidence => [$"{Ignored(evidence)}. {Instead}"],
        FirstStartChannel.SetupComplete when queue.MayBeIgnored =>
            ["Windows leaves SetupComplete.cmd out where a client edition was installed with an OEM product key."],
        FirstStartChannel.SetupComplete => [],
        FirstStartChannel.Agent =>
            ["Cloudbase-Init runs local scripts once it has found its metadata; on a cloud without metadata they do not run."],
        _ =>
            ["The startup script is part of the local group policy. A policy that allows signed PowerShell scripts only stops scripts "
                + "that end in .ps1, not batch files."],
    };

    /// <summary>Why Windows does not run SetupComplete.cmd, as a clause that can stand alone.</summary>
    internal static string Ignored(string evidence) =>
        $"Windows leaves SetupComplete.cmd out with an OEM product key, unless it is an Enterprise edition ({evidence})";

    private static IEnumerable<(string Name, string Text)> Wanted(RuleContext context)
    {
        if (context.Request.StaticNetworks is { Count: > 0 } networks)
        {
            yield return (StaticScript, NetworkScript.Create(networks, []));
        }

        foreach (var (script, i) in context.Request.FirstBootScripts.Select((s, i) => (s, i)))
        {
            yield return ($"{50 + i:00}-{script.Name}", script.Text);
        }
    }
}
