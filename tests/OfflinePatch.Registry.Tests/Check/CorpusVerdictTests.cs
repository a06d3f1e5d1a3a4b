using OfflinePatch.Registry.Check;
using OfflinePatch.Registry.Tests.Support;
using OfflinePatch.Testing;
using Xunit.Abstractions;

namespace OfflinePatch.Registry.Tests.Check;

/// <summary>Our verdict against that of Microsoft's own validator.</summary>
[Trait("tier", "oracle")]
public sealed class CorpusVerdictTests(ITestOutputHelper output)
{
    /// <summary>
    /// Where we are stricter, and why. The validator compares two UTF-16 names with case for all but ASCII letters; Windows itself orders
    /// them by RtlUpcaseUnicodeChar, like the validator's own hashes and its order of Latin-1 names. We want both orders for the verdict,
    /// and Windows' own for an edit.
    /// </summary>
    private static readonly Dictionary<string, string> Explained = new(StringComparer.Ordinal)
    {
        ["odd/TwoOwnersHive\t4612:32045b04,4296:04000000"] =
            "'Новћй раздел #2' after 'Новый раздел #1': out of order (U+040B < U+042B), though in order with case",
    };

    [SkippableFact]
    public void Every_corpus_hive()
    {
        Corpus.Require();
        var differences = new List<string>();
        foreach (var line in File.ReadLines(Path.Combine(Corpus.Root!, "hive-verdicts.tsv")).Skip(1))
        {
            var fields = line.Split('\t');
            var report = HiveChecker.Check(CorpusHives.Read(fields[0]), CorpusHives.Logs(fields[0]));
            if (!Matches(fields[1], report.Verdict))
            {
                differences.Add($"{fields[0]}: {fields[1]}, ours {report.Verdict}: {string.Join(" | ", report.Findings.Take(3))}");
            }
        }

        Assert.True(differences.Count == 0, string.Join("\n", differences));
    }

    [SkippableFact]
    public void Every_mutation()
    {
        Corpus.Require();
        var total = 0;
        var stricter = new List<string>();
        var laxer = new List<string>();
        var wrongKind = new List<string>();
        foreach (var line in File.ReadLines(Path.Combine(Corpus.Root!, "hive-mutation-verdicts.tsv")).Skip(1))
        {
            var fields = line.Split('\t');
            var report = HiveChecker.Check(CorpusHives.Mutate(fields[0], fields[1]));
            total++;
            if (Matches(fields[2], report.Verdict))
            {
                continue;
            }

            var text = $"{line}: ours {report.Verdict}: "
                + string.Join(" | ", report.Findings.Where(f => f.Severity == HiveFindingSeverity.Error).Take(2)
                    .Select(f => $"{f.Code} {f.Structure} @{f.Offset:X} {f.Message}"));
            (fields[2] == "valid" ? stricter : report.Verdict == HiveVerdict.Valid ? laxer : wrongKind).Add(text);
        }

        output.WriteLine($"{total} mutations: {stricter.Count} stricter, {laxer.Count} laxer, {wrongKind.Count} of another kind");
        stricter.ForEach(s => output.WriteLine("STRICT " + s));
        laxer.ForEach(s => output.WriteLine("LAX " + s));
        wrongKind.ForEach(s => output.WriteLine("KIND " + s));
        Assert.Empty(laxer);
        Assert.Empty(wrongKind);
        Assert.True(stricter.Count * 100 <= total, $"{stricter.Count} of {total} stricter");
        Assert.All(stricter, s => Assert.True(Explained.ContainsKey(string.Join('\t', s.Split('\t').Take(2))), s));
    }

    private static bool Matches(string theirs, HiveVerdict ours) => theirs switch
    {
        "valid" => ours == HiveVerdict.Valid,
        "invalid" => ours == HiveVerdict.Invalid,
        "unreconciled" => ours == HiveVerdict.Unreconciled,
        "load-failed" => ours is HiveVerdict.LoadFailed or HiveVerdict.Unreconciled,
        _ => throw new FormatException(theirs),
    };
}
