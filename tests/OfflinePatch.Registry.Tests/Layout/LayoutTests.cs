using OfflinePatch.Core;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Check;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.Logs;
using OfflinePatch.Registry.Tests.Support;
using OfflinePatch.Testing;

namespace OfflinePatch.Registry.Tests.Layout;

/// <summary>Structures that Windows wrote, read field by field; then cut short and flipped.</summary>
[Trait("tier", "layout")]
public sealed class LayoutTests
{
    [SkippableFact]
    public void A_hive_of_windows10()
    {
        var file = CorpusHives.Read("win10-set/ELAM");
        Assert.True(BaseBlock.TryRead(file, out var block));
        Assert.True(block.HasSignature && block.IsChecksumValid);
        Assert.Equal((3u, 3u), block.Sequences);
        Assert.Equal((1u, 5u), (block.MajorVersion, block.MinorVersion));
        Assert.Equal(0x4000u, block.BinsSize);
        Assert.Equal(new CellOffset(0x20), block.RootCell);

        var hive = Hive.Open(file);
        var root = hive.Bytes.Key(block.RootCell);
        Assert.Equal(KeyNodeFlags.Root, root.Flags);
        Assert.Equal("ROOT", root.Name.ToString());
        Assert.Equal(1u, root.SubkeyCount);
        Assert.Equal(new CellOffset(0x78), root.Security);
        Assert.Equal(0x20, root.MaximumSubkeyName);

        var security = hive.Bytes.Security(root.Security);
        Assert.Equal((new CellOffset(0x180), new CellOffset(0x180), 1u), (security.Next, security.Previous, security.ReferenceCount));

        var list = SubkeyCursor.ReadList(hive.Bytes, root.SubkeyList);
        Assert.Equal((SubkeyListKind.HashLeaf, 1), (list.Kind, list.Count));
        Assert.Equal(0x693C3C70u, list.Hint(0));
        Assert.Equal(0x693C3C70u, NameHash.Hash("WINDOWS DEFENDER"));

        var key = hive.Bytes.Key(list[0]);
        Assert.Equal("Windows Defender", key.Name.ToString());
        var value = hive.Bytes.Value(CellReader.OffsetAt(hive.Bytes.ValueList(key), 0));
        Assert.Equal(("Measured", 0x215Cu, 3u), (value.Name.ToString(), value.DataLength, value.Type));
    }

    [SkippableFact]
    public void Data_in_segments()
    {
        var hive = Hive.Open(CorpusHives.Read("odd/BigDataHive"));
        var lengths = hive.Root.SubKeys.SelectMany(k => k.Values).Select(v => v.Length).Order().ToList();
        Assert.Equal([16345, 81725], [.. lengths.Where(l => l > 16000)]);
        Assert.All(hive.Root.SubKeys.SelectMany(k => k.Values), v => Assert.Equal(v.Length, v.ReadData().Length));
    }

    [Theory]
    [InlineData("Пabc", 0u)]
    [InlineData("abcП", 0u)]
    [InlineData("ab", 0x6261u)]
    [InlineData("Key-1", 0x2D79654Bu)]
    public void Hints_of_fast_leaves(string name, uint hint) => Assert.Equal(hint, NameHash.Hint(name));

    [Fact]
    public void Checksums_avoid_two_values()
    {
        var block = new byte[512];
        Assert.Equal(1u, BaseBlock.ComputeChecksum(block));
        block.AsSpan(0, 4).Fill(0xFF);
        Assert.Equal(0xFFFFFFFEu, BaseBlock.ComputeChecksum(block));
    }

    [SkippableFact]
    public void No_view_reads_past_its_cell()
    {
        var file = CorpusHives.Read("odd/BigDataHive");
        for (var cell = 0x1020; cell < 0x1400; cell += 8)
        {
            for (var length = 0; length < 120; length++)
            {
                var bytes = file.AsSpan(cell + 4, length);
                if (KeyNode.TryRead(bytes, out var node))
                {
                    _ = node.Name.ToString();
                }

                if (KeyValue.TryRead(bytes, out var value))
                {
                    _ = value.Name.ToString();
                }

                if (KeySecurity.TryRead(bytes, out var security))
                {
                    _ = security.Descriptor.Length;
                }

                if (SubkeyList.TryRead(bytes, out var list) && list.Count > 0)
                {
                    _ = list[list.Count - 1];
                }

                _ = BigData.TryRead(bytes, out _);
            }
        }
    }

    [SkippableFact]
    public void Every_bit_flip_is_read_or_refused()
    {
        var file = CorpusHives.Read("odd/OffHive");
        for (var bit = 0; bit < 0x1200 * 8; bit++)
        {
            if (bit / 8 is >= 0x200 and < 0x1000)
            {
                continue;
            }

            file[bit / 8] ^= (byte)(1 << (bit % 8));
            if (bit / 8 < 508)
            {
                CorpusHives.Sign(file);
            }

            var report = HiveChecker.Check(file);
            try
            {
                var hive = Hive.Open((byte[])file.Clone());
                foreach (var key in hive.Root.SubKeys)
                {
                    _ = key.Values.Select(v => v.ReadData().Length).Sum();
                }

                Assert.NotEqual(HiveVerdict.LoadFailed, report.Verdict);
            }
            catch (Exception error) when (error is ICodedError)
            {
                Assert.NotEqual(HiveVerdict.Valid, report.Verdict);
            }

            file[bit / 8] ^= (byte)(1 << (bit % 8));
            CorpusHives.Sign(file);
        }
    }

    [SkippableTheory]
    [InlineData("odd/BadListHive", 1)]
    [InlineData("plaso/corrupt_sub_key_list.hiv", 1)]
    [InlineData("odd/WrongOrderHive", 0)]
    [InlineData("odd/InvalidParentHive", 0)]
    [InlineData("odd/corrupted-xp-SYSTEM", 1)]
    [InlineData("odd/TruncatedHive", 1)]
    [InlineData("win10-1709-x64/SYSTEM", 0)]
    public void Salvage_reads_around_damage(string name, int skippedAtLeast)
    {
        var hive = Hive.Open(CorpusHives.Read(name), options: new HiveOpenOptions { Salvage = true });
        var keys = 0;
        var pending = new Stack<HiveKey>([hive.Root]);
        while (pending.TryPop(out var key))
        {
            keys++;
            _ = key.Values.Count();
            foreach (var child in key.SubKeys)
            {
                pending.Push(child);
            }
        }

        Assert.True(keys >= 1);
        Assert.True(hive.Skipped.Count >= skippedAtLeast);
        Assert.Equal("REG-0410", Assert.Throws<RefusedException>(() => hive.Root.SetDword("x", 1)).Code);
    }
}
