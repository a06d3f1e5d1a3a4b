using System.Text.RegularExpressions;

namespace OfflinePatch.Core.Tests.Architecture;

/// <summary>What tests take from the environment is written down for whoever runs them.</summary>
public sealed partial class TestEnvironmentTests
{
    [Fact]
    public void Every_variable_that_a_test_reads_is_in_the_table_of_CONTRIBUTING()
    {
        var table = File.ReadAllText(Path.Combine(BuiltAssembly.Root, "CONTRIBUTING.md"));
        var read = SourceText.Files("tests").SelectMany(f => Variable().Matches(File.ReadAllText(f)))
            .Select(m => m.Groups[1].Value).Distinct().Order().ToList();
        Assert.True(read.Count > 15, $"only {read.Count} variables were found: the pattern does not fit any more");
        Assert.Equal([], read.Where(v => !table.Contains($"`{v}", StringComparison.Ordinal)));
    }

    [GeneratedRegex("(?:GetEnvironmentVariable|RequireVariable|Setting)\\(\"(OFFLINEPATCH_[A-Z_]+)\"")]
    private static partial Regex Variable();
}
