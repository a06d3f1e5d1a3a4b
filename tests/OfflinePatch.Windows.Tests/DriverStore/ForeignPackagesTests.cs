using System.Text;
using System.Text.Json;
using OfflinePatch.Core;
using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.FileSystems;
using OfflinePatch.Testing;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Tests.Machines;
using Xunit.Abstractions;

namespace OfflinePatch.Windows.Tests.DriverStore;

/// <summary>
/// Foreign packages, which the project does not hold: <c>OFFLINEPATCH_PACKAGES</c> names a folder of them. Each is staged into a machine of
/// its own, or refused with a code. What was staged is written to <c>OFFLINEPATCH_JUDGE</c> (the INF and the hives) for a judge that shares
/// no code with this project (<c>tests/drivers/judge.py</c>), and is removed again: nothing may stay.
/// </summary>
[Trait("tier", "oracle")]
public sealed class ForeignPackagesTests(ITestOutputHelper output)
{
    [SkippableFact]
    public void Every_foreign_package_is_staged_or_refused()
    {
        var folder = Environment.GetEnvironmentVariable("OFFLINEPATCH_PACKAGES");
        Skip.If(string.IsNullOrEmpty(folder) || !Directory.Exists(folder), "OFFLINEPATCH_PACKAGES names no folder");
        var judge = Environment.GetEnvironmentVariable("OFFLINEPATCH_JUDGE");
        var generation = Environment.GetEnvironmentVariable("OFFLINEPATCH_GENERATION") ?? "server2022";
        using var tree = FileSources.Open(folder!);
        var source = DriverSource.Scan(tree);
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        void Count(string what) => counts[what] = counts.GetValueOrDefault(what) + 1;
        source.Rejected.ToList().ForEach(f => Count($"refused {f.Code}"));
        var number = 0;
        foreach (var package in source.Packages)
        {
            var machine = StagingMachine.Create(generation);
            var guest = machine.Start();
            var target = DriverTarget.Of(guest.Windows);
            guest.Windows.Software.Root.Create(PnpLockdown.Key);
            guest.Windows.Current.Key.Create(@"Services\EventLog\System");
            foreach (var hive in (HiveName[])[HiveName.System, HiveName.Drivers])
            {
                guest.Windows.Find(hive)?.Root.Create(@"DriverDatabase\DeviceIds");
                guest.Windows.Find(hive)?.Root.Create(@"DriverDatabase\DriverInfFiles");
                guest.Windows.Find(hive)?.Root.Create(@"DriverDatabase\DriverPackages");
            }

            var before = Snapshot(guest, machine);
            var check = DriverPackageCheck.Run(package, target);
            if (check.Findings.FirstOrDefault(f => f.Kind == DriverFindingKind.Refusal) is { } refusal)
            {
                Assert.Matches("^[A-Z]{3}-[0-9]{4}$", refusal.Code);
                Count($"refused {refusal.Code}");
                continue;
            }

            var signature = check.Findings.FirstOrDefault(f => f.Kind == DriverFindingKind.Signature);
            try
            {
                var result = GuestDriverStore.Stage(guest.Windows, check,
                    new StagingOptions { AllowUnsigned = true, IsExact = true, Clock = StagingMachine.Clock });
                Count(signature is null ? "staged" : $"staged with --allow-unsigned, else refused {signature.Code}");
                var after = Snapshot(guest, machine);
                Assert.Equal(StagingOutcome.Completed,
                    GuestDriverStore.Stage(guest.Windows, check,
                        new StagingOptions { AllowUnsigned = true, IsExact = true, Clock = StagingMachine.Clock }).Outcome);
                Assert.Empty(StagingMachine.Difference(after, Snapshot(guest, machine)));
                if (judge is not null)
                {
                    Keep(Path.Combine(judge, $"{++number:D4}"), package, result, target, guest, machine);
                }

                GuestDriverStore.Remove(guest.Windows,
                    GuestDriverStore.Inspect(guest.Windows).Single(s => s.PublishedName == result.PublishedName),
                    new StagingOptions { Clock = StagingMachine.Clock });
                var left = StagingMachine.Difference(before, Snapshot(guest, machine));
                Assert.True(left.Count == 0, $"{package.Path}: {string.Join('\n', left.Take(10))}");
            }
            catch (Exception e) when (e is RefusedException or UnsupportedImageException or CorruptImageException)
            {
                Count($"refused {((ICodedError)e).Code}");
            }
        }

        foreach (var (what, count) in counts)
        {
            output.WriteLine($"{count,6}  {what}");
        }

        output.WriteLine($"{counts.Values.Sum(),6}  packages on {generation}");
        Assert.NotEmpty(counts);
    }

    private static void Keep(string folder, DriverPackage package, StagingResult result, WindowsTarget target, RuleContext guest,
        Machine machine)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, "package.inf"), package.InfContent);
        foreach (var hive in (HiveName[])[HiveName.System, HiveName.Drivers, HiveName.Software])
        {
            if (guest.Windows.Find(hive) is { } found)
            {
                File.WriteAllBytes(Path.Combine(folder, hive.ToString().ToUpperInvariant()), found.Hive.ToArray());
            }
        }

        File.WriteAllLines(Path.Combine(folder, "files.txt"), machine.WindowsFiles.Paths, Encoding.UTF8);
        File.WriteAllText(Path.Combine(folder, "facts.json"), JsonSerializer.Serialize(new Dictionary<string, string>
        {
            ["path"] = package.Path,
            ["inf"] = package.InfName,
            ["published"] = result.PublishedName,
            ["package"] = result.PackageName,
            ["architecture"] = target.Architecture.InfName(),
            ["version"] = $"{target.Major}.{target.Minor}.{target.Build}",
            ["product"] = target.ProductType == WindowsProductType.Workstation ? "1" : "3",
        }));
    }

    private static List<string> Snapshot(RuleContext guest, Machine machine) =>
        [.. GoldenStagingTests.Snapshot(guest.Windows, machine).Where(l => !l.Contains("[UpdateDate]", StringComparison.Ordinal))];
}
