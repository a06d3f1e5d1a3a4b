using System.Diagnostics;
using System.Globalization;
using OfflinePatch.Core;

namespace OfflinePatch.Cli.Rendering;

/// <summary>What a run does, step by step, with times: on standard error with <c>--verbose</c>, in a file with <c>--log</c>.</summary>
internal static class RunLog
{
    private static readonly Lock Gate = new();
    private static Stopwatch _watch = Stopwatch.StartNew();
    private static TextWriter? _file;
    private static bool _isVerbose;

    /// <summary>Receives steps; null when they are not wanted, so that no text is formatted.</summary>
    public static Action<string>? Trace => _isVerbose || _file is not null ? Step : null;

    /// <summary>The command line, as it can be pasted into a shell.</summary>
    public static string CommandLine =>
        string.Join(' ', Environment.GetCommandLineArgs().Skip(1).Select(ShellText.Quote).Prepend(Tool.Identity.Name));

    /// <summary>Begins a run.</summary>
    public static void Start(bool isVerbose, string? file)
    {
        Stop();
        _isVerbose = isVerbose;
        _watch = Stopwatch.StartNew();
        if (file is not null)
        {
            _file = HostPaths.AppendText(file);
            Step($"version {Tool.Identity.Version}: {CommandLine}");
        }
    }

    /// <summary>Ends it.</summary>
    public static void Stop()
    {
        lock (Gate)
        {
            _file?.Dispose();
            _file = null;
            _isVerbose = false;
        }
    }

    /// <summary>The steps of one of several images, marked with its name.</summary>
    public static Action<string>? For(string image, bool isOnlyOne) =>
        Trace is not { } trace ? null : isOnlyOne ? trace : text => trace($"{image}: {text}");

    /// <summary>Adds a line that is shown anyway to the file.</summary>
    public static void Copy(string line)
    {
        lock (Gate)
        {
            Write(line);
        }
    }

    private static void Step(string text)
    {
        lock (Gate)
        {
            var line = PrintableText.Escape(text);
            if (_isVerbose)
            {
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"[{_watch.Elapsed.TotalSeconds,8:0.000}] {line}"));
            }

            Write(line);
        }
    }

    private static void Write(string line)
    {
        try
        {
            _file?.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss.fff}Z [{_watch.Elapsed.TotalSeconds,8:0.000}] {line}"));
        }
        catch (IOException)
        {
            _file = null; // a full disk under the log is no reason to stop the work
        }
    }
}
