using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using OfflinePatch.Fuzz.Engine;
using OfflinePatch.Fuzz.Targets;

namespace OfflinePatch.Fuzz;

/// <summary>
/// <c>OfflinePatch.Fuzz [--seconds N] [--targets a,b] [--seed N] [--finds FOLDER] [--list] [--instrument FOLDER]</c>: fuzzes every
/// parser for its share of the time; one line per parser, the total last. Exit code 1 with finds.
/// </summary>
internal static class Program
{
    private static readonly TimeSpan HangLimit = TimeSpan.FromSeconds(90);

    private static int Main(string[] args)
    {
        EdgeMap.Prepare();
        string Option(string name, string value) => Array.IndexOf(args, name) is >= 0 and var at ? args[at + 1] : value;
        if (Option("--instrument", "") is { Length: > 0 } folder)
        {
            return Instrument(folder);
        }

        if (args.Contains("--list", StringComparer.Ordinal))
        {
            Console.WriteLine(string.Join('\n', AllTargets.List.Select(t => t.Name)));
            return 0;
        }

        var chosen = Option("--targets", "").Split(',', StringSplitOptions.RemoveEmptyEntries);
        var targets = AllTargets.List.Where(t => chosen.Length == 0 || chosen.Contains(t.Name, StringComparer.Ordinal)).ToArray();
        var seconds = double.Parse(Option("--seconds", "60"), CultureInfo.InvariantCulture);
        var seed = int.Parse(Option("--seed", "1"), CultureInfo.InvariantCulture);
        var finds = Option("--finds", "artifacts/fuzz/finds");
        return Run(targets, TimeSpan.FromSeconds(seconds / targets.Length), seed, finds, Console.Out) ? 0 : 1;
    }

    /// <summary>Fuzzes targets one after the other; false with finds.</summary>
    internal static bool Run(IReadOnlyList<FuzzTarget> targets, TimeSpan share, int seed, string finds, TextWriter output)
    {
        var (executions, edges, inputs, failures) = (0L, 0, 0, 0);
        var start = Stopwatch.GetTimestamp();
        foreach (var target in targets)
        {
            var loop = new FuzzLoop(target, seed);
            Exception? broken = null;
            var worker = new Thread(() =>
            {
                try
                {
                    loop.Run(share);
                }
                catch (Exception e)
                {
                    broken = e;
                }
            }, 1024 * 1024)
            { IsBackground = true };
            worker.Start();
            while (!worker.Join(250))
            {
                if (Volatile.Read(ref loop.Started) is > 0 and var began && Stopwatch.GetElapsedTime(began) > HangLimit)
                {
                    Save(finds, target.Name, "hang", loop.Current.Bytes.ToArray());
                    output.WriteLine($"{target.Name}: a case hangs; it is in {finds}/{target.Name}");
                    return false;
                }
            }

            if (broken is not null)
            {
                output.WriteLine($"{target.Name}: {broken}");
                failures++;
                continue;
            }

            Report(output, target.Name, loop.Executions, loop.Elapsed, loop.Edges, loop.Inputs, loop.Finds.Count);
            foreach (var (key, (text, input)) in loop.Finds)
            {
                var name = Save(finds, target.Name, key, input);
                output.WriteLine($"  {name} ({input.Length} bytes): {text}");
            }

            executions += loop.Executions;
            edges += loop.Edges;
            inputs += loop.Inputs;
            failures += loop.Finds.Count;
        }

        Report(output, $"{targets.Count} parsers", executions, Stopwatch.GetElapsedTime(start), edges, inputs, failures);
        return failures == 0;
    }

    private static void Report(TextWriter output, string what, long executions, TimeSpan time, int edges, int inputs, int finds)
    {
        var speed = executions / Math.Max(0.001, time.TotalSeconds);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what,-18} {executions,9} executions {speed,7:0}/s {edges,6} edges {inputs,5} inputs {finds,3} finds"));
    }

    private static string Save(string finds, string target, string key, byte[] input)
    {
        var folder = Directory.CreateDirectory(Path.Combine(finds, target)).FullName;
        var name = $"{key.Split(' ')[0]}-{XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(key)):x8}.gz";
        using var file = new GZipStream(File.Create(Path.Combine(folder, name)), CompressionLevel.SmallestSize);
        file.Write(input);
        return name;
    }

    /// <summary>Makes the assemblies of the product in a folder fill the table of <see cref="EdgeMap"/>.</summary>
    private static int Instrument(string folder)
    {
        foreach (var path in Directory.GetFiles(folder, "OfflinePatch.*.dll").Append(Path.Combine(folder, "offlinepatch.dll")))
        {
            var name = Path.GetFileNameWithoutExtension(path);
            if (!File.Exists(path) || name is "OfflinePatch.Fuzz" or "OfflinePatch.Testing"
                || name.StartsWith("OfflinePatch.Fixtures", StringComparison.Ordinal))
            {
                continue;
            }

            var types = SharpFuzz.Fuzzer.Instrument(path, _ => true, SharpFuzz.Options.Value);
            Console.WriteLine($"instrumented {name}: {types.Count()} types");
        }

        return 0;
    }
}
