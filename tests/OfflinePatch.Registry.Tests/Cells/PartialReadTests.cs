using OfflinePatch.Core;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.Logs;
using OfflinePatch.Registry.Tests.Support;
using OfflinePatch.Testing;

namespace OfflinePatch.Registry.Tests.Cells;

/// <summary>A hive that is read in parts is the hive that is read at once.</summary>
[Trait("tier", "unit")]
public sealed class PartialReadTests
{
    private const int KeysPerBranch = 120;

    [Fact]
    public void A_few_keys_of_a_large_hive_need_a_small_part_of_it()
    {
        var bytes = Large();
        using var stream = new CountingStream(bytes);
        var hive = Hive.Open(stream, bytes.Length, NoLogs);
        Assert.Equal(377u, hive.Find(@"Branch 3\Key 77")!.GetDword("Number"));
        Assert.Equal("text 12", hive.Find(@"Branch 19\Key 12")!.GetString("Text"));
        Assert.Null(hive.Find(@"Branch 19\Key 1234"));
        Assert.True(bytes.Length > 8 << 20, "the hive is too small to show anything");
        Assert.InRange(stream.BytesRead, 4096, bytes.Length / 4);
    }

    [Fact]
    public void An_edit_gives_the_same_bytes()
    {
        var bytes = Large();
        var clock = new SetClock();
        var whole = Hive.Open((byte[])bytes.Clone(), options: new HiveOpenOptions { Time = clock });
        var parts = Hive.Open(new MemoryStream(bytes), bytes.Length, NoLogs, new HiveOpenOptions { Time = clock });
        foreach (var hive in new[] { whole, parts })
        {
            _ = hive.Find(@"Branch 1\Key 5")!.GetDword("Number");
            hive.Create(@"Branch 7\New").SetDword("Start", 3);
            hive.Find("Branch 2")!.DeleteSubKeyTree("Key 9");
        }

        Assert.True(whole.Image.Span.SequenceEqual(parts.Image.Span));
        Assert.Equal(whole.ChangedRanges, parts.ChangedRanges);
        Assert.Empty(parts.Check());
        var unwritten = bytes.AsSpan();
        foreach (var range in parts.ChangedRanges)
        {
            var end = Math.Min(unwritten.Length, range.End.Value);
            parts.Image.Span[range.Start.Value..Math.Max(range.Start.Value, end)]
                .CopyTo(unwritten[Math.Min(range.Start.Value, unwritten.Length)..]);
        }

        Assert.True(parts.Image.Span[..bytes.Length].SequenceEqual(bytes), "a change lies outside of the ranges that are told");
    }

    [Fact]
    public void What_was_read_before_the_file_changed_stays()
    {
        var bytes = Large();
        var hive = Hive.Open(new MemoryStream(bytes), bytes.Length, NoLogs);
        hive.ReadAll();
        bytes.AsSpan().Clear();
        Assert.Equal("text 99", hive.Find(@"Branch 11\Key 99")!.GetString("Text"));
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void Every_hive_of_the_corpus_opens_to_the_same_tree_or_the_same_error()
    {
        Testing.Corpus.Require();
        foreach (var name in CorpusHives.Names)
        {
            var bytes = CorpusHives.Read(name);
            var whole = Outcome(() => Hive.Open((byte[])bytes.Clone(), CorpusHives.Logs(name)));
            var parts = Outcome(() => Hive.Open(new MemoryStream((byte[])bytes.Clone()), bytes.Length, () => CorpusHives.Logs(name)));
            Assert.True(whole == parts, $"{name}: {whole} and {parts}");
        }
    }

    private static HiveLogs NoLogs() => default;

    private static string Outcome(Func<Hive> open)
    {
        try
        {
            var hive = open();
            var keys = 0;
            var values = 0L;
            var pending = new Stack<HiveKey>([hive.Root]);
            while (pending.TryPop(out var key))
            {
                keys++;
                foreach (var value in key.Values)
                {
                    values += value.ReadData().Length;
                }

                foreach (var below in key.SubKeys)
                {
                    pending.Push(below);
                }
            }

            return $"{hive.Recovery.Kind}, {keys} keys, {values} bytes, sha256 "
                + $"{Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(hive.Image.Span))}";
        }
        catch (Exception error) when (error is ICodedError coded)
        {
            return coded.Code;
        }
    }

    /// <summary>Nearly 10 MB: 20 branches of keys with 4 KiB of data each.</summary>
    private static byte[] Large()
    {
        var hive = Hive.Create(time: new SetClock());
        var filler = new byte[4000];
        for (var branch = 0; branch < 20; branch++)
        {
            var parent = hive.Create($"Branch {branch}");
            for (var i = 0; i < KeysPerBranch; i++)
            {
                var key = parent.CreateSubKey($"Key {i}");
                key.SetDword("Number", (uint)((branch * 100) + i));
                key.SetString("Text", $"text {i}");
                key.SetValue("Filler", RegistryValueType.Binary, filler);
            }
        }

        return hive.ToArray();
    }

    private sealed class CountingStream(byte[] bytes) : MemoryStream(bytes, writable: false)
    {
        public long BytesRead { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            var count = base.Read(buffer);
            BytesRead += count;
            return count;
        }
    }
}
