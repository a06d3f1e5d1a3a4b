using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;
using OfflinePatch.Windows.Jobs;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>The jobs as a service calls them: without blocking, with progress, and cancelled.</summary>
[Trait("tier", "e2e")]
public sealed class LibraryTests(Machines machines) : IClassFixture<Machines>, IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task A_fix_tells_each_rule_and_verifies_all_of_them()
    {
        var steps = new Steps();
        var report = await FixJob.FixAsync(Sample(), new FixRequest { Rules = new RuleRequest { Progress = steps } });
        Assert.Equal(ImageResult.NotReady, report.Result);
        Assert.Contains(steps.All, s => s is { Stage: RuleStage.Fix, Rule: "network.dhcp" });
        var rules = report.Rules.Select(r => r.Id).ToList();
        foreach (var stage in new[] { RuleStage.Inspect, RuleStage.Verify })
        {
            var told = steps.All.Where(s => s.Stage == stage).Select(s => s.Rule);
            Assert.Equal(rules.Order(StringComparer.Ordinal), told.Order(StringComparer.Ordinal));
        }

        Assert.All(steps.All, s => Assert.Equal(rules.Count, s.Count));
        Assert.Equal(Enumerable.Range(1, rules.Count), steps.All.Select(s => (s.Number, s.Rule)).Distinct().Select(s => s.Number).Order());
    }

    [Fact]
    public async Task A_fix_that_is_cancelled_after_a_repair_writes_nothing()
    {
        var image = Sample();
        var before = SparseHash.Of(image);
        using var stop = new CancellationTokenSource();
        var steps = new Steps { Then = s => Cancel(s, stop) };
        var request = new FixRequest { Rules = new RuleRequest { Progress = steps } };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => FixJob.FixAsync(image, request, stop.Token));
        Assert.Equal(before, SparseHash.Of(image));
        Assert.Equal([image], Directory.GetFiles(_scratch.Path));
    }

    [Fact]
    public async Task A_check_runs_beside_the_caller()
    {
        var report = await InspectJob.CheckAsync(Sample(), new EditOptions(), new RuleRequest());
        Assert.Equal(RuleState.Failed, report.Rules.Single(r => r.Id == "network.dhcp").State);
    }

    private static void Cancel(RuleProgress step, CancellationTokenSource stop)
    {
        if (step.Stage == RuleStage.Verify)
        {
            stop.Cancel();
        }
    }

    private string Sample() => machines.Copy(_scratch, machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress));

    private sealed class Steps : IProgress<RuleProgress>
    {
        public List<RuleProgress> All { get; } = [];

        public Action<RuleProgress>? Then { get; init; }

        public void Report(RuleProgress value)
        {
            All.Add(value);
            Then?.Invoke(value);
        }
    }
}
