using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Editing;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.Tests.Support;
using OfflinePatch.Testing;

namespace OfflinePatch.Registry.Tests.Cells;

/// <summary>Opening, reading, and setting values to what they are changes no byte.</summary>
[Trait("tier", "unit")]
public sealed class FixedPointTests
{
    [SkippableFact]
    public void Setting_what_is_set_changes_nothing()
    {
        Corpus.Require();
        foreach (var name in CorpusTable.Outcomes.Where(o => o.Value == "editable").Select(o => o.Key)
            .Where(n => CorpusHives.Logs(n).IsEmpty))
        {
            var original = CorpusHives.Read(name);
            var hive = Hive.Open((byte[])original.Clone());
            var pending = new Stack<HiveKey>([hive.Root]);
            var values = 0;
            while (pending.TryPop(out var key) && values < 3000)
            {
                var seen = new HashSet<string>(StringComparer.Ordinal);
                foreach (var value in key.Values.Where(v => seen.Add(NtUpcase.ToUpper(v.Name))))
                {
                    key.SetValue(value.Name, value.Type, value.ReadData());
                    values++;
                }

                key.CreateSubKey("");
                key.SetSecurityDescriptor(key.SecurityDescriptor);
                foreach (var child in key.SubKeys)
                {
                    key.CreateSubKey(child.Name);
                    pending.Push(child);
                }
            }

            Assert.False(hive.IsModified, name);
            Assert.True(hive.Image.Span.SequenceEqual(original), name);
        }
    }

    [SkippableFact]
    public void The_callers_array_stays_as_it_was()
    {
        var original = CorpusHives.Read("odd/UnicodeHive");
        var given = (byte[])original.Clone();
        var hive = Hive.Open(given);
        hive.Root.SetDword("x", 1);
        Assert.Equal(original, given);
        Assert.True(hive.IsModified);
        Assert.NotEqual(original, hive.ToArray());
    }

    [Fact]
    public void Deleted_space_is_used_again()
    {
        var hive = Hive.Create();
        hive.Create("Keep").SetDword("v", 1);
        var length = 0;
        for (var round = 0; round < 40; round++)
        {
            var key = hive.Create($"Round{round % 3}");
            for (var i = 0; i < 300; i++)
            {
                key.CreateSubKey($"Key{i}").SetBinary("value", new byte[100 + (i % 50)]);
            }

            key.SetBinary("big", new byte[200_000]);
            Assert.True(hive.Root.DeleteSubKeyTree(key.Name));
            length = round == 3 ? hive.Image.Length : length;
        }

        Assert.Equal(length, hive.Image.Length);
        Assert.Empty(hive.Check());
        Assert.Equal(1, hive.Root.SubKeyCount);
    }

    [Fact]
    public void A_handle_of_a_deleted_key_says_so()
    {
        var hive = Hive.Create();
        var key = hive.Create(@"A\B");
        Assert.True(hive.Root.DeleteSubKeyTree("A"));
        Assert.Equal("REG-0405", Assert.Throws<RefusedException>(() => key.Name).Code);
        Assert.Equal("B", hive.Create(@"A\B").Name);
    }

    [Fact]
    public void Descriptors_are_shared_and_counted()
    {
        var hive = Hive.Create();
        var other = (byte[])hive.Root.SecurityDescriptor.Clone();
        other[1] = 7;
        var a = hive.Create("A");
        var b = hive.Create("B");
        a.SetSecurityDescriptor(other);
        b.SetSecurityDescriptor(other);
        Assert.Equal(a.Node.Security, b.Node.Security);
        Assert.Equal(2u, hive.Bytes.Security(a.Node.Security).ReferenceCount);
        Assert.Equal(1u, hive.Bytes.Security(hive.Root.Node.Security).ReferenceCount);
        Assert.Equal(a.Node.Security, hive.Create(@"A\Child").Node.Security);
        hive.Root.DeleteSubKeyTree("A");
        hive.Root.DeleteSubKeyTree("B");
        Assert.Single(hive.Check().Count == 0 ? [hive.Bytes.Security(hive.Root.Node.Security).Next]
            : Array.Empty<Registry.Layout.CellOffset>());
        Assert.Equal(hive.Root.Node.Security, hive.Bytes.Security(hive.Root.Node.Security).Next);
    }

    [Theory]
    [InlineData("", "REG-0401")]
    [InlineData("A\\B", "REG-0401")]
    public void Names_that_Windows_forbids(string name, string code) =>
        Assert.Equal(code, Assert.Throws<RefusedException>(() => Registry.Editing.RegistryNames.RequireKeyName(name)).Code);

    [Fact]
    public void Depth_ends_at512()
    {
        var hive = Hive.Create();
        hive.Create(string.Join('\\', Enumerable.Repeat("k", 512)));
        Assert.Equal("REG-0403", Assert.Throws<RefusedException>(() => hive.Create(string.Join('\\', Enumerable.Repeat("k", 513)))).Code);
        Assert.Empty(hive.Check());
    }

    [Theory]
    [InlineData(3, "lf", 1013)]
    [InlineData(5, "lh", 1013)]
    public void Lists_are_cut_in_halves_where_the_kernel_cuts_them(int version, string kind, int limit)
    {
        var hive = Hive.Create(version);
        for (var i = 0; i <= limit; i++)
        {
            hive.Create($"{i:D5}");
            var expected = i == limit ? "ri" : kind == "lf" && i >= 507 ? "li" : kind;
            Assert.Equal((i, expected), (i, Kind(hive.Root.Node.SubkeyList, hive)));
        }

        // as the leaves of real hives: half of 1013 stays, the rest is the new leaf
        var root = SubkeyCursor.ReadList(hive.Bytes, hive.Root.Node.SubkeyList);
        Assert.Equal([506, 508], Enumerable.Range(0, root.Count).Select(i => Length(hive, i)));
        Assert.Empty(hive.Check());
        Assert.Equal(limit + 1, hive.Root.SubKeys.Count());
        foreach (var key in hive.Root.SubKeys)
        {
            hive.Root.DeleteSubKeyTree(key.Name);
        }

        Assert.Empty(hive.Check());
        Assert.True(hive.Root.Node.SubkeyList.IsNil);
    }

    [Fact]
    public void Three_keys_more_leave_a_long_list_whole()
    {
        // Services of Windows 10 22H2 is one list of 701; some readers know no index root there
        var hive = Hive.Create();
        for (var i = 0; i < 701; i++)
        {
            hive.Create($@"Services\s{i:D4}");
        }

        foreach (var name in (string[])["viostor", "netkvm", "a"])
        {
            hive.Create($@"Services\{name}");
        }

        var list = hive.Find("Services")!.Node.SubkeyList;
        Assert.Equal(("lh", 704), (Kind(list, hive), SubkeyCursor.ReadList(hive.Bytes, list).Count));
        Assert.Empty(hive.Check());
    }

    [Fact]
    public void A_list_grows_by_half_of_its_cell()
    {
        // the capacities of lists in hives that Windows 8.1 and 10 wrote: 1, 2, 4, 7, 11, 17, 26
        var hive = Hive.Create();
        var capacities = new List<int>();
        for (var i = 0; i < 26; i++)
        {
            hive.Create($"{i:D5}");
            capacities.Add((hive.Bytes.Cell(hive.Root.Node.SubkeyList, "list").Length - 4) / 8);
        }

        Assert.Equal([1, 2, 4, 7, 11, 17, 26], capacities.Distinct());
    }

    private static string Kind(Registry.Layout.CellOffset list, Hive hive)
    {
        var signature = (ushort)SubkeyCursor.ReadList(hive.Bytes, list).Kind;
        return $"{(char)(signature & 0xFF)}{(char)(signature >> 8)}";
    }

    private static int Length(Hive hive, int leaf) =>
        SubkeyCursor.ReadLeaf(hive.Bytes, SubkeyCursor.ReadList(hive.Bytes, hive.Root.Node.SubkeyList)[leaf]).Count;
}
