using System.Buffers.Binary;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Testing;

namespace OfflinePatch.Registry.Tests.Editing;

/// <summary>What an edit leaves beside the value or key itself: times, maxima, room. Fields are read at their offsets.</summary>
[Trait("tier", "unit")]
public sealed class EditEffectTests
{
    private readonly SetClock _clock = new();

    [Fact]
    public void Each_edit_sets_the_time_of_its_key_and_of_no_other()
    {
        var hive = Hive.Create(time: _clock);
        _clock.Time += TimeSpan.FromSeconds(1);
        var key = hive.Create("A");
        Assert.Equal(_clock.FileTime, hive.Root.Node.LastWriteTime);
        Assert.Equal(_clock.FileTime, key.Node.LastWriteTime);
        var first = _clock.FileTime;

        _clock.Time += TimeSpan.FromSeconds(1);
        key.SetDword("v", 1);
        Assert.Equal((first, _clock.FileTime), (hive.Root.Node.LastWriteTime, key.Node.LastWriteTime));
        _clock.Time += TimeSpan.FromSeconds(1);
        key.SetDword("v", 2);
        Assert.Equal(_clock.FileTime, key.Node.LastWriteTime);
        _clock.Time += TimeSpan.FromSeconds(1);
        Assert.True(key.DeleteValue("v"));
        Assert.Equal(_clock.FileTime, key.Node.LastWriteTime);
        _clock.Time += TimeSpan.FromSeconds(1);
        var descriptor = (byte[])key.SecurityDescriptor.Clone();
        descriptor[1] = 7;
        key.SetSecurityDescriptor(descriptor);
        Assert.Equal((first, _clock.FileTime), (hive.Root.Node.LastWriteTime, key.Node.LastWriteTime));
        _clock.Time += TimeSpan.FromSeconds(1);
        hive.Root.DeleteSubKeyTree("A");
        Assert.Equal(_clock.FileTime, hive.Root.Node.LastWriteTime);
    }

    [Fact]
    public void The_largest_names_and_data_are_kept_in_the_key()
    {
        var hive = Hive.Create();
        var key = hive.Create("A");
        hive.Create(@"A\four");
        hive.Create(@"A\longest");
        hive.Create(@"A\x");
        key.SetBinary("name", new byte[300]);
        key.SetBinary("a longer name", new byte[5]);
        key.SetBinary("n", new byte[7]);
        Assert.Equal((14u, 26u, 300u), Maxima(key));

        // as Windows: they do not shrink
        key.SetBinary("name", [1]);
        key.DeleteValue("a longer name");
        hive.Root.DeleteSubKeyTree(@"A\longest");
        Assert.Equal((14u, 26u, 300u), Maxima(key));
    }

    [Fact]
    public void A_key_that_is_deleted_leaves_no_cell_behind()
    {
        var hive = Hive.Create();
        hive.Create("Keep");
        hive.Create("A");
        hive.Root.DeleteSubKeyTree("A"); // the list of the root keeps the room for a second key
        var before = AllocatedBytes(hive);
        var key = hive.Create(@"A\B\C");
        key.SetBinary("inline", [1, 2, 3]);
        key.SetBinary("cell", new byte[100]);
        key.SetBinary("segments", new byte[40_000]);
        for (var i = 0; i < 1100; i++)
        {
            key.CreateSubKey($"{i:D4}"); // an index root with two leaves
        }

        var descriptor = (byte[])key.SecurityDescriptor.Clone();
        descriptor[1] = 7;
        key.SetSecurityDescriptor(descriptor);
        Assert.True(AllocatedBytes(hive) > before + 50_000);
        hive.Root.DeleteSubKeyTree("A");

        Assert.Equal(before, AllocatedBytes(hive));
        Assert.Empty(hive.Check());
    }

    [Fact]
    public void The_class_name_of_a_key_goes_with_it()
    {
        var hive = Hive.Create();
        hive.Create("Keep");
        hive.Create("A");
        hive.Create("B");
        hive.Root.DeleteSubKeyTree("A");
        hive.Root.DeleteSubKeyTree("B");
        var before = AllocatedBytes(hive);
        var key = hive.Create("A");
        var other = hive.Create("B");
        other.SetBinary("v", "c\0l\0a\0s\0s\0"u8);
        var bytes = hive.ToArray();
        TakeAsClassName(bytes, key.Node, other);

        var again = Hive.Open(bytes);
        Assert.Empty(again.Check());
        Assert.Equal("class", again.Find("A")!.ClassName);
        again.Root.DeleteSubKeyTree("A");
        again.Root.DeleteSubKeyTree("B");

        Assert.Equal(before, AllocatedBytes(again));
        Assert.Empty(again.Check());
    }

    [Fact]
    public void A_value_that_is_replaced_or_deleted_gives_its_room_back()
    {
        var hive = Hive.Create();
        var key = hive.Create("A");
        key.SetBinary("other", [1, 2, 3, 4, 5, 6]);
        key.SetBinary("v", []);
        key.DeleteValue("v"); // the list keeps the room for a second value
        var before = AllocatedBytes(hive);
        foreach (var length in (int[])[0, 4, 5, 100, 16344, 16345, 40_000])
        {
            foreach (var next in (int[])[0, 4, 5, 60, 16344, 16345, 50_000])
            {
                var (first, second) = (Content(length, 1), Content(next, 2));
                key.SetBinary("v", first);
                var alone = AllocatedBytes(hive);
                Assert.Equal(first, key.GetBinary("v"));
                key.SetBinary("v", second);
                Assert.Equal(second, key.GetBinary("v"));
                key.SetBinary("v", first);
                Assert.Equal(first, key.GetBinary("v"));
                Assert.Equal(alone, AllocatedBytes(hive));
                Assert.Empty(hive.Check());
                key.DeleteValue("v");
                Assert.Equal((before, 1), (AllocatedBytes(hive), key.Values.Count()));
            }
        }

        Assert.Equal([1, 2, 3, 4, 5, 6], key.GetBinary("other")!);
    }

    [Fact]
    public void Values_keep_their_order_when_one_of_them_goes()
    {
        var hive = Hive.Create();
        var key = hive.Create("A");
        foreach (var name in (string[])["a", "b", "c", "d", "e"])
        {
            key.SetString(name, name);
        }

        foreach (var (name, left) in ((string, string)[])[("c", "a b d e"), ("e", "a b d"), ("a", "b d"), ("b", "d"), ("d", "")])
        {
            key.DeleteValue(name);
            Assert.Equal(left, string.Join(' ', key.Values.Select(v => v.Name)));
            Assert.All(key.Values, v => Assert.Equal(v.Name, key.GetString(v.Name)));
            Assert.Empty(hive.Check());
        }

        Assert.True(key.Node.ValueList.IsNil);
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(3, true)]
    [InlineData(5, false)]
    [InlineData(5, true)]
    public void Subkeys_stay_in_order_in_lists_of_many_leaves(int version, bool isDescending)
    {
        var hive = Hive.Create(version);
        var key = hive.Create("A");
        key.CreateSubKey("x");
        key.DeleteSubKeyTree("x");
        var before = AllocatedBytes(hive);
        var names = Enumerable.Range(0, 2600).Select(i => $"{i:D4}").ToList();
        var inOrder = isDescending ? names.AsEnumerable().Reverse()
            : names.Where((_, i) => i % 2 == 0).Concat(names.Where((_, i) => i % 2 == 1));
        var roots = new Dictionary<int, uint>();
        foreach (var name in inOrder)
        {
            key.CreateSubKey(name);
            if (SubkeyCursor.ReadList(hive.Bytes, key.Node.SubkeyList) is { Kind: SubkeyListKind.IndexRoot } root)
            {
                roots.TryAdd(root.Count, key.Node.SubkeyList.Value);
            }
        }

        Assert.Equal(names, key.SubKeys.Select(k => k.Name));
        Assert.All(names, n => Assert.NotNull(key.Find(n)));
        Assert.Empty(hive.Check());
        Assert.True(roots.Count >= 3, $"{roots.Count}");
        Assert.Equal(roots[3], roots[4]); // 4 bytes of head and 16 of leaves: the cell has room for the fourth

        var random = new Random(version);
        var left = names.ToList();
        while (left.Count > 0)
        {
            var at = random.Next(left.Count);
            Assert.True(key.DeleteSubKeyTree(left[at]));
            left.RemoveAt(at);
            if (left.Count % 650 == 0)
            {
                Assert.Equal(left, key.SubKeys.Select(k => k.Name));
                Assert.Empty(hive.Check());
            }
        }

        Assert.Equal((before, true), (AllocatedBytes(hive), key.Node.SubkeyList.IsNil));
    }

    [Fact]
    public void A_full_list_is_cut_so_that_the_second_half_has_room_for_one_more()
    {
        var hive = Hive.Create();
        for (var i = 0; i < 1013; i++)
        {
            hive.Create($"{i:D5}");
        }

        hive.Create("00000a"); // into the first half
        var root = SubkeyCursor.ReadList(hive.Bytes, hive.Root.Node.SubkeyList);
        Assert.Equal([507, 507], [SubkeyCursor.ReadLeaf(hive.Bytes, root[0]).Count, SubkeyCursor.ReadLeaf(hive.Bytes, root[1]).Count]);
        Assert.Equal(4 + (508 * 8), hive.Bytes.Cell(root[1], "leaf").Length);
        Assert.Empty(hive.Check());
    }

    [Fact]
    public void Data_of_the_same_size_stay_in_their_cell()
    {
        var hive = Hive.Create();
        var key = hive.Create("A");
        key.SetBinary("v", Content(100, 1)); // a cell of 104 bytes, 4 of them its size
        var place = hive.Image.Span.IndexOf(Content(100, 1));
        key.SetBinary("v", Content(100, 2));
        Assert.Equal(place, hive.Image.Span.IndexOf(Content(100, 2)));
        Assert.Equal(-1, hive.Image.Span.IndexOf(Content(100, 1)));
    }

    /// <summary>As some programs leave an empty value: no length, no flag, no place.</summary>
    [Fact]
    public void An_empty_value_without_a_place_is_replaced_and_deleted()
    {
        foreach (var length in (int[])[0, 3, 100])
        {
            var hive = Hive.Create();
            hive.Create("A").SetBinary("v", []);
            var file = hive.ToArray();
            var value = file.AsSpan(4096 + (int)BinaryPrimitives.ReadUInt32LittleEndian(
                file.AsSpan(4096 + (int)hive.Find("A")!.Node.ValueList.Value + 4)) + 4);
            BinaryPrimitives.WriteUInt32LittleEndian(value[4..], 0);
            BinaryPrimitives.WriteUInt32LittleEndian(value[8..], 0xFFFFFFFF);
            var again = Hive.Open(file);
            again.Find("A")!.SetBinary("v", Content(length, 1));
            Assert.Equal(Content(length, 1), again.Find("A")!.GetBinary("v"));
            again.Find("A")!.DeleteValue("v");
            Assert.Empty(again.Check());
        }
    }

    /// <summary>What looks like the head of big data is one by the length of the value alone.</summary>
    [Fact]
    public void Data_that_begin_like_big_data_are_plain()
    {
        var hive = Hive.Create();
        var key = hive.Create("A");
        var other = Content(60, 1);
        key.SetBinary("other", other);
        var place = BitConverter.GetBytes(hive.Image.Span.IndexOf(other) - 4096 - 4);
        key.SetBinary("v", [.. "db"u8, 2, 0, .. place, 0, 0, 0, 0]);
        key.SetBinary("v", [1, 2]);
        Assert.Equal(other, key.GetBinary("other"));
        key.SetBinary("v", [.. "db"u8, 2, 0, .. place, 0, 0, 0, 0]);
        key.DeleteValue("v");
        Assert.Equal(other, key.GetBinary("other"));
        Assert.Empty(hive.Check());
    }

    private static byte[] Content(int length, int seed) => [.. Enumerable.Range(0, length).Select(i => (byte)(((i * 31) + seed) % 256))];

    private static (uint SubkeyName, uint ValueName, uint ValueData) Maxima(HiveKey key)
    {
        var cell = key.Hive.Image.Span[(BaseBlock.Size + (int)key.Cell.Value + 4)..];
        return (BinaryPrimitives.ReadUInt16LittleEndian(cell[0x34..]), BinaryPrimitives.ReadUInt32LittleEndian(cell[0x3C..]),
            BinaryPrimitives.ReadUInt32LittleEndian(cell[0x40..]));
    }

    /// <summary>Bytes of the cells that are in use, added up from the sizes in front of them.</summary>
    private static long AllocatedBytes(Hive hive)
    {
        var bins = hive.Image.Span[4096..];
        var sum = 0L;
        for (var bin = 0; bin < bins.Length;)
        {
            var end = bin + BinaryPrimitives.ReadInt32LittleEndian(bins[(bin + 8)..]);
            for (var cell = bin + 32; cell < end;)
            {
                var size = BinaryPrimitives.ReadInt32LittleEndian(bins[cell..]);
                sum += Math.Max(-size, 0);
                cell += Math.Abs(size);
            }

            bin = end;
        }

        return sum;
    }

    /// <summary>Makes the data of a key's only value the class name of another key; the value is empty then.</summary>
    private static void TakeAsClassName(byte[] file, KeyNode node, HiveKey other)
    {
        var bins = file.AsSpan(4096);
        var owner = -1;
        var wanted = other.Node.ValueList.Value;
        var value = bins[(int)(BinaryPrimitives.ReadUInt32LittleEndian(bins[((int)wanted + 4)..]) + 4)..];
        var data = BinaryPrimitives.ReadUInt32LittleEndian(value[8..]);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(value[4..]);
        BinaryPrimitives.WriteUInt32LittleEndian(value[4..], 0x80000000);
        BinaryPrimitives.WriteUInt32LittleEndian(value[8..], 0);
        for (var at = 32; at < bins.Length - 0x50; at += 8)
        {
            if (bins.Slice(at + 4, 2).SequenceEqual("nk"u8) && bins.Slice(at + 4 + 0x4C, 1).SequenceEqual("A"u8)
                && BinaryPrimitives.ReadUInt16LittleEndian(bins[(at + 4 + 0x48)..]) == node.NameLength)
            {
                owner = at + 4;
                break;
            }
        }

        BinaryPrimitives.WriteUInt32LittleEndian(bins[(owner + 0x30)..], data);
        BinaryPrimitives.WriteUInt16LittleEndian(bins[(owner + 0x4A)..], (ushort)length);
    }
}
