using System.Globalization;
using System.Text.Json;
using OfflinePatch.Registry.Logs;
using OfflinePatch.Registry.Tests.Support;
using OfflinePatch.Testing;

namespace OfflinePatch.Registry.Tests.Cells;

/// <summary>
/// Real SYSTEM hives before and after many edits of ours, counted by a program that knows the description of the format alone
/// (<c>tests/shapes</c>): kinds and lengths of lists, spare bytes by kind of cell, free cells, bins. What we write has the shapes that
/// Windows wrote.
/// </summary>
[Trait("tier", "oracle")]
public sealed class ShapeTests
{
    private const int Longest = 1012; // entries of an lh that Windows does not cut yet

    [SkippableTheory]
    [InlineData("win81-x64/SYSTEM")]
    [InlineData("win10-1709-x64/SYSTEM")]
    public void Edits_leave_the_shapes_of_a_real_hive(string name)
    {
        Corpus.Require("hives/" + name);
        Oracle.Require("python3");
        using var scratch = new ScratchFolder();
        var hive = Hive.Open(CorpusHives.Read(name), options: new HiveOpenOptions { Unclean = UncleanHive.Reconcile });
        File.WriteAllBytes(scratch["before"], hive.ToArray());
        for (var i = 0; i < 600; i++)
        {
            var key = hive.Create(string.Create(CultureInfo.InvariantCulture, $@"ControlSet001\Services\shape{i * 7919 % 600:D4}"));
            key.SetDword("Start", 3);
            key.SetExpandString("ImagePath", @"System32\drivers\" + new string('x', i % 60));
            key.SetBinary("Blob", new byte[i * 5]);
        }

        for (var i = 0; i < 600; i += 3)
        {
            hive.Find(@"ControlSet001\Services")!.DeleteSubKeyTree(string.Create(CultureInfo.InvariantCulture, $"shape{i:D4}"));
        }

        File.WriteAllBytes(scratch["after"], hive.ToArray());
        var (before, after) = (Measure(scratch["before"]), Measure(scratch["after"]));

        Assert.Equal(0, before.GetProperty("keys out of order").GetInt32());
        Assert.Equal(0, after.GetProperty("keys out of order").GetInt32());
        Assert.Equal(0, after.GetProperty("free cells beside free cells").GetInt32());
        Assert.InRange(after.GetProperty("longest leaf").GetProperty("lh").GetInt32(), 1, Longest);
        Assert.Equal(Names(before, "kinds of leaves"), Names(after, "kinds of leaves"));
        Assert.Equal(Names(before, "spare bytes of nk"), Names(after, "spare bytes of nk"));
        Assert.Equal(Names(before, "spare bytes of vk"), Names(after, "spare bytes of vk"));
        const string Free = "free bytes in percent";
        // a third of what was added is deleted
        Assert.InRange(after.GetProperty(Free).GetDouble(), 0, before.GetProperty(Free).GetDouble() + 8);
        (string Property, double Most)[] limits =
            [("spare bytes of data", 0.01), ("spare entries of leaves", 0.05), ("spare entries of value lists", 0.05)];
        foreach (var (property, most) in limits)
        {
            Assert.InRange(ShareWithRoom(after, property), 0, ShareWithRoom(before, property) + most);
        }
    }

    private static JsonElement Measure(string path)
    {
        var program = Path.Combine(Repository.Root, "tests", "shapes", "hive_shapes.py");
        return JsonDocument.Parse(Oracle.Run("python3", program, path).MustSucceed().Output).RootElement;
    }

    private static IEnumerable<string> Names(JsonElement shapes, string property) =>
        shapes.GetProperty(property).EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal);

    /// <summary>How many of these structures are larger than they need to be, as a part of 1.</summary>
    private static double ShareWithRoom(JsonElement shapes, string property)
    {
        var counts = shapes.GetProperty(property).EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetInt32());
        return 1 - (counts.GetValueOrDefault("0") / (double)counts.Values.Sum());
    }
}
