using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Windows.CloudbaseInit;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.FirstStart;

/// <summary>
/// Scripts that the machine runs once, at its first start: files in <c>Windows\Setup\OfflinePatch\queue</c>, in the order of their names,
/// and <c>run.cmd</c>, which runs them. A script is moved to <c>done</c> before it runs, so that nothing runs twice, whatever happens; what
/// it printed and its exit code are in <c>first-start.log</c>. When the queue is empty, <c>run.cmd</c> removes its own registration
/// again.
/// </summary>
internal sealed class FirstStartQueue
{
    private const string Root = @"Setup\OfflinePatch";
    private const string AgentScript = "offlinepatch-first-start.cmd";
    private const string CallLine = @"call ""%SystemRoot%\Setup\OfflinePatch\run.cmd""";
    private const int MaxText = 1024 * 1024;

    private readonly WindowsSystem _windows;
    private readonly IFileSystem _files;

    /// <param name="windows">The installation.</param>
    /// <param name="isSetupAhead">Whether the next start continues a setup.</param>
    /// <param name="needsNetwork">Whether the scripts can wait until the agent has found its metadata over the network; false for those
    /// that set the network up.</param>
    public FirstStartQueue(WindowsSystem windows, bool isSetupAhead, bool needsNetwork)
    {
        _windows = windows;
        _files = windows.Volume.RequireFiles();
        AgentFolder = needsNetwork && !isSetupAhead ? ScriptsOfAgent(windows) : null;
        Channel = isSetupAhead ? FirstStartChannel.SetupComplete
            : AgentFolder is not null ? FirstStartChannel.Agent
            : FirstStartChannel.StartupScript;
        if (Channel == FirstStartChannel.SetupComplete)
        {
            WhyIgnored = SetupComplete.WhyIgnored(windows, out var isKnown);
            MayBeIgnored = !isKnown;
        }
    }

    /// <summary>What runs the scripts.</summary>
    public FirstStartChannel Channel { get; }

    /// <summary>In words.</summary>
    public string ChannelText => Channel switch
    {
        FirstStartChannel.Agent => "a local script of Cloudbase-Init",
        FirstStartChannel.SetupComplete => "SetupComplete.cmd, at the end of the setup",
        _ => "a startup script of the local group policy",
    };

    /// <summary>Evidence that Windows does not run the queue; null where there is none.</summary>
    public string? WhyIgnored { get; }

    /// <summary>Whether the channel is one that Windows may leave out, and whether it does is not known.</summary>
    public bool MayBeIgnored { get; }

    private string? AgentFolder { get; }

    /// <summary>Why the scripts cannot be registered; null when they can.</summary>
    public string? Problem =>
        Channel == FirstStartChannel.StartupScript && !IsRegistered ? new StartupScriptPolicy(_windows).Problem : null;

    /// <summary>Whether the machine runs what is in the queue.</summary>
    public bool IsRegistered => Same(PathOf("run.cmd"), FirstStartText.Runner) && Channel switch
    {
        FirstStartChannel.Agent => Same(FilePath.Join(AgentFolder!, AgentScript), AgentText),
        FirstStartChannel.SetupComplete => SetupComplete.Read(_windows).Contains(CallLine, StringComparison.OrdinalIgnoreCase),
        _ => new StartupScriptPolicy(_windows).IsSet,
    };

    /// <summary>Whether a script is in the queue with this content, or has run already.</summary>
    public bool Has(string name, string text) => Same(PathOf(@"queue\" + name), text) || HasRun(name);

    /// <summary>Whether a script of this name has run.</summary>
    public bool HasRun(string name) => _files.FileExists(PathOf(@"done\" + name));

    /// <summary>Puts a script into the queue.</summary>
    public void Add(string name, string text)
    {
        if (!HasRun(name) && !Same(PathOf(@"queue\" + name), text))
        {
            _windows.Files.CreateDirectory(PathOf("queue"));
            _windows.Files.WriteFile(PathOf(@"queue\" + name), Encoding.Latin1.GetBytes(text));
        }
    }

    /// <summary>Makes the machine run what is in the queue.</summary>
    public void Register()
    {
        if (IsRegistered)
        {
            return;
        }

        var files = _windows.Files;
        files.CreateDirectory(PathOf("done"));
        files.WriteFile(PathOf("run.cmd"), Encoding.Latin1.GetBytes(FirstStartText.Runner));
        switch (Channel)
        {
            case FirstStartChannel.Agent:
                files.CreateDirectory(AgentFolder!);
                files.WriteFile(FilePath.Join(AgentFolder!, AgentScript), Encoding.Latin1.GetBytes(AgentText));
                break;
            case FirstStartChannel.SetupComplete:
                SetupComplete.Append(_windows, CallLine);
                break;
            default:
                new StartupScriptPolicy(_windows).Set(PathOf("policy"));
                break;
        }
    }

    /// <summary>The agent runs every file of the folder for each new instance; this one is gone after the first time.</summary>
    private static string AgentText => "@" + CallLine + "\r\n@(goto) 2>nul & del \"%~f0\"\r\n";

    /// <summary>The folder of local scripts, where the agent is there and its plugins run them.</summary>
    private static string? ScriptsOfAgent(WindowsSystem windows)
    {
        if (CloudbaseInitInstallation.Find(windows) is not { Directory: { } directory, ConfigPath: { } path }
            || !windows.Volume.RequireFiles().FileExists(path))
        {
            return null;
        }

        var config = CloudbaseInitConfig.Parse(windows.Volume.RequireFiles().ReadFile(path, MaxText), AnsiCodePage.Of(windows));
        if (config.Get("DEFAULT", "plugins") is { } plugins && !plugins.Contains("LocalScriptsPlugin", StringComparison.Ordinal))
        {
            return null;
        }

        var folder = config.Get("DEFAULT", "local_scripts_path") is { Length: > 0 } own
            ? ServiceImage.Resolve(windows, $"\"{own.TrimEnd('\\')}\"")
            : null;
        return folder ?? FilePath.Join(directory, CloudbaseInitLayout.ScriptsDirectory);
    }

    private string PathOf(string name) => _windows.PathOf($@"{Root}\{name}");

    private bool Same(string path, string text) =>
        _files.Find(path) is { IsDirectory: false } entry && entry.Length == text.Length && Read(path) == text;

    // Latin-1 keeps every byte, in whatever code page the script is.
    private string Read(string path) => _files.FileExists(path) ? Encoding.Latin1.GetString(_files.ReadFile(path, MaxText)) : "";
}
