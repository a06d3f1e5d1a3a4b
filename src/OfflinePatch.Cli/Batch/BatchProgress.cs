using System.Diagnostics;
using OfflinePatch.Core;

namespace OfflinePatch.Cli.Batch;

/// <summary>One line on stderr that says what is being worked on, once that takes more than a second; only on a terminal, and gone at the end.</summary>
internal sealed class BatchProgress : IDisposable
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);
    private readonly int _total;
    private readonly List<string> _running = [];
    private readonly Lock _lock = new();
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly Timer? _timer;
    private int _done;
    private int _shown;

    public BatchProgress(int total)
    {
        _total = total;
        if (!Console.IsErrorRedirected)
        {
            _timer = new Timer(_ => Show(), null, Quiet, TimeSpan.FromMilliseconds(250));
        }
    }

    public void Start(string path)
    {
        lock (_lock)
        {
            _running.Add(path);
        }
    }

    public void Finish(string path)
    {
        lock (_lock)
        {
            _running.Remove(path);
            _done++;
        }
    }

    public void Dispose()
    {
        _timer?.Dispose();
        lock (_lock)
        {
            if (_shown > 0)
            {
                Console.Error.Write($"\r{new string(' ', _shown)}\r");
            }
        }
    }

    private void Show()
    {
        lock (_lock)
        {
            var current = string.Join(", ", _running.Select(r => PrintableText.Escape(Path.GetFileName(r))));
            var line = $"{(_total > 1 ? $"{_done} of {_total} done, " : "")}working on {current} ({_watch.Elapsed.TotalSeconds:0} s)";
            line = line.Length > 100 ? line[..100] : line;
            Console.Error.Write($"\r{line.PadRight(_shown)}");
            _shown = line.Length;
        }
    }
}
