using System.Diagnostics;
using System.Globalization;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Fuzz;

/// <summary>
/// Damaged volumes through open, state, walk, read, write, check. A case must end within 2 s and allocate less than 256 MiB more (in all,
/// garbage included) than the same on the undamaged volume. OFFLINEPATCH_FUZZ_CASES sets the number of cases of the slow tier (200,000),
/// OFFLINEPATCH_FUZZ_FIRST the first one.
/// </summary>
public sealed class VolumeFuzzTests
{
    private const long AllocationLimit = 256L * 1024 * 1024;
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan HangLimit = TimeSpan.FromSeconds(120);

    [Fact, Trait("tier", "fuzz")]
    public void Short_run() => Run(0, 400);

    [Fact, Trait("tier", "fuzz"), Trait("speed", "slow")]
    public void Long_run() => Run(Setting("OFFLINEPATCH_FUZZ_FIRST", 1000), Setting("OFFLINEPATCH_FUZZ_CASES", 200_000));

    private static int Setting(string name, int value) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var set) ? set : value;

    private static void Run(int first, int count)
    {
        var seeds = FuzzSeeds.Load();
        var mutators = seeds.ConvertAll(s => new VolumeMutator(s.Volume));
        var usual = seeds.ConvertAll(s => Measure(s.Volume));
        var failures = new List<string>();
        var reached = new int[3];
        var current = first;
        var started = Stopwatch.GetTimestamp();
        var done = false;
        var worker = new Thread(() =>
        {
            for (var number = first; number < first + count && failures.Count < 15; number++)
            {
                Volatile.Write(ref current, number);
                Volatile.Write(ref started, Stopwatch.GetTimestamp());
                var failure = One(seeds, mutators, usual, number, reached);
                if (failure is not null)
                {
                    failures.Add(failure);
                }
            }

            Volatile.Write(ref done, true);
        }, 1024 * 1024)
        { IsBackground = true };
        worker.Start();
        while (!worker.Join(500))
        {
            Assert.True(Stopwatch.GetElapsedTime(Volatile.Read(ref started)) < HangLimit,
                $"case {Volatile.Read(ref current)} ({seeds[Volatile.Read(ref current) % seeds.Count].Name}) hangs");
        }

        Assert.True(done, "the worker died");
        Assert.True(failures.Count == 0, $"{failures.Count} failures:\n{string.Join("\n", failures)}");
        Assert.True(reached[2] > count / 10, $"opened for writing: {reached[2]} of {count}");
        Console.WriteLine($"fuzz: {count} cases, {reached[0]} not opened, {reached[1]} read, {reached[2]} written");
    }

    /// <summary>
    /// A busy machine is slow with everything: the case counts as slow only where it is so twice, and ten times slower than the undamaged
    /// volume.
    /// </summary>
    private static TimeSpan Again(byte[] volume, VolumeMutator mutator, int number)
    {
        var start = Stopwatch.GetTimestamp();
        Measure(volume);
        var usual = Stopwatch.GetElapsedTime(start);
        using var device = new CopyOnWriteDevice(volume);
        mutator.Mutate(device, new Random(number));
        start = Stopwatch.GetTimestamp();
        FuzzCase.Run(device);
        var elapsed = Stopwatch.GetElapsedTime(start);
        return elapsed > 10 * usual ? elapsed : TimeSpan.Zero;
    }

    /// <summary>What a good volume takes.</summary>
    private static long Measure(byte[] volume)
    {
        using var device = new CopyOnWriteDevice(volume);
        var before = GC.GetAllocatedBytesForCurrentThread();
        FuzzCase.Run(device);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static string? One(List<(string Name, byte[] Volume)> seeds, List<VolumeMutator> mutators, List<long> usual, int number,
        int[] reached)
    {
        var index = number % seeds.Count;
        using var device = new CopyOnWriteDevice(seeds[index].Volume);
        mutators[index].Mutate(device, new Random(number));
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var start = Stopwatch.GetTimestamp();
        try
        {
            reached[FuzzCase.Run(device)]++;
        }
        catch (Exception e)
        {
            return $"case {number} ({seeds[index].Name}): {e.GetType().Name}: {e.Message}\n"
                + $"{string.Join("\n", (e.StackTrace ?? "").Split('\n').Take(6))}";
        }

        var elapsed = Stopwatch.GetElapsedTime(start);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated - usual[index];
        if (elapsed > TimeLimit)
        {
            elapsed = Again(seeds[index].Volume, mutators[index], number);
        }

        return elapsed > TimeLimit ? $"case {number} ({seeds[index].Name}): {elapsed.TotalSeconds:F1} s"
            : allocated > AllocationLimit ? $"case {number} ({seeds[index].Name}): {allocated / 1024 / 1024} MiB allocated"
            : null;
    }
}
