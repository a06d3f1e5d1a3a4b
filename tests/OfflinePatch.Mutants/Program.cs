using System.Diagnostics;
using System.Globalization;
using OfflinePatch.Mutants.Instrument;
using OfflinePatch.Mutants.Run;

namespace OfflinePatch.Mutants;

/// <summary>Changes the product in one place at a time, and asks its tests whether they notice.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        if (arguments is ["host", var tests, var instrumented, var mutant])
        {
            return TestHost.Serve(tests, instrumented, int.Parse(mutant, CultureInfo.InvariantCulture));
        }

        Options options;
        try
        {
            options = Options.Parse(arguments);
        }
        catch (FormatException e)
        {
            Console.Error.WriteLine($"{e.Message}\n{Options.Usage}");
            return 2;
        }

        var scratch = Directory.CreateTempSubdirectory("offlinepatch-mutants-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Clear(scratch); // after a signal, too
        return Run(options, scratch) ? 0 : 1;
    }

    private static void Clear(string scratch)
    {
        try
        {
            Directory.Delete(scratch, recursive: true);
        }
        catch (IOException)
        {
            // a test that is just being ended still writes there
        }
    }

    private static bool Run(Options options, string scratch)
    {
        var accepted = AcceptedMutants.Parse(File.ReadAllLines("tests/OfflinePatch.Mutants/equivalent.txt"));
        var lines = new List<string>();
        var isEnough = true;
        foreach (var group in options.Areas.GroupBy(a => a.Assembly, StringComparer.Ordinal))
        {
            var name = group.Key;
            var tests = $"{name}.Tests";
            if (!options.IsBuilt)
            {
                Build($"tests/{tests}/{tests}.csproj", options.Configuration);
            }

            var areas = group.ToList();
            var root = Directory.GetCurrentDirectory();
            var sources = ProjectSources.Read($"src/{name}/{name}.csproj", options.Configuration);
            var instrumenter = new Instrumenter(sources.Compilation, path =>
            {
                var file = Path.GetRelativePath(root, path).Replace('\\', '/');
                return areas.Exists(a => a.Has(file)) && file.Contains(options.File, StringComparison.Ordinal) ? file : null;
            });
            var setup = TestSetup.Lay($"tests/{tests}/bin/{options.Configuration}/net10.0", Path.GetFullPath($"artifacts/mutants/{name}"),
                tests, name, scratch);
            instrumenter.Emit(Path.Combine(setup.Folder, $"{name}.dll"), sources.Resources);
            Tell($"{name}: {instrumenter.Mutants.Count} mutants; {instrumenter.Dropped} more do not compile");
            if (options.IsList)
            {
                instrumenter.Mutants.ToList().ForEach(Console.WriteLine);
                continue;
            }

            using var judge = new Judge(setup, instrumenter.Mutants, options.Workers, options.Budget);
            judge.Cover(t => t.Contains(options.Tests, StringComparison.Ordinal)
                && (options.Without is null || !t.Contains(options.Without, StringComparison.Ordinal))
                && !t.Contains(".Architecture.", StringComparison.Ordinal)); // they read files of the repository
            Tell($"{name}: {judge.Tests.Count} tests judge");
            foreach (var (test, why) in judge.Unstable)
            {
                Tell($"  does not judge, fails by itself: {test}: {why}");
            }

            foreach (var area in areas)
            {
                var drawn = Draw(instrumenter.Mutants.Where(m => area.Has(m.File)), options);
                var verdicts = judge.Run(drawn, Progress(area.Name, options.IsVerbose));
                var score = new Score(verdicts, accepted);
                Save(area, verdicts);
                foreach (var verdict in score.Survivors)
                {
                    Console.WriteLine($"{(verdict.Fate == Fate.NotCovered ? "not covered" : "survived   ")} {verdict.Mutant}");
                }

                foreach (var verdict in score.NeedlesslyAccepted)
                {
                    Console.WriteLine($"killed, and need not be accepted any more: {verdict.Mutant}");
                }

                Console.WriteLine(score.Line(area.Name));
                lines.Add(score.Line(area.Name));
                isEnough &= score.Percent >= options.AtLeast;
            }

            if (options.File.Length == 0)
            {
                var keys = instrumenter.Mutants.Select(m => m.Key).ToHashSet(StringComparer.Ordinal);
                foreach (var key in accepted.Keys.Where(k => areas.Exists(a => a.Has(k.Split(' ')[0])) && !keys.Contains(k)))
                {
                    Console.WriteLine($"accepted, but no mutant any more: {key}");
                }
            }
        }

        Console.WriteLine($"\n{string.Join('\n', lines)}");
        return isEnough;
    }

    private static List<Mutant> Draw(IEnumerable<Mutant> mutants, Options options)
    {
        var all = mutants.ToArray();
        if (options.Sample < all.Length)
        {
            new Random(options.Seed).Shuffle(all);
        }

        return [.. all.Take(options.Sample).OrderBy(m => m.Id)];
    }

    private static Action<Verdict> Progress(string name, bool isVerbose)
    {
        var (count, last) = (0, Stopwatch.GetTimestamp());
        return v =>
        {
            count++;
            if (isVerbose)
            {
                Tell($"{v.Fate} {v.Mutant} {v.By}");
            }

            if (Stopwatch.GetElapsedTime(last) > TimeSpan.FromMinutes(1))
            {
                last = Stopwatch.GetTimestamp();
                Tell($"{name}: {count} judged");
            }
        };
    }

    private static void Save(Area area, IEnumerable<Verdict> verdicts) =>
        File.WriteAllLines($"artifacts/mutants/{area.Name}.tsv", verdicts.Select(v => string.Join('\t', v.Fate,
            $"{v.Mutant.File}:{v.Mutant.Line}", v.Mutant.Member, v.Mutant.Kind, v.Mutant.Original, v.Mutant.Mutated, v.By)));

    private static void Build(string project, string configuration)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet")
        {
            UseShellExecute = false,
            ArgumentList =
            {
                "build", project, "-c", configuration, "--nologo", "-v", "quiet", "-p:RunAnalyzers=false", "-clp:ErrorsOnly;NoSummary",
            },
        })!;
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{project} does not build");
        }
    }

    private static void Tell(string text) =>
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.Now:HH:mm:ss} {text}"));
}
