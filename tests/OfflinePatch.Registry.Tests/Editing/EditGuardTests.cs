using System.Buffers.Binary;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Tests.Editing;

/// <summary>What an edit refuses, and what it finds before the hive is given away.</summary>
[Trait("tier", "unit")]
public sealed class EditGuardTests
{
    /// <summary>More than 16 MiB, so that only keys that were touched are checked again.</summary>
    private static readonly Lazy<byte[]> Ballast = new(() =>
    {
        var hive = Hive.Create();
        for (var i = 0; i < 17; i++)
        {
            hive.Create("Ballast").SetBinary($"{i}", new byte[1024 * 1024]);
        }

        hive.Create(@"Keys\A").SetDword("v", 1);
        hive.Create(@"Keys\B");
        return hive.ToArray();
    });

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    public void A_key_name_has_255_characters_at_most(int length, bool isAllowed)
    {
        var hive = Hive.Create();
        hive.Create("A");
        var before = hive.ToArray();
        if (isAllowed)
        {
            Assert.Equal(length, hive.Create(new string('n', length)).Name.Length);
            Assert.Empty(hive.Check());
            return;
        }

        var error = Assert.Throws<RefusedException>(() => hive.Create(new string('n', length)));
        Assert.Equal("REG-0401", error.Code);
        Assert.Contains(new string('n', length), error.Message, StringComparison.Ordinal);
        Assert.Equal(before, hive.ToArray());
        Assert.Contains($"{new string('n', 300)}...",
            Assert.Throws<RefusedException>(() => hive.Create(new string('n', 301))).Message, StringComparison.Ordinal);
        Assert.Contains(new string('n', 300),
            Assert.Throws<RefusedException>(() => hive.Create(new string('n', 300))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(16383, true)]
    [InlineData(16384, false)]
    public void A_value_name_has_16383_characters_at_most(int length, bool isAllowed)
    {
        var hive = Hive.Create();
        var key = hive.Create("A");
        var before = hive.ToArray();
        if (isAllowed)
        {
            key.SetDword(new string('n', length), 7);
            Assert.Equal(7u, key.GetDword(new string('n', length)));
            Assert.Empty(hive.Check());
            return;
        }

        Assert.Equal("REG-0402", Assert.Throws<RefusedException>(() => key.SetDword(new string('n', length), 7)).Code);
        Assert.Equal(before, hive.ToArray());
    }

    [Fact]
    public void A_descriptor_that_is_not_sound_is_refused()
    {
        var hive = Hive.Create();
        var key = hive.Create("A");
        var before = hive.ToArray();
        foreach (var bad in (byte[][])[[], [1, 0, 0, 0], [.. key.SecurityDescriptor[..^1]]])
        {
            Assert.Equal("REG-0411", Assert.Throws<RefusedException>(() => key.SetSecurityDescriptor(bad)).Code);
        }

        Assert.Equal(before, hive.ToArray());
    }

    /// <summary>The value list of such a key is a handle, and is not touched.</summary>
    [Fact]
    public void A_key_that_is_a_predefined_handle_takes_no_values()
    {
        var hive = Hive.Create();
        var key = hive.Create("A");
        var file = hive.ToArray();
        var flags = file.AsSpan(4096 + (int)key.Cell.Value + 4 + 2);
        BinaryPrimitives.WriteUInt16LittleEndian(flags, (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(flags) | 0x0040));
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(4096 + (int)key.Cell.Value + 4 + 0x24), 0x80000001);
        var again = Hive.Open(file);
        var error = Assert.Throws<RefusedException>(() => again.Find("A")!.SetDword("v", 1));
        Assert.Equal("REG-0407", error.Code);
        Assert.Equal(file, again.ToArray());
    }

    /// <summary>
    /// A defect of ours must not become a machine that does not start: what was edited is checked before it is given away.
    /// </summary>
    [Theory]
    [InlineData(0)]
    [InlineData(17)] // MiB: from 16 on only what was touched is checked
    public void Damage_of_a_key_that_was_edited_is_found_before_the_hive_is_written(int megabytes)
    {
        var hive = Hive.Create();
        for (var i = 0; i < megabytes; i++)
        {
            hive.Create("Ballast").SetBinary($"{i}", new byte[1024 * 1024]);
        }

        hive.Create("Other");
        var key = hive.Create("A");
        hive = Hive.Open(hive.ToArray());
        key = hive.Find("A")!;
        key.SetDword("v", 1);
        _ = hive.ToArray();
        key.SetDword("v", 2);
        BinaryPrimitives.WriteUInt32LittleEndian(hive.Bytes.WritableCell(key.Cell)[0x14..], 5); // subkeys that are not there
        Assert.Equal("REG-0320", Assert.Throws<CorruptImageException>(() => hive.ToArray()).Code);
    }

    /// <summary>Each edit by itself is noticed: the hive counts as changed, and the key that it changed is checked.</summary>
    [Theory]
    [InlineData("create")]
    [InlineData("create, parent")]
    [InlineData("create below")]
    [InlineData("delete")]
    [InlineData("set")]
    [InlineData("delete value")]
    [InlineData("security")]
    public void Every_edit_is_checked(string edit)
    {
        var hive = Hive.Open(Ballast.Value);
        var key = hive.Find(@"Keys\A")!;
        var touched = key;
        switch (edit)
        {
            case "create":
                touched = hive.Create(@"Keys\New");
                break;
            case "create, parent":
                touched = hive.Find("Keys")!;
                hive.Create(@"Keys\New");
                break;
            case "create below":
                hive.Create(@"Keys\A\New");
                break;
            case "delete":
                touched = hive.Find("Keys")!;
                hive.Root.DeleteSubKeyTree(@"Keys\A");
                break;
            case "set":
                key.SetDword("v", 9);
                break;
            case "delete value":
                key.DeleteValue("v");
                break;
            default:
                var descriptor = (byte[])key.SecurityDescriptor.Clone();
                descriptor[1] = 7;
                key.SetSecurityDescriptor(descriptor);
                break;
        }

        Assert.True(hive.IsModified && hive.HasEdits);
        BinaryPrimitives.WriteUInt32LittleEndian(hive.Bytes.WritableCell(touched.Cell)[0x14..], 5);
        Assert.Equal("REG-0320", Assert.Throws<CorruptImageException>(() => hive.ToArray()).Code);
    }

    [Fact]
    public void A_key_that_was_made_and_deleted_is_not_looked_for()
    {
        var hive = Hive.Open(Ballast.Value);
        hive.Create(@"Keys\New").SetDword("v", 1);
        hive.Root.DeleteSubKeyTree(@"Keys\New");
        Assert.Null(Hive.Open(hive.ToArray()).Find(@"Keys\New"));
    }

    /// <summary>Up to four bytes stand in the value itself, as Windows has them.</summary>
    [Fact]
    public void Short_data_take_no_cell()
    {
        var hive = Hive.Create();
        var key = hive.Create("A");
        foreach (var (length, isInline) in ((int, bool)[])[(0, true), (1, true), (3, true), (4, true), (5, false)])
        {
            key.SetBinary("v", new byte[length]);
            var bins = hive.Image.Span[4096..];
            var stored = U32(bins[(int)(U32(bins[((int)key.Node.ValueList.Value + 4)..]) + 8)..]);
            Assert.Equal((uint)length | (isInline ? 0x80000000 : 0), stored);
        }
    }

    /// <summary>What cannot be done is refused before anything is done. An edit leaves a MiB free for lists and bins.</summary>
    [Theory]
    [InlineData(100_000, 100_776)] // 97 KiB: 8 bytes more for each
    [InlineData(4, 4)]
    [InlineData(1023, 1023)]
    [InlineData(1024, 1032)]
    [InlineData(1015, 1015)] // 1023 and 1024 with what is there
    [InlineData(1016, 1016)]
    public void A_value_that_may_not_find_room_is_refused(int length, int room)
    {
        foreach (var missing in (int[])[0, 1])
        {
            var hive = Hive.Create();
            var key = hive.Create("A");
            key.SetDword("a", 1);
            key.SetDword("b", 1);
            var before = hive.ToArray();
            Assert.Equal(room, Needed(length));
            hive.Bytes.MaxBinsSize = hive.Bytes.BinsSize + (1024 * 1024) + Needed(length + 8) - missing; // 4 bytes for each value
            if (missing == 0)
            {
                key.SetBinary("v", new byte[length]);
                Assert.Empty(hive.Check());
                continue;
            }

            Assert.Equal("REG-0404", Assert.Throws<RefusedException>(() => key.SetBinary("v", new byte[length])).Code);
            Assert.Equal(before, hive.ToArray());
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_key_or_descriptor_that_may_not_find_room_is_refused(int missing)
    {
        var hive = Hive.Create();
        var key = hive.Create("A");
        for (var i = 0; i < 3; i++)
        {
            key.CreateSubKey($"{i}");
        }

        var before = hive.ToArray();
        hive.Bytes.MaxBinsSize = hive.Bytes.BinsSize + (1024 * 1024) + 36 - missing; // 12 bytes for each subkey that is there
        Action create = () => key.CreateSubKey("new");
        if (missing > 0)
        {
            Assert.Equal("REG-0404", Assert.Throws<RefusedException>(create).Code);
            Assert.Equal(before, hive.ToArray());
        }
        else
        {
            create();
            Assert.Empty(hive.Check());
        }

        var descriptor = (byte[])key.SecurityDescriptor.Clone();
        descriptor[1] = 7;
        before = hive.ToArray();
        hive.Bytes.MaxBinsSize = hive.Bytes.BinsSize + (1024 * 1024) + descriptor.Length - missing;
        if (missing > 0)
        {
            Assert.Equal("REG-0404", Assert.Throws<RefusedException>(() => key.SetSecurityDescriptor(descriptor)).Code);
            Assert.Equal(before, hive.ToArray());
        }
        else
        {
            key.SetSecurityDescriptor(descriptor);
            Assert.Empty(hive.Check());
        }
    }

    [Fact]
    public void A_handle_of_the_only_key_that_was_deleted_says_so()
    {
        var hive = Hive.Create();
        var key = hive.Create("A");
        hive.Root.DeleteSubKeyTree("A");
        Assert.Equal("REG-0405", Assert.Throws<RefusedException>(() => key.Name).Code);
        hive.Editor.DeleteValue(hive.Root.Cell, "missing");
        Assert.Empty(hive.Check());
    }

    /// <summary>A class name has a length and a place, or neither; else nobody knows what is freed with the key.</summary>
    [Theory]
    [InlineData(0, true)]
    [InlineData(10, false)]
    public void A_key_with_half_a_class_name_is_not_edited(int length, bool hasPlace)
    {
        var hive = Hive.Create();
        var key = hive.Create("A");
        var content = Enumerable.Range(0, 60).Select(i => (byte)i).ToArray();
        hive.Create("B").SetBinary("v", content);
        var file = hive.ToArray();
        var node = file.AsSpan(4096 + (int)key.Cell.Value + 4);
        var place = hive.Image.Span.IndexOf(content) - 4096 - 4;
        BinaryPrimitives.WriteInt32LittleEndian(node[0x30..], hasPlace ? place : -1);
        BinaryPrimitives.WriteUInt16LittleEndian(node[0x4A..], (ushort)length);
        var again = Hive.Open(file);
        Assert.Equal("REG-0320", Assert.Throws<CorruptImageException>(() => again.Root.DeleteSubKeyTree("A")).Code);
        Assert.Equal(file, again.ToArray());
    }

    [Theory]
    [InlineData(3, "lf")]
    [InlineData(4, "lf")]
    [InlineData(5, "lh")]
    public void A_list_is_of_the_kind_that_the_version_wants(int version, string kind)
    {
        var file = Hive.Create(version == 5 ? 5 : 3).ToArray();
        file[0x18] = (byte)version;
        var sum = 0u;
        for (var at = 0; at < 508; at += 4)
        {
            sum ^= U32(file.AsSpan(at));
        }

        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(508), sum);
        var hive = Hive.Open(file);
        hive.Create("A");
        var list = hive.Image.Span[(4096 + (int)hive.Root.Node.SubkeyList.Value + 4)..];
        Assert.Equal(kind, $"{(char)list[0]}{(char)list[1]}");
        Assert.Empty(hive.Check());
    }

    [Fact]
    public void A_list_of_values_moves_only_when_its_cell_is_full()
    {
        var hive = Hive.Create();
        var key = hive.Create("A");
        var cells = new List<(uint Place, int Size)>();
        for (var i = 0; i < 6; i++)
        {
            key.SetDword($"{i}", 1);
            var list = key.Node.ValueList.Value;
            cells.Add((list, -BinaryPrimitives.ReadInt32LittleEndian(hive.Image.Span[(4096 + (int)list)..])));
        }

        Assert.Equal([8, 16, 16, 24, 24, 32], cells.Select(c => c.Size)); // 4 bytes of size, 4 for each value, in steps of 8
        Assert.Equal(cells[1].Place, cells[2].Place);
        Assert.Equal(cells[3].Place, cells[4].Place);
    }

    [Fact]
    public void A_value_is_given_data_that_lies_in_the_hive_itself()
    {
        var hive = Hive.Create();
        var key = hive.Create("A");
        var content = Enumerable.Range(0, 3000).Select(i => (byte)(i % 251)).ToArray();
        key.SetBinary("a", content);
        var place = hive.Image.Span.IndexOf(content);
        Assert.True(place > 0);
        for (var i = 0; i < 20; i++)
        {
            // the file moves while it grows
            key.SetBinary($"copy {i}", hive.Image.Span.Slice(hive.Image.Span.IndexOf(content), content.Length));
        }

        Assert.All(Enumerable.Range(0, 20), i => Assert.Equal(content, key.GetBinary($"copy {i}")));
        Assert.Empty(hive.Check());
    }

    [Fact]
    public void Big_data_has_a_list_of_its_segments_and_room_behind_each()
    {
        var hive = Hive.Create();
        var key = hive.Create("A");
        key.SetBinary("v", new byte[40_000]);
        var bins = hive.Image.Span[4096..];
        var value = bins[(int)(U32(bins[((int)key.Node.ValueList.Value + 4)..]) + 4)..];
        var head = bins[(int)(U32(value[8..]) + 4)..];
        Assert.Equal(("db", 3), ($"{(char)head[0]}{(char)head[1]}", head[2] + (256 * head[3])));
        var list = (int)U32(head[4..]);
        Assert.Equal(16, -BinaryPrimitives.ReadInt32LittleEndian(bins[list..])); // 4 bytes of size, three offsets
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(16352, -BinaryPrimitives.ReadInt32LittleEndian(bins[(int)U32(bins[(list + 4 + (4 * i))..])..]));
        }
    }

    private static int Needed(int length) => length + (length / 1024 * 8);

    private static uint U32(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);
}
