using System.Text;
using OfflinePatch.Registry.RegText;
using OfflinePatch.Registry.Tests.Support;
using OfflinePatch.Testing;

namespace OfflinePatch.Registry.Tests.Cells;

/// <summary>Every key and value of every readable hive of the corpus, as hivex and reglookup see them.</summary>
[Trait("tier", "oracle")]
public sealed class HivexTreeTests
{
    private const int ShortLimit = 600 * 1024;

    // Two values of one name: hivex lists both, and what is made of its list keeps only one.
    private static readonly string[] WithDoubles = ["odd/DupNameHive", "odd/SAM_DUPENAME"];

    public static TheoryData<string> Names =>
        [.. CorpusTable.Outcomes.Where(o => o.Value == "editable").Select(o => o.Key).Except(WithDoubles)];

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void Small_hives(string name) => Compare(name, isShort: true);

    [SkippableTheory]
    [Trait("speed", "slow")]
    [MemberData(nameof(Names))]
    public void Large_hives(string name) => Compare(name, isShort: false);

    private static void Compare(string name, bool isShort)
    {
        Oracle.Require("hivexregedit", "reglookup");
        var hive = Hive.Open(CorpusHives.Read(name), CorpusHives.Logs(name));
        if (hive.Image.Length < ShortLimit != isShort)
        {
            return;
        }

        using var folder = new ScratchFolder();
        File.WriteAllBytes(folder["h"], hive.ToArray());
        Oracle.RunIn(folder.Path, "sh", "-c", @"hivexregedit --export --prefix R h '\' > h.reg").MustSucceed();
        var exported = Decode(File.ReadAllBytes(folder["h.reg"]));
        var copy = Hive.Create();
        RegTextFile.Parse(Encoding.UTF8.GetBytes(exported.Replace("[R\\]", "[R]", StringComparison.Ordinal)))
            .ApplyTo(copy, p => p == "R" ? "" : p[2..]);
        using var difference = new MemoryStream();
        Assert.True(RegTextWriter.Diff(hive.Root, copy.Root, "R", difference, RegTextEncoding.Utf8) == 0,
            $"{name}: {Encoding.UTF8.GetString(difference.ToArray())}");

        var (keys, values) = Count(hive.Root);
        var lines = Oracle.Run("reglookup", folder["h"]).MustSucceed().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1)
            .ToList();
        Assert.Equal(keys, lines.Count(l => l.Contains(",KEY,", StringComparison.Ordinal)));
        Assert.Equal(values, lines.Count(l => !l.Contains(",KEY,", StringComparison.Ordinal)));
    }

    /// <summary>hivexregedit writes a line with characters beyond Latin-1 in UTF-8, and every other in Latin-1.</summary>
    private static string Decode(byte[] text)
    {
        var strict = new UTF8Encoding(false, throwOnInvalidBytes: true);
        return string.Join('\n', Encoding.Latin1.GetString(text).Split('\n').Select(line =>
        {
            try
            {
                return strict.GetString(Encoding.Latin1.GetBytes(line));
            }
            catch (DecoderFallbackException)
            {
                return line;
            }
        }));
    }

    private static (int Keys, int Values) Count(HiveKey root)
    {
        var (keys, values) = (0, 0);
        var pending = new Stack<HiveKey>([root]);
        while (pending.TryPop(out var key))
        {
            keys++;
            values += key.ValueCount;
            foreach (var child in key.SubKeys)
            {
                pending.Push(child);
            }
        }

        return (keys, values);
    }
}
