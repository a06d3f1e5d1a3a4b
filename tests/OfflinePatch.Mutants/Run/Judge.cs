using System.Collections.Concurrent;
using System.Globalization;
using OfflinePatch.Mutants.Instrument;

namespace OfflinePatch.Mutants.Run;

/// <summary>Runs the tests that reach a mutant over it, the cheapest first, until one notices; several mutants at a time.</summary>
internal sealed class Judge(TestSetup setup, IReadOnlyList<Mutant> all, int workers, TimeSpan budget) : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);

    private readonly ConcurrentDictionary<string, CoveredTest> _lastKiller = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _unstable = new(StringComparer.Ordinal);
    private readonly Worker[] _workers = [.. Enumerable.Range(0, workers).Select(number => new Worker(setup, number))];
    private IReadOnlyList<CoveredTest> _tests = [];
    private readonly ILookup<string, int> _idsOfFile = all.ToLookup(m => m.File, m => m.Id, StringComparer.Ordinal);
    private HashSet<int> _atStart = [];
    private ILookup<int, CoveredTest> _warm = Enumerable.Empty<CoveredTest>().ToLookup(_ => 0);
    private ILookup<int, CoveredTest> _cold = Enumerable.Empty<CoveredTest>().ToLookup(_ => 0);

    /// <summary>Tests that fail without a mutant, and why; they judge nothing.</summary>
    public IReadOnlyDictionary<string, string> Unstable => _unstable;

    /// <summary>The tests that judge.</summary>
    public IReadOnlyList<CoveredTest> Tests => _tests;

    /// <summary>Finds out which test reaches which mutant.</summary>
    public void Cover(Func<string, bool> isWanted)
    {
        var names = List().Where(t => isWanted(t.Name)).ToList();
        var queue = new ConcurrentQueue<(string Id, string Class, string Name)>(names);
        var found = new ConcurrentBag<CoveredTest>();
        OnWorkers(worker =>
        {
            while (queue.TryDequeue(out var test))
            {
                worker.Host.Send($"cover {test.Id}");
                var answer = worker.Host.Receive(TimeSpan.FromMinutes(5));
                switch (answer)
                {
                    case ["cover", "passed", var time, var cold, var warm, ..]:
                        var milliseconds = long.Parse(time, CultureInfo.InvariantCulture);
                        found.Add(new CoveredTest(test.Id, test.Class, test.Name, milliseconds, Ids(cold), Ids(warm)));
                        break;
                    case ["cover", "skipped", ..]:
                        break;
                    case ["cover", ..]:
                        _unstable[test.Name] = answer[^1];
                        break;
                    default:
                        _unstable[test.Name] = $"the process {answer[0]}";
                        worker.Replace();
                        break;
                }
            }
        });
        _tests = [.. found.OrderBy(t => t.Milliseconds).ThenBy(t => t.Name, StringComparer.Ordinal)];
        _warm = _tests.SelectMany(t => t.Warm.Select(id => (Id: id, Test: t))).ToLookup(p => p.Id, p => p.Test);
        _cold = _tests.SelectMany(t => t.Cold.Select(id => (Id: id, Test: t))).ToLookup(p => p.Id, p => p.Test);
    }

    /// <summary>Whether a test reaches a mutant.</summary>
    public bool IsCovered(Mutant mutant) => _warm.Contains(mutant.Id) || _cold.Contains(mutant.Id) || _atStart.Contains(mutant.Id);

    /// <summary>Judges mutants.</summary>
    /// <param name="mutants">The mutants.</param>
    /// <param name="report">Is told of each verdict, by one thread at a time.</param>
    public IReadOnlyList<Verdict> Run(IReadOnlyList<Mutant> mutants, Action<Verdict> report)
    {
        var verdicts = new List<Verdict>();
        var queue = new ConcurrentQueue<Mutant>(mutants);
        OnWorkers(worker =>
        {
            while (queue.TryDequeue(out var mutant))
            {
                var verdict = Of(mutant, worker);
                lock (verdicts)
                {
                    verdicts.Add(verdict);
                    report(verdict);
                }
            }
        });
        return [.. verdicts.OrderBy(v => v.Mutant.Id)];
    }

    public void Dispose() => Array.ForEach(_workers, w => w.Dispose());

    private static HashSet<int> Ids(string text) =>
        [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(i => int.Parse(i, CultureInfo.InvariantCulture))];

    private Verdict Of(Mutant mutant, Worker worker)
    {
        if (_warm.Contains(mutant.Id))
        {
            return Ask(mutant, Ordered(mutant, _warm[mutant.Id]), "run", worker);
        }

        if (!IsCovered(mutant))
        {
            return new Verdict(mutant, Fate.NotCovered);
        }

        // It works when the process begins: those that saw it first, those that reach the file, then everybody, in a process with it.
        var file = _idsOfFile[mutant.File].ToHashSet();
        var tests = _cold[mutant.Id].Concat(_tests.Where(t => t.Warm.Overlaps(file))).Concat(_tests).Distinct().ToList();
        worker.Replace(mutant.Id);
        var verdict = worker.CanStart ? Ask(mutant, tests, "fresh", worker)
            : new Verdict(mutant, Fate.Killed, "the process of the tests does not start");
        worker.Replace();
        return verdict;
    }

    private IEnumerable<CoveredTest> Ordered(Mutant mutant, IEnumerable<CoveredTest> tests)
    {
        var place = $"{mutant.File} {mutant.Member}";
        return _lastKiller.TryGetValue(place, out var killer) && tests.Contains(killer)
            ? tests.Where(t => t == killer).Concat(tests.Where(t => t != killer)) : tests;
    }

    private Verdict Ask(Mutant mutant, IEnumerable<CoveredTest> tests, string command, Worker worker)
    {
        var left = budget;
        var chosen = tests.Where(t => !_unstable.ContainsKey(t.Name)).TakeWhile((t, i) =>
            (left -= TimeSpan.FromMilliseconds(t.Milliseconds)) > TimeSpan.Zero || i == 0).ToDictionary(t => t.Id, StringComparer.Ordinal);
        if (chosen.Count == 0)
        {
            return new Verdict(mutant, Fate.NotCovered);
        }

        worker.Host.Send($"{command} {mutant.Id} {string.Join(' ', chosen.Keys)}");
        var running = chosen.Values.First();
        var isAgain = false;
        while (true)
        {
            // a test may run three times: without the mutant, with it, and without it again
            var answer = worker.Host.Receive((TimeSpan.FromMilliseconds(running.Milliseconds) * 5) + TimeSpan.FromSeconds(3));
            switch (answer[0])
            {
                case "start":
                    running = chosen[answer[1]];
                    break;
                case "survived":
                    return new Verdict(mutant, Fate.Survived);
                case "killed":
                    _lastKiller[$"{mutant.File} {mutant.Member}"] = chosen[answer[1]];
                    return new Verdict(mutant, Fate.Killed, $"{chosen[answer[1]].Name}: {answer[2]}");
                case "spoiled" when !isAgain:
                    isAgain = true;
                    worker.Replace();
                    worker.Host.Send($"{command} {mutant.Id} {string.Join(' ', chosen.Keys)}");
                    break;
                case "spoiled":
                    worker.Replace();
                    return new Verdict(mutant, Fate.Killed, $"{chosen[answer[1]].Name}: {answer[2]}");
                case "unstable" when !isAgain:
                    // what an earlier mutant left in this process, perhaps
                    isAgain = true;
                    worker.Replace();
                    worker.Host.Send($"{command} {mutant.Id} {string.Join(' ', chosen.Keys)}");
                    break;
                case "unstable":
                    _unstable[chosen[answer[1]].Name] = answer[2];
                    worker.Replace();
                    return Ask(mutant, tests, command, worker);
                case "hangs":
                    worker.Replace();
                    return new Verdict(mutant, Fate.TimedOut, running.Name);
                default:
                    worker.Replace();
                    return new Verdict(mutant, Fate.Killed, $"{running.Name}: the process ended");
            }
        }
    }

    private List<(string Id, string Class, string Name)> List()
    {
        var tests = new List<(string Id, string Class, string Name)>();
        _workers[0].Host.Send("list");
        string[] answer;
        while ((answer = _workers[0].Host.Receive(StartLimit)) is ["test", var id, var type, var name])
        {
            tests.Add((id, type, name));
        }

        _atStart = Ids(answer[^1]);

        return tests;
    }

    private void OnWorkers(Action<Worker> work)
    {
        var failures = new ConcurrentQueue<Exception>();
        var threads = _workers.Select(worker => new Thread(() =>
        {
            try
            {
                work(worker);
            }
            catch (Exception e)
            {
                failures.Enqueue(e);
            }
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        if (!failures.IsEmpty)
        {
            throw new AggregateException(failures);
        }
    }

    /// <summary>A thread with a process of its own.</summary>
    private sealed class Worker : IDisposable
    {
        private readonly TestSetup _setup;
        private readonly int _number;
        private int _count;
        private int _mutant;
        private string _errors = "";

        private HostProcess? _host;

        public Worker(TestSetup setup, int number) => (_setup, _number) = (setup, number);

        public HostProcess Host => _host ??= Start()
            ?? throw new InvalidOperationException($"the host of {_setup.Tests} does not start: {_errors}");

        /// <summary>Whether the process takes commands: with a mutant it may end before.</summary>
        public bool CanStart => (_host ??= Start()) is not null;

        /// <summary>Ends the process; the next one begins when it is needed, with a mutant or without one.</summary>
        public void Replace(int mutant = 0)
        {
            _host?.Dispose();
            _host = null;
            _mutant = mutant;
        }

        public void Dispose() => Replace();

        private HostProcess? Start()
        {
            var scratch = Path.Combine(_setup.Scratch, $"{_number}-{_count++}");
            var host = new HostProcess(_setup.Folder, _setup.Tests, _setup.Instrumented, scratch, _mutant);
            if (host.Receive(StartLimit) is ["ready"])
            {
                return host;
            }

            _errors = host.Errors;
            host.Dispose();
            return null;
        }
    }
}
