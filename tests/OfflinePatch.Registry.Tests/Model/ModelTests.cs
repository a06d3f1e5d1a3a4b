using OfflinePatch.Registry.Logs;
using OfflinePatch.Registry.Tests.Support;
using OfflinePatch.Testing;

namespace OfflinePatch.Registry.Tests.Model;

/// <summary>Random edits against a model, then every independent reader that is installed.</summary>
public sealed class ModelTests
{
    private const string None = "(no corpus)"; // a theory without a row is an error; this one is skipped with the reason

    public static TheoryData<string> Short =>
        [.. Editable().DefaultIfEmpty(None).Where(n =>
            n.StartsWith("odd/", StringComparison.Ordinal) || n.StartsWith("plaso/", StringComparison.Ordinal) || n is None
                or "win10-set/ELAM" or "win10-set/DEFAULT" or "accounts/SAM" or "clean/NTUSER-win7.DAT" or "clean/offreg-testhive")];

    public static TheoryData<string> All => [.. Editable().DefaultIfEmpty(None)];

    [SkippableTheory]
    [Trait("tier", "model")]
    [MemberData(nameof(Short))]
    public void A_few_edits(string name) =>
        Run(name, 120, seed: 1, withOracles: name is "win10-set/ELAM" or "odd/UnicodeHive" or "clean/offreg-testhive");

    [SkippableTheory]
    [Trait("tier", "model")]
    [Trait("speed", "slow")]
    [MemberData(nameof(All))]
    public void Two_thousand_edits(string name) => Run(name, 2000, seed: 2, withOracles: true);

    [Theory]
    [Trait("tier", "model")]
    [InlineData(3)]
    [InlineData(5)]
    public void From_nothing(int minorVersion)
    {
        var hive = Hive.Create(minorVersion);
        var edits = new RandomEdits(hive, ModelKey.Load(hive), seed: minorVersion);
        for (var round = 0; round < 4; round++)
        {
            edits.Run(300);
            Verify(hive, edits.Model, "created", withOracles: false);
        }
    }

    /// <summary>
    /// Microsoft's own validator, where it is (<c>OFFLINEPATCH_CHKREG</c>, under Wine). Names keep to Latin-1, because it orders others by
    /// case.
    /// </summary>
    [SkippableTheory]
    [Trait("tier", "oracle")]
    [MemberData(nameof(Short))]
    public void Microsofts_validator_accepts_the_result(string name)
    {
        const string Wine = "/usr/lib/wine/wine64";
        var validator = Oracle.RequireVariable("OFFLINEPATCH_CHKREG");
        Skip.IfNot(File.Exists(Wine), "wine64 is not installed");
        var hive = Hive.Open(CorpusHives.Read(name), CorpusHives.Logs(name));
        new RandomEdits(hive, ModelKey.Load(hive), seed: 11, latin: true).Run(400);
        using var folder = new ScratchFolder();
        File.Copy(validator, folder["chkreg.exe"]);
        File.WriteAllBytes(folder["h"], hive.ToArray());
        Oracle.RunIn(folder.Path, "sh", "-c", $"WINEDEBUG=-all {Wine} chkreg.exe /F h /V > out 2>&1");
        Assert.Contains("Hive validated successfully, no errors found", File.ReadAllText(folder["out"]), StringComparison.Ordinal);
    }

    private static void Run(string name, int count, int seed, bool withOracles)
    {
        Corpus.Require("hives/" + name);
        var logs = CorpusHives.Logs(name);
        var original = CorpusHives.Read(name);
        var hive = Hive.Open(original, logs, new HiveOpenOptions { Unclean = UncleanHive.Reconcile });
        var sound = withOracles && StrictProblems(hive.Image) is "";
        var edits = new RandomEdits(hive, ModelKey.Load(hive), seed);
        edits.Run(count);
        Verify(hive, edits.Model, name, withOracles, sound, original);
    }

    private static void Verify(Hive hive, ModelKey model, string name, bool withOracles, bool strict = false, byte[]? original = null)
    {
        var bytes = hive.ToArray();
        Assert.DoesNotContain(hive.Check(), f => f.ForbidsEditing);
        if (hive.HasEdits && original is not null)
        {
            Assert.Equal(bytes, Patched(original, bytes, hive.ChangedRanges));
        }

        var again = Hive.Open(bytes);
        Assert.Equal(HiveRecoveryKind.None, again.Recovery.Kind);
        Assert.Null(ModelKey.Compare(model, ModelKey.Load(again)));
        if (!withOracles)
        {
            return;
        }

        Assert.True(!strict || StrictProblems(bytes) is "", $"{name}: {StrictProblems(bytes)}");
        using var folder = new ScratchFolder();
        File.WriteAllBytes(folder["h"], bytes);
        if (Oracle.Locate("hivexml") is not null)
        {
            Assert.Equal("", Oracle.Run("hivexml", folder["h"]).MustSucceed().Error);
        }

        if (Oracle.Locate("reglookup") is not null)
        {
            // Not about the structure: names that the tool's locale cannot show, where offreg puts the root key, flags newer than the tool.
            var complaints = Oracle.Run("reglookup", folder["h"]).MustSucceed().Error.Split('\n').Where(l => l.Length > 0
                && !l.Contains("While quoting value", StringComparison.Ordinal) && !l.Contains("while converting", StringComparison.Ordinal)
                && !l.Contains("header indicated root key", StringComparison.Ordinal)
                    && !l.Contains("Unknown key flags", StringComparison.Ordinal));
            Assert.Empty(complaints);
        }

        if (Oracle.Locate("reged") is not null)
        {
            // A listing of the root, as "chntpw -e" gives it. The tool overruns buffers of its own on some long or wide names and dies of
            // it (128 and up): no verdict then.
            var listing = Oracle.RunIn(folder.Path, "sh", "-c", $"printf 'ls\\nq\\n' | {Oracle.Locate("reged")} -e h");
            Assert.True(listing.ExitCode is 0 or > 128, listing.Output);
            Assert.True(listing.ExitCode != 0
                || listing.Output.Contains($"Node has {hive.Root.SubKeyCount} subkeys and {hive.Root.ValueCount} values",
                StringComparison.Ordinal));
        }
    }

    /// <summary>The old file with the changed pages of the new one written over it.</summary>
    private static byte[] Patched(byte[] original, byte[] result, IReadOnlyList<Range> changed)
    {
        var patched = new byte[result.Length];
        original.CopyTo(patched, 0);
        foreach (var range in changed)
        {
            result.AsSpan(range).CopyTo(patched.AsSpan(range));
        }

        return patched;
    }

    /// <summary>What the strict structural check of the oracles folder says; empty when clean or absent.</summary>
    private static string StrictProblems(ReadOnlyMemory<byte> hive)
    {
        var script = Corpus.Root is null ? null : Path.GetFullPath(Path.Combine(Corpus.Root, "..", "oracles", "hive_strict.py"));
        if (script is null || !File.Exists(script) || Oracle.Locate("python3") is null)
        {
            return "";
        }

        using var folder = new ScratchFolder();
        File.WriteAllBytes(folder["h"], hive.ToArray());
        var result = Oracle.Run("/usr/bin/python3", script, "--warn-unref", "--warn-max", folder["h"]);
        return result.ExitCode == 0 ? "" : result.Output;
    }

    /// <summary>The hives of the corpus that open and are sound, dirty ones with their logs.</summary>
    private static IEnumerable<string> Editable()
    {
        foreach (var name in CorpusHives.Names)
        {
            if (CorpusTable.Outcomes.TryGetValue(name, out var outcome) && outcome == "editable")
            {
                yield return name;
            }
        }
    }
}
