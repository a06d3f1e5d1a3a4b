using OfflinePatch.Fuzz.Engine;
using OfflinePatch.Fuzz.Targets;
using OfflinePatch.Testing;

namespace OfflinePatch.Fuzz.Tests;

/// <summary>What <c>make fuzz</c> once found stays mended, and every parser is fuzzed for a moment: 20 seconds in all.</summary>
[Trait("tier", "fuzz")]
public sealed class FuzzTests
{
    private static readonly TimeSpan ShortTime = TimeSpan.FromSeconds(20);

    // noise behind a table of codes; a log with one operation that no real volume has shown, and that is refused when all of it was read
    private static readonly string[] Refused = ["ntfs-xpress", "ntfs-log"];

    [Fact]
    public void Every_kept_input_ends_in_success_or_a_typed_error() =>
        Assert.All(AllTargets.List, target => Assert.All(KeptInputs.Of(target.Name),
            kept => Assert.Null(Verdict.Of(target, new FuzzInput(kept.Input, kept.Input.Length)))));

    [Fact]
    public void Every_kept_input_belongs_to_a_parser() =>
        Assert.Empty(KeptInputs.All.Select(k => k.Target).Except(AllTargets.List.Select(t => t.Name)));

    [Fact]
    public void A_short_run_over_every_parser_finds_nothing()
    {
        using var scratch = new ScratchFolder();
        using var output = new StringWriter();
        Assert.True(Program.Run(AllTargets.List, ShortTime / AllTargets.List.Count, seed: 1, scratch["finds"], output), output.ToString());
    }

    /// <summary>Seeds that are refused at the door would fuzz the door only.</summary>
    [Fact]
    public void Seeds_are_good_inputs()
    {
        var bad = new List<string>();
        foreach (var target in AllTargets.List.Where(t => !Refused.Contains(t.Name, StringComparer.Ordinal)))
        {
            foreach (var seed in target.Seeds())
            {
                try
                {
                    target.Run(new FuzzInput(seed, seed.Length));
                }
                catch (Exception e)
                {
                    bad.Add($"{target.Name}: {e.Message}");
                }
            }
        }

        Assert.True(bad.Count == 0, string.Join('\n', bad));
    }

    /// <summary>The judge is no rubber stamp.</summary>
    [Fact]
    public void An_untyped_error_and_too_much_memory_are_finds()
    {
        var input = new FuzzInput([1], 1);
        var broken = new FuzzTarget("broken", () => [], _ => throw new InvalidOperationException("x"));
        var greedy = new FuzzTarget("greedy", () => [], _ => GC.KeepAlive(new byte[300 * 1024 * 1024]));
        Assert.StartsWith(nameof(InvalidOperationException), Verdict.Of(broken, input)?.Key, StringComparison.Ordinal);
        Assert.Equal("memory", Verdict.Of(greedy, input)?.Key);
        Assert.Null(Verdict.Of(new FuzzTarget("typed", () => [], _ => throw new RefusedException("TEST-0004", "no")), input));
    }
}
