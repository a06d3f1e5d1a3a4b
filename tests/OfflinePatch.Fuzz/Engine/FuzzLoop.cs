using System.Diagnostics;
using System.IO.Compression;
using OfflinePatch.Testing;

namespace OfflinePatch.Fuzz.Engine;

/// <summary>The loop of one target: seeds, mutants of them, and, with instrumented assemblies, mutants of what found new edges.</summary>
internal sealed class FuzzLoop(FuzzTarget target, int seed)
{
    private const int MaximumQueueBytes = 96 * 1024 * 1024;
    private const int MaximumSeed = 8 * 1024 * 1024;
    private const int MaximumFinds = 20;
    private const int Round = 48; // mutants of one input in a row

    private readonly Dictionary<string, (string Text, byte[] Input)> _finds = new(StringComparer.Ordinal);

    /// <summary>Cases that were run.</summary>
    public long Executions { get; private set; }

    /// <summary>Cases that ended without an error.</summary>
    public long Successes { get; private set; }

    public int Edges { get; private set; }

    public int Inputs { get; private set; }

    public TimeSpan Elapsed { get; private set; }

    public IReadOnlyDictionary<string, (string Text, byte[] Input)> Finds => _finds;

    /// <summary>The current case, for whoever watches for a hang: when it began, 0 between cases.</summary>
    public long Started;

    public Mutant Current { get; } = new();

    public void Run(TimeSpan time)
    {
        var random = new Random(seed);
        var mutator = new Mutator(random, target.IsText);
        using var edges = new EdgeMap();
        var queue = new List<(byte[] Bytes, Places Places)>();
        foreach (var good in AllSeeds())
        {
            queue.Add((good, new Places(good)));
            Current.Reset(good);
            Case(edges);
        }

        Inputs = queue.Count;
        if (Inputs == 0)
        {
            return; // the program of the host that makes its seeds is missing
        }

        var size = queue.Sum(q => (long)q.Bytes.Length);
        var start = Stopwatch.GetTimestamp();
        while ((Elapsed = Stopwatch.GetElapsedTime(start)) < time && _finds.Count < MaximumFinds)
        {
            // what was found last is looked at more often
            var at = random.Next(3) == 0 ? queue.Count - 1 - random.Next(Math.Min(queue.Count, 16)) : random.Next(queue.Count);
            var (input, places) = queue[at];
            mutator.Other = queue[random.Next(queue.Count)].Bytes;
            for (var i = 0; i < Round; i++)
            {
                Current.Reset(input);
                mutator.Mutate(Current, places);
                if (target.Sign is not null && random.Next(8) != 0)
                {
                    target.Sign(Current);
                }

                if (Case(edges) && size < MaximumQueueBytes)
                {
                    var bytes = Current.Bytes.ToArray();
                    queue.Add((bytes, new Places(bytes)));
                    size += bytes.Length;
                }

                if (i % 8 == 7 && Stopwatch.GetElapsedTime(start) > time)
                {
                    break;
                }
            }
        }

        Edges = edges.Edges;
        Inputs = queue.Count;
    }

    private bool Case(EdgeMap edges)
    {
        edges.Clear();
        Volatile.Write(ref Started, Stopwatch.GetTimestamp());
        var found = Verdict.Of(target, Current.Input);
        Volatile.Write(ref Started, 0);
        Executions++;
        if (found is { } fault && !_finds.ContainsKey(fault.Key))
        {
            _finds.Add(fault.Key, (fault.Text, Minimiser.Minimise(target, Current.Bytes.ToArray(), fault.Key)));
        }

        return edges.FindNew() && found is null;
    }

    private IEnumerable<byte[]> AllSeeds()
    {
        foreach (var good in target.Seeds())
        {
            yield return good;
        }

        foreach (var name in target.Corpus.Where(Corpus.Has))
        {
            using var unpacked = new GZipStream(File.OpenRead(Corpus.PathOf(name)), CompressionMode.Decompress);
            var bytes = new byte[MaximumSeed + 1];
            var length = unpacked.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length <= MaximumSeed)
            {
                yield return bytes[..length];
            }
        }

        foreach (var (_, input) in KeptInputs.Of(target.Name))
        {
            yield return input;
        }
    }
}
