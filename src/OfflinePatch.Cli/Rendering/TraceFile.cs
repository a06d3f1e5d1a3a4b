using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OfflinePatch.Core;

namespace OfflinePatch.Cli.Rendering;

/// <summary>
/// The file of <c>--trace</c>: what a run does and how long it takes, as Perfetto and Chrome read it. Format: "Trace Event Format", its
/// array of complete events ("X"); times are microseconds since the run began. A viewer takes a file without the last bracket, too: that of
/// a run that was killed.
/// </summary>
internal sealed class TraceFile : IDisposable
{
    private static TraceFile? _current;

    private readonly Lock _gate = new();
    private readonly DateTime _start = TimeProvider.System.GetUtcNow().UtcDateTime;
    private readonly ActivityListener _listener;
    private TextWriter? _writer;

    private TraceFile(TextWriter writer)
    {
        _writer = writer;
        Write(
            $$$"""
            [{"name":"process_name","ph":"M","pid":{{{Environment.ProcessId}}},"tid":0,
            "args":{"name":"{{{JsonEncodedText.Encode(RunLog.CommandLine)}}}"}}
            """);
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == RunActivity.SourceName,
            Sample = static (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = Add,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>Begins to write a file; one of this name is replaced.</summary>
    /// <exception cref="HostIOException">The host refuses it.</exception>
    public static void Start(string path)
    {
        Stop();
        _current = new TraceFile(HostPaths.CreateText(path));
    }

    /// <summary>Ends it, if there is one.</summary>
    public static void Stop()
    {
        _current?.Dispose();
        _current = null;
    }

    public void Dispose()
    {
        _listener.Dispose();
        lock (_gate)
        {
            Write("\n]\n");
            Close();
        }
    }

    private void Add(Activity activity)
    {
        var isTransfer = activity.Kind == ActivityKind.Client;
        var arguments = isTransfer
            ? $$"""
               ,"args":{"file":"{{JsonEncodedText.Encode((string)activity.GetTagItem(RunActivity.FileTag)!)}}",
               "offset":{{activity.GetTagItem(RunActivity.OffsetTag)}},"bytes":{{activity.GetTagItem(RunActivity.BytesTag)}}}
               """
            : "";
        var line = string.Create(CultureInfo.InvariantCulture,
            $$"""
            {"name":"{{JsonEncodedText.Encode(activity.OperationName)}}","cat":"{{(isTransfer ? "host" : "stage")}}","ph":"X",
            "ts":{{(activity.StartTimeUtc - _start).TotalMicroseconds:0.0}},"dur":{{activity.Duration.TotalMicroseconds:0.0}},
            "pid":{{Environment.ProcessId}},"tid":{{Environment.CurrentManagedThreadId}}{{arguments}}}
            """);
        lock (_gate)
        {
            Write(",\n");
            Write(line);
        }
    }

    private void Write(string text)
    {
        try
        {
            _writer?.Write(text);
        }
        catch (IOException)
        {
            _writer = null; // a full disk under the trace is no reason to stop the work
        }
    }

    private void Close()
    {
        try
        {
            _writer?.Dispose();
        }
        catch (IOException)
        {
            // as above
        }

        _writer = null;
    }
}
