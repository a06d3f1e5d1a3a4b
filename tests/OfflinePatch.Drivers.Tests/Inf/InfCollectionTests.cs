using OfflinePatch.Core;
using OfflinePatch.Drivers.Inf;
using Xunit.Abstractions;

namespace OfflinePatch.Drivers.Tests.Inf;

/// <summary>
/// Measures the parser on a folder of foreign INFs, which the project does not hold: <c>OFFLINEPATCH_INFS</c> names it. Everything that is
/// not understood is counted.
/// </summary>
[Trait("tier", "oracle")]
public sealed class InfCollectionTests(ITestOutputHelper output)
{
    [SkippableFact]
    public void Foreign_infs_are_understood()
    {
        var folder = Environment.GetEnvironmentVariable("OFFLINEPATCH_INFS");
        Skip.If(string.IsNullOrEmpty(folder) || !Directory.Exists(folder), "OFFLINEPATCH_INFS names no folder");
        int files = 0, models = 0, sections = 0, effects = 0;
        var refused = new List<string>();
        var unknown = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        var problems = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var path in Directory.EnumerateFiles(folder!, "*", SearchOption.AllDirectories)
            .Where(p => Path.GetExtension(p).ToUpperInvariant() is ".INF" or ".INX"))
        {
            files++;
            try
            {
                var inf = InfFile.Parse(File.ReadAllBytes(path), Path.GetFileName(path));
                foreach (var target in (WindowsTarget[])[Targets.Windows10, Targets.Windows7X86, Targets.Server2008R2,
                    Targets.Windows11 with { Architecture = ProcessorArchitecture.Arm64 },
                    Targets.Windows10 with { Architecture = ProcessorArchitecture.Arm }])
                {
                    var chosen = InfModels.Select(inf, target).Models;
                    models += chosen.Count;
                    foreach (var section in chosen.Select(m => m.InstallSection)
                        .Where(s => inf.FindInstallSection(s, target.Architecture) is not null).Distinct(StringComparer.OrdinalIgnoreCase))
                    {
                        var result = InfEvaluator.Evaluate(inf, section, target);
                        sections++;
                        effects += result.Registry.Count + result.Files.Count + result.Services.Count;
                        foreach (var notice in result.Notices)
                        {
                            var table = notice.Kind == InfNoticeKind.Unknown ? unknown : problems;
                            if (notice.Kind != InfNoticeKind.NotApplied)
                            {
                                var key = notice.Kind == InfNoticeKind.Unknown ? notice.Message
                                    : $"{Path.GetFileName(path)}({notice.Line}): {notice.Message}";
                                table[key] = table.GetValueOrDefault(key) + 1;
                            }
                        }
                    }
                }
            }
            catch (Exception e) when (e is CorruptImageException or UnsupportedImageException)
            {
                refused.Add($"{Path.GetFileName(path)}: {e.Message}");
            }
        }

        output.WriteLine($"{files} INFs, {files - refused.Count} parsed, {models} device lines, {sections} install sections, {effects} "
            + $"effects, {unknown.Count} unknown directives, {problems.Count} problem lines");
        refused.ForEach(output.WriteLine);
        foreach (var (key, count) in unknown.OrderByDescending(u => u.Value).Take(200))
        {
            output.WriteLine($"unknown {count}: {key}");
        }

        foreach (var key in problems.Keys.Take(300))
        {
            output.WriteLine($"problem {key}");
        }

        Assert.True(refused.Count * 50 <= files, $"{refused.Count} of {files} refused");
    }
}
