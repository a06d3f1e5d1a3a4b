using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>The process is killed at random moments of a fix.</summary>
[Trait("tier", "crash")]
public sealed class KillTests(Machines machines) : IClassFixture<Machines>
{
    [Fact]
    public void A_fix_that_is_killed_leaves_all_old_or_all_new() => KillAtRandomMoments(rounds: 8, seed: 1);

    [Fact]
    [Trait("speed", "slow")]
    public void A_fix_that_is_killed_fifty_times_leaves_all_old_or_all_new() => KillAtRandomMoments(rounds: 50, seed: 2);

    [SkippableTheory]
    [InlineData("INT", 2)]
    [InlineData("TERM", 15)]
    [InlineData("HUP", 1)]
    public void A_signal_before_the_commit_leaves_no_trace(string signal, int number)
    {
        Skip.If(OperatingSystem.IsWindows(), "signals are sent by kill");
        var raw = machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress);
        var random = new Random(3);
        var duration = Duration(raw);
        for (var round = 0; round < 4; round++)
        {
            using var scratch = new ScratchFolder();
            var image = machines.Copy(scratch, raw);
            var old = SparseHash.Of(image);
            using var process = Tool.Start("fix", image, "--trust-root", SampleRoot.Path, "--drivers", machines.Drivers, "--cloudbase-init",
                machines.Agent);
            process.WaitForExit(round == 0 ? 0 : random.Next((int)(duration / 2)));
            Oracle.Run("/bin/sh", "-c", $"kill -{signal} {process.Id}");
            process.WaitForExit();
            if (process.ExitCode == 0)
            {
                continue; // the commit had begun: it ends, and is whole
            }

            // Before the handler is in place the signal ends the process at once: also without a trace.
            Assert.Contains(process.ExitCode, new[] { 130, 128 + number });
            Assert.Equal(old, SparseHash.Of(image));
            Assert.Equal([image], Directory.GetFiles(scratch.Path));
        }
    }

    private void KillAtRandomMoments(int rounds, int seed)
    {
        var random = new Random(seed);
        var raw = machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress);
        var duration = Duration(raw);
        for (var round = 0; round < rounds; round++)
        {
            using var scratch = new ScratchFolder();
            var image = machines.Copy(scratch, raw);
            var old = SparseHash.Of(image);
            using (var process = Tool.Start("fix", image, "--trust-root", SampleRoot.Path, "--drivers", machines.Drivers,
                "--cloudbase-init", machines.Agent))
            {
                process.WaitForExit(random.Next((int)(duration * 1.1)));
                process.Kill();
                process.WaitForExit();
            }

            if (SparseHash.Of(image) != old)
            {
                Tool.Run("recover", image).MustExit(0);
                if (SparseHash.Of(image) != old)
                {
                    Tool.Run("check", image).MustExit(0);
                }
            }

            // Whatever the kill left behind must not stand in the way of the next run.
            Tool.Run("fix", image, "--trust-root", SampleRoot.Path, "--drivers", machines.Drivers, "--cloudbase-init", machines.Agent)
                .MustExit(0);
        }
    }

    private double Duration(string raw)
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, raw);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Tool.Run("fix", image, "--trust-root", SampleRoot.Path, "--drivers", machines.Drivers, "--cloudbase-init", machines.Agent)
            .MustExit(0);
        return watch.Elapsed.TotalMilliseconds;
    }
}
