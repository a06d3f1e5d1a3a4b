using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using OfflinePatch.Mutants.Instrument;

namespace OfflinePatch.Mutants.Run;

/// <summary>
/// The process that runs tests over mutants. It stands beside the tests and the instrumented assembly, takes commands as lines, and answers
/// in lines that begin with <see cref="Mark"/>; when nobody is there to ask it any more, it ends.
/// </summary>
internal sealed class TestHost
{
    /// <summary>What an answer begins with; the programs that tests start may print anything.</summary>
    public const char Mark = '\u0001';

    /// <summary>Milliseconds from which on a test is not run again where that only makes sure.</summary>
    private const long OnceOnly = 2000;

    private readonly HostedTests _tests;
    private readonly FieldInfo _active;
    private readonly byte[] _touched;
    private readonly List<int> _atStart;
    private readonly HashSet<int> _seen;
    private readonly TextWriter _output;
    private readonly HashSet<string> _proven = new(StringComparer.Ordinal);

    private TestHost(string tests, string instrumented, int mutant, TextWriter output)
    {
        var type = Assembly.Load(new AssemblyName(instrumented)).GetType(SwitchSource.TypeName)
            ?? throw new InvalidOperationException($"{instrumented} is not instrumented");
        _active = type.GetField(SwitchSource.Active)!;
        _touched = (byte[])type.GetField(SwitchSource.Touched)!.GetValue(null)!;
        _active.SetValue(null, mutant);
        _tests = new HostedTests(Assembly.Load(new AssemblyName(tests)));
        _atStart = Reached();
        _seen = [.. _atStart];
        _output = output;
    }

    /// <summary>Serves commands: <c>list</c>, <c>cover TEST</c>, <c>run MUTANT TEST…</c>, <c>fresh MUTANT TEST…</c>.</summary>
    /// <param name="tests">The name of the assembly of the tests.</param>
    /// <param name="instrumented">The name of the instrumented assembly.</param>
    /// <param name="mutant">The mutant that is active before the tests are looked for; 0: none.</param>
    public static int Serve(string tests, string instrumented, int mutant)
    {
        using var output = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
        Console.SetOut(TextWriter.Null);
        Console.SetError(TextWriter.Null);
        using var commands = new BlockingCollection<string>();
        var reader = new Thread(() =>
        {
            while (Console.In.ReadLine() is { } line)
            {
                commands.Add(line);
            }

            Environment.Exit(0);
        })
        { IsBackground = true };
        reader.Start();

        var host = new TestHost(tests, instrumented, mutant, output);
        host.Say("ready");
        foreach (var command in commands.GetConsumingEnumerable())
        {
            var words = command.Split(' ');
            switch (words[0])
            {
                case "list":
                    host.List();
                    break;
                case "cover":
                    host.Cover(words[1]);
                    break;
                default:
                    host.Run(int.Parse(words[1], CultureInfo.InvariantCulture), words[2..], isFresh: words[0] == "fresh");
                    break;
            }
        }

        return 0;
    }

    private void List()
    {
        foreach (var (id, type, name) in _tests.Fast)
        {
            Say("test", id, type, MutantList.OneLine(name));
        }

        Say("start", string.Join(',', _atStart));
    }

    /// <summary>
    /// Runs a test twice without a mutant. What only the first run reaches is done once for a process (static fields, samples that are
    /// kept).
    /// </summary>
    private void Cover(string test)
    {
        var (first, firstTime, cold) = Measure(test);
        if (first.Failure is not null || first.IsSkipped)
        {
            Say("cover", first.IsSkipped ? "skipped" : "failed", "0", "", "", MutantList.OneLine(first.Failure ?? ""));
            return;
        }

        // what was reached before, and is again, is reached each time
        var isKnown = cold.TrueForAll(_seen.Contains);
        _seen.UnionWith(cold);
        var (second, time, warm) = firstTime < OnceOnly || !isKnown ? Measure(test) : (first, firstTime, cold);
        Say("cover", second.Failure is null ? "passed" : "failed", time.ToString(CultureInfo.InvariantCulture), string.Join(',', cold),
            string.Join(',', warm), MutantList.OneLine(second.Failure ?? ""));
        _proven.Add(test);
    }

    private (HostedTests.Outcome Outcome, long Milliseconds, List<int> Reached) Measure(string test)
    {
        Array.Clear(_touched);
        var start = Stopwatch.GetTimestamp();
        var outcome = _tests.Run(test);
        var time = (long)Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        return (outcome, time, Reached());
    }

    private List<int> Reached() => [.. Enumerable.Range(0, _touched.Length).Where(i => _touched[i] != 0)];

    /// <summary>
    /// Runs tests until one fails. Each has passed without a mutant in this process before, so that what tests keep is not the mutant's
    /// work; <paramref name="isFresh"/>: it shall be, and the process began with the mutant.
    /// </summary>
    private void Run(int mutant, string[] tests, bool isFresh)
    {
        foreach (var test in tests)
        {
            Say("start", test);
            if (!isFresh && _proven.Add(test) && _tests.Run(test).Failure is { } own)
            {
                Say("unstable", test, MutantList.OneLine(own));
                return;
            }

            _active.SetValue(null, mutant);
            var start = Stopwatch.GetTimestamp();
            var outcome = _tests.Run(test);
            _active.SetValue(null, isFresh ? mutant : 0);
            if (outcome.Failure is { } failure)
            {
                // a process that stays broken judges nobody
                var isClean = isFresh || Stopwatch.GetElapsedTime(start).TotalMilliseconds > OnceOnly || _tests.Run(test).Failure is null;
                Say(isClean ? "killed" : "spoiled", test, MutantList.OneLine(failure));
                return;
            }
        }

        Say("survived");
    }

    private void Say(params string[] words) => _output.WriteLine($"{Mark}{string.Join('\t', words)}");
}
