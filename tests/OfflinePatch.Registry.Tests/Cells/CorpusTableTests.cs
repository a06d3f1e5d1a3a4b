using OfflinePatch.Core;
using OfflinePatch.Registry.Tests.Support;
using OfflinePatch.Testing;
using Xunit.Abstractions;

namespace OfflinePatch.Registry.Tests.Cells;

/// <summary>Every hive of the corpus opens, or is refused for the right reason.</summary>
[Trait("tier", "oracle")]
public sealed class CorpusTableTests(ITestOutputHelper output)
{
    [SkippableFact]
    public void Every_hive()
    {
        Corpus.Require();
        var differences = new List<string>();
        foreach (var name in CorpusHives.Names)
        {
            var outcome = Outcome(name);
            if (!CorpusTable.Outcomes.TryGetValue(name, out var expected) || expected != outcome)
            {
                differences.Add($"        [\"{name}\"] = \"{outcome}\",");
            }
        }

        output.WriteLine(string.Join("\n", differences));
        Assert.Empty(differences);
    }

    private static string Outcome(string name)
    {
        try
        {
            var hive = Hive.Open(CorpusHives.Read(name), CorpusHives.Logs(name));
            try
            {
                hive.Root.SetDword("probe", 1);
                return "editable";
            }
            catch (Exception error) when (error is ICodedError coded)
            {
                return "edit " + coded.Code;
            }
        }
        catch (Exception error) when (error is ICodedError coded)
        {
            return coded.Code;
        }
    }
}
