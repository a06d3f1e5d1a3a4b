using OfflinePatch.Mutants.Instrument;
using OfflinePatch.Mutants.Run;
using OfflinePatch.Testing;

namespace OfflinePatch.Mutants.Tests;

/// <summary>The runner itself: which mutants it makes of a source, and whether it tells the killed from the survivors.</summary>
[Trait("tier", "unit")]
public sealed class MutantsTests
{
    private static readonly string[] Expected =
    [
        "Kept: \"kept\" → \"\": Killed",
        "IsSmall: value < Limit → value >= Limit: Killed",
        "IsSmall: value < Limit → value <= Limit: Survived",
        "Count: text?.Trim().Length → default: NotCovered",
        "Unused: value + 7 → default: NotCovered",
        "Unused: value + 7 → value - 7: NotCovered",
        "Unused: 7 → 8: NotCovered",
        "Unused: 7 → 6: NotCovered",
        "Once: 0 → 1: Killed",
        "Once: false → true: Killed",
        "Once: !isDone → isDone: Killed",
        "Once: count++; → count--;: Killed",
        "Once: isDone = true; → ;: TimedOut",
        "Once: true → false: TimedOut",
        "Once: count → default: Killed",
        "Find: found < 0 → found >= 0: Killed",
        "Find: found < 0 → found <= 0: Survived",
        "Find: 0 → 1: Survived",
        "Find: !known.TryGetValue(name, out var found) || found < 0 → !known.TryGetValue(name, out var found): Survived",
        "Find: throw new KeyNotFoundException(\"there is no such name\"); → ;: NotCovered",
        "Find: found → default: Killed",
    ];

    [Fact]
    public void Killed_ones_and_survivors_are_told_apart()
    {
        using var scratch = new ScratchFolder();
        var setup = TestSetup.Lay(AppContext.BaseDirectory, scratch["bin"], "Tiny.Tests", "Tiny", scratch["scratch"]);
        File.Copy(Path.Combine(AppContext.BaseDirectory, "OfflinePatch.Mutants.Tests.runtimeconfig.json"),
            Path.Combine(setup.Folder, "Tiny.Tests.runtimeconfig.json"));
        var product = Tiny.Compile("Tiny", Tiny.Product);
        var instrumenter = new Instrumenter(product, path => path);
        instrumenter.Emit(Path.Combine(setup.Folder, "Tiny.dll"), []);
        using (var tests = File.Create(Path.Combine(setup.Folder, "Tiny.Tests.dll")))
        {
            Assert.True(Tiny.Compile("Tiny.Tests", Tiny.Tests, product.ToMetadataReference()).Emit(tests).Success);
        }

        using var judge = new Judge(setup, instrumenter.Mutants, workers: 2, budget: TimeSpan.FromSeconds(60));
        judge.Cover(_ => true);
        var verdicts = judge.Run(instrumenter.Mutants, _ => { });

        Assert.Equal(["Tiny.Tests.ProductTests.A_test_that_fails_by_itself_judges_nothing"], judge.Unstable.Keys);
        Assert.Equal(4, judge.Tests.Count);
        Assert.Equal(Expected.Order(StringComparer.Ordinal), verdicts
            .Select(v => $"{v.Mutant.Member}: {v.Mutant.Original} → {v.Mutant.Mutated}: {v.Fate}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Accepted_survivors_do_not_count_and_are_asked_for_a_reason()
    {
        var mutant = new Mutant(1, "src/A.cs", 5, "M", MutantKind.Boundary, "a < b", "a <= b");
        Verdict[] verdicts = [new(mutant, Fate.Survived), new(mutant with { Id = 2, Original = "c" }, Fate.Killed)];

        Assert.Equal(50, new Score(verdicts, AcceptedMutants.Parse([])).Percent);
        var accepted = AcceptedMutants.Parse(["# why", "", "src/A.cs | M | a < b → a <= b", "  they are never equal"]);
        Assert.Equal(100, new Score(verdicts, accepted).Percent);
        Assert.Throws<InvalidDataException>(() => AcceptedMutants.Parse(["src/A.cs | M | a < b → a <= b"]));
        Assert.Throws<InvalidDataException>(() => AcceptedMutants.Parse(["  a reason for nothing"]));
    }

    [Fact]
    public void What_is_accepted_lies_in_a_file_that_is_mutated()
    {
        var lines = File.ReadAllLines(Path.Combine(Repository.Root, "tests/OfflinePatch.Mutants/equivalent.txt"));
        Assert.All(AcceptedMutants.Parse(lines).Keys.Select(k => k.Split(" | ")[0]), file =>
        {
            Assert.True(File.Exists(Path.Combine(Repository.Root, file)), file);
            Assert.Contains(Area.All, a => a.Has(file));
        });
    }

    [Theory]
    [InlineData("--area", "Registry.Reading")]
    [InlineData("--sample")]
    [InlineData("--sample", "many")]
    [InlineData("all")]
    public void A_command_line_that_is_not_understood_is_refused(params string[] arguments) =>
        Assert.Throws<FormatException>(() => Options.Parse(arguments));
}
