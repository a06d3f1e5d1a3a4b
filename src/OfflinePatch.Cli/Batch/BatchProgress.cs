using System.Diagnostics;
using System.Globalization;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Batch;

/// <summary>
/// How far a batch is, on stderr. On a terminal one line that says what is being worked on, once that takes more than a second, and that is
/// gone at the end; elsewhere, of several images, a line for each that is finished. Nothing with <c>--quiet</c>.
/// </summary>
internal sealed class BatchProgress : IDisposable
{
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(1);
    private readonly int _total;
    private readonly Func<ImageReport, string> _word;
    private readonly List<string> _running = [];
    private readonly Lock _lock = new();
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly Timer? _timer;
    private int _done;
    private int _shown;

    /// <param name="total">How many images there are.</param>
    /// <param name="word">What is reported for one that is finished.</param>
    public BatchProgress(int total, Func<ImageReport, string> word)
    {
        _total = total;
        _word = word;
        if (!Console.IsErrorRedirected && !Output.IsQuiet)
        {
            _timer = new Timer(_ => Show(), null, Delay, TimeSpan.FromMilliseconds(250));
        }
    }

    public void Start(string path)
    {
        RunLog.For(path, _total == 1)?.Invoke("begun");
        lock (_lock)
        {
            _running.Add(path);
        }
    }

    public void Finish(string path, ImageReport report)
    {
        RunLog.For(path, _total == 1)
            ?.Invoke($"finished: {_word(report)}{(report.Error is { } error ? $": {error.Message}" : "")}");
        lock (_lock)
        {
            _running.Remove(path);
            _done++;
            if (_timer is null && _total > 1 && !Output.IsQuiet)
            {
                Console.Error.WriteLine(PrintableText.Escape(string.Create(
                    CultureInfo.InvariantCulture,
                    $"[{_done}/{_total}] {path}: {_word(report)} ({report.ElapsedMs / 1000.0:0.0} s)")));
            }
        }
    }

    public void Dispose()
    {
        _timer?.Dispose();
        lock (_lock)
        {
            Clear();
        }
    }

    private void Show()
    {
        lock (_lock)
        {
            var current = string.Join(", ", _running.Select(r => PrintableText.Escape(Path.GetFileName(r))));
            var line = $"{(_total > 1 ? $"{_done} of {_total} done, " : "")}working on {current} ({_watch.Elapsed.TotalSeconds:0} s)";
            var room = Math.Max(20, Math.Min(100, Console.WindowWidth - 1));
            line = line.Length > room ? line[..room] : line;
            Console.Error.Write($"\r{line.PadRight(_shown)}");
            _shown = line.Length;
        }
    }

    // Two columns more: what the terminal shows of Ctrl-C.
    private void Clear()
    {
        if (_shown > 0)
        {
            Console.Error.Write($"\r{new string(' ', _shown + 2)}\r");
            _shown = 0;
        }
    }
}
