using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Tests.Formats;
using OfflinePatch.Disks.Vmdk;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Vmdk;

/// <summary>VMDKs built by hand: variants without a free writer, and one damage at a time.</summary>
[Trait("tier", "layout")]
public sealed class VmdkLayoutTests
{
    private static readonly byte[] Grain = Enumerable.Range(0, 65536).Select(i => (byte)((i * 7 / 5) % 251)).ToArray();

    [Fact]
    public void Stream_with_a_footer()
    {
        using var image = Open(VmdkBuilder.Stream(1000, new Dictionary<int, byte[]> { [1] = Grain, [7] = Grain }));
        var model = new MemoryDevice(1000 * 512);
        model.Write(65536, Grain);
        model.Write(7 * 65536, Grain.AsSpan(0, (1000 - (7 * 128)) * 512));

        Assert.Equal("streamOptimized", image.Subformat);
        GuestModel.AssertSame(model, image);
    }

    [Fact]
    public void Footer_whose_descriptor_lies_beyond_any_file_is_read()
    {
        var file = VmdkBuilder.Stream(1000, new Dictionary<int, byte[]> { [1] = Grain });
        // the header's own descriptor is the one that counts
        file.Write(file.Length - 1024 + 0x1C, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
        using var image = Open(file);
        var grain = new byte[Grain.Length];
        image.Read(65536, grain);
        Assert.Equal(Grain, grain);
    }

    [Fact]
    public void Truncated_stream_is_found_at_opening()
    {
        var file = VmdkBuilder.Stream(1000, new Dictionary<int, byte[]> { [1] = Grain });
        file.SetLength(file.Length - 512);
        Assert.Equal("VMDK-0018", Code(file));
    }

    [Fact]
    public void Stream_whose_marker_names_another_grain_is_corrupt()
    {
        var file = VmdkBuilder.Stream(1000, new Dictionary<int, byte[]> { [1] = Grain });
        file.Write(65536, [9]);
        using var image = Open(file);
        Assert.Equal("VMDK-0019", Assert.Throws<CorruptImageException>(() => image.Read(65536, new byte[10])).Code);
    }

    [Fact]
    public void Cowd_is_read_over_its_parent()
    {
        var part = Grain[..4096];
        var files = Files(VmdkBuilder.Descriptor("vmfsSparse", "RW 2000 VMFSSPARSE \"disk-delta.vmdk\"",
            "parentFileNameHint=\"/vmfs/volumes/a/base.vmdk\"", parentCid: "00000001"));
        files.Companions["disk-delta.vmdk"] = VmdkBuilder.Cowd(2000, 8, new Dictionary<int, byte[]> { [3] = part, [249] = part });
        files.Companions["base.vmdk"] = Text(VmdkBuilder.Descriptor("vmfs", "RW 2000 VMFS \"base-flat.vmdk\"", cid: "1"));
        var flat = GuestModel.Patterned(2000 * 512, 3);
        files.Companions["base-flat.vmdk"] = flat;
        var model = Copy(flat);
        model.Write(3 * 4096, part);
        model.Write(249 * 4096, part);

        using var image = DiskFormats.Open(files);

        Assert.NotNull(image.WhyNotInPlace);
        GuestModel.AssertSame(model, image);
    }

    [Fact]
    public void Cowd_alone_is_read()
    {
        using var image = Open(VmdkBuilder.Cowd(100, 1, new Dictionary<int, byte[]> { [5] = Grain[..512] }));
        var model = new MemoryDevice(100 * 512);
        model.Write(5 * 512, Grain.AsSpan(0, 512));
        GuestModel.AssertSame(model, image);
    }

    [Fact]
    public void Se_sparse_is_read_over_its_parent()
    {
        var files = SeSparseFiles(journal: false);
        var model = new MemoryDevice(2000 * 512);
        model.Write(0, Enumerable.Repeat((byte)0xEE, 2000 * 512).ToArray());
        model.Write(4096, new byte[8192]);
        model.Write(5 * 4096, Grain.AsSpan(4096, 4096));

        using var image = DiskFormats.Open(files);

        Assert.Equal(("seSparse", false), (image.Subformat, image.CanWrite));
        GuestModel.AssertSame(model, image);
    }

    [Fact]
    public void Se_sparse_with_a_journal_is_refused() =>
        Assert.Equal("VMDK-0107", Assert.Throws<UnsupportedImageException>(() => DiskFormats.Open(SeSparseFiles(journal: true))).Code);

    [Fact]
    public void Several_extents_of_several_kinds()
    {
        var files = Files(VmdkBuilder.Descriptor("custom", "RW 100 FLAT \"a b.bin\" 2\nRW 50 ZERO\nRW 300 SPARSE \"c.vmdk\""));
        files.Companions["a b.bin"] = GuestModel.Patterned(102 * 512, 1);
        files.Companions["c.vmdk"] = VmdkBuilder.Sparse(300, 128, new Dictionary<int, byte[]> { [1] = Grain });
        using var image = DiskFormats.Open(files);
        var model = new MemoryDevice(450 * 512);
        var first = new byte[100 * 512];
        files.Companions["a b.bin"].Read(1024, first);
        model.Write(0, first);
        model.Write((150 + 128) * 512, Grain);
        GuestModel.AssertSame(model, image);

        image.Write(99 * 512, new byte[51 * 512]); // into the zeros: nothing but zeros
        Assert.Equal("VMDK-0109", Assert.Throws<UnsupportedImageException>(() => image.Write(120 * 512, Grain)).Code);
        image.Write(150 * 512, Grain.AsSpan(0, 1000));
        model.Write(99 * 512, new byte[512]);
        model.Write(150 * 512, Grain.AsSpan(0, 1000));
        GuestModel.AssertSame(model, image);
    }

    [Theory]
    [InlineData("RDONLY 100 FLAT \"a.bin\" 0", null, "read-only")]
    [InlineData("NOACCESS 100 FLAT \"a.bin\" 0", "VMDK-0103", null)]
    [InlineData("RW 100 VMFSRDM \"a.bin\"", "VMDK-0102", null)]
    [InlineData("RW 100 FLAT \"missing.bin\" 0", "TEST-0002", null)]
    [InlineData("RW 1000 FLAT \"a.bin\" 0", "VMDK-0015", null)]
    [InlineData("RW 100 SPARSE \"a.bin\"", "VMDK-0016", null)]
    [InlineData("RW 10 FLAT \"a.bin\" 0\nRW 10 FLAT \"a.bin\" 5", "VMDK-0017", null)]
    [InlineData("RW -1 FLAT \"a.bin\" 0", "VMDK-0011", null)]
    [InlineData("RW 99999999999999999 FLAT \"a.bin\" 0", "VMDK-0011", null)]
    [InlineData("RW 10 FLAT", "VMDK-0011", null)]
    [InlineData("RW 10 FLAT \"a.bin\" 0\nrw 10 FLAT \"a.bin\" 10", "VMDK-0011", null)] // not left out: the disk would be another one
    [InlineData("RW 10 FLAT \"a.bin\" 0\nREADWRITE 10 FLAT \"a=b.bin\" 10", "VMDK-0011", null)]
    [InlineData("RW 10 FLAT \"a.bin\" 0\nparentCID=none", "VMDK-0011", null)] // not taken for a disk without parent
    [InlineData("", "VMDK-0012", null)]
    public void Extent_lines(string lines, string? code, string? whyNot)
    {
        var files = Files(VmdkBuilder.Descriptor("monolithicFlat", lines));
        files.Companions["a.bin"] = GuestModel.Patterned(100 * 512, 1);
        if (code is not null)
        {
            Assert.Equal(code, Assert.IsAssignableFrom<ICodedError>(Record.Exception(() => DiskFormats.Open(files))).Code);
            return;
        }

        Assert.Contains(whyNot!, DiskFormats.Open(files).WhyNotInPlace, StringComparison.Ordinal);
    }

    [Fact]
    public void Encrypted_is_refused_by_name()
    {
        var files = Files(VmdkBuilder.Descriptor("monolithicFlat", "RW 100 FLAT \"a.bin\" 0",
            "encryption.keySafe = \"vmware:key/list/(pair/(x))\""));
        var error = Assert.Throws<RefusedException>(() => DiskFormats.Open(files));
        Assert.Equal("VMDK-0201", error.Code);
        Assert.Contains("encrypted VMDK", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Circular_chain_is_refused()
    {
        var files =
            Files(VmdkBuilder.Descriptor("vmfs", "RW 100 VMFS \"a.bin\"", "parentFileNameHint=\"other.vmdk\"", parentCid: "1234abcd"));
        files.Companions["a.bin"] = new MemoryDevice(100 * 512);
        files.Companions["other.vmdk"] =
            Text(VmdkBuilder.Descriptor("vmfs", "RW 100 VMFS \"b.bin\"", "parentFileNameHint=\"disk.vmdk\"", parentCid: "1234abcd"));
        files.Companions["disk.vmdk"] = files.Image;
        Assert.Equal("VMDK-0021", Assert.Throws<CorruptImageException>(() => DiskFormats.Open(files)).Code);
    }

    [Theory]
    [InlineData(76, 0x0D, "VMDK-0002")] // newline bytes
    [InlineData(4, 9, "VMDK-0101")] // version
    [InlineData(20, 3, "VMDK-0003")] // grain size
    [InlineData(44, 3, "VMDK-0005")] // entries per table
    [InlineData(77, 7, "VMDK-0104")] // compression
    [InlineData(13, 0x7F, "VMDK-0014")] // capacity
    [InlineData(30, 0xFF, "VMDK-0010")] // descriptor
    [InlineData(28, 0x00, "VMDK-0105")] // no descriptor: an extent alone
    public void Header_fields(int offset, byte value, string code)
    {
        var file = Sparse();
        file.Write(offset, [value]);
        Assert.Equal(code, Code(file));
    }

    [Fact]
    public void Truncated_sparse_file_is_found_at_opening()
    {
        var file = Sparse();
        file.SetLength(file.Length - 65536);
        Assert.Equal("VMDK-0008", Code(file));
    }

    [Fact]
    public void Shared_grain_is_refused()
    {
        var file = Sparse();
        var entry = new byte[4];
        file.Read((22 + 4 + 1) * 512 + 4, entry);
        file.Write((22 + 4 + 1) * 512 + 8, entry);
        file.Write(22 * 512 + 8, entry);
        Assert.Equal("VMDK-0009", Code(file));
    }

    [Fact]
    public void Damaged_primary_directory_is_read_through_its_copy()
    {
        var file = Sparse();
        file.Write((22 + 4) * 512, [0xFF, 0xFF, 0xFF, 0x7F]);
        using var image = Open(file);
        Assert.Contains("redundant copy", image.WhyNotInPlace, StringComparison.Ordinal);
        GuestModel.AssertSame(SparseModel(), image);
    }

    [Fact]
    public void Copies_that_differ_are_read_and_not_written()
    {
        var file = Sparse();
        file.Write(22 * 512 + 400, [0, 0, 0, 0, 1]);
        using var image = Open(file);
        Assert.Contains("differ", image.WhyNotInPlace, StringComparison.Ordinal);
        GuestModel.AssertSame(SparseModel(), image);
    }

    [Fact]
    public void Missing_grain_tables_are_created_twice()
    {
        var file = Sparse();
        file.Write(21 * 512, new byte[4]);
        file.Write((22 + 4) * 512, new byte[4]);
        using var image = Open(file);
        var model = new MemoryDevice(1000 * 512);
        GuestModel.AssertSame(model, image);

        GuestModel.Write(image, model, seed: 1, count: 20, maxLength: 5000);

        GuestModel.AssertSame(model, image);
        using var again = Open(file);
        Assert.Null(again.WhyNotInPlace);
        GuestModel.AssertSame(model, again);
    }

    [Fact]
    public void Version_three_is_not_written()
    {
        var file = Sparse();
        file.Write(4, [3]);
        using var image = Open(file);
        Assert.Contains("version 3", image.WhyNotInPlace, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_but_the_cid_of_the_descriptor_changes()
    {
        var text = VmdkBuilder.Descriptor("monolithicFlat", "RW 100 FLAT \"a.bin\" 0", "ddb.comment = \"\u00fc\"", cid: "7c2a9");
        var files = Files(text);
        files.Companions["a.bin"] = new MemoryDevice(100 * 512);
        using var image = DiskFormats.Open(files);
        image.Write(0, [1]);

        var bytes = new byte[files.Image.Length];
        files.Image.Read(0, bytes);
        var changed = Encoding.UTF8.GetString(bytes);
        var cid = DiskFormats.Open(files).Properties["CID"];
        Assert.Equal(8, cid.Length);
        Assert.Equal(text, changed.Replace($"CID={cid}", "CID=7c2a9", StringComparison.Ordinal));
    }

    private static MemoryDevice Sparse() => VmdkBuilder.Sparse(1000, 128, new Dictionary<int, byte[]> { [1] = Grain, [3] = Grain });

    private static MemoryDevice SparseModel()
    {
        var model = new MemoryDevice(1000 * 512);
        model.Write(65536, Grain);
        model.Write(3 * 65536, Grain);
        return model;
    }

    private static MemoryImageFiles SeSparseFiles(bool journal)
    {
        var files = Files(VmdkBuilder.Descriptor("seSparse", "RW 2000 SESPARSE \"d-sesparse.vmdk\"", "parentFileNameHint=\"base.vmdk\"",
            parentCid: "00000001"));
        var entries = new Dictionary<int, ulong> { [1] = 0x1000_0000_0000_0000, [2] = 0x2000_0000_0000_0000, [5] = 0x3001_0000_0000_0000 };
        files.Companions["d-sesparse.vmdk"] = VmdkBuilder.SeSparse(2000, entries, Grain[..8192], journal);
        files.Companions["base.vmdk"] = Text(VmdkBuilder.Descriptor("vmfs", "RW 2000 VMFS \"base-flat.vmdk\"", cid: "00000001"));
        files.Companions["base-flat.vmdk"] = new MemoryDevice(Enumerable.Repeat((byte)0xEE, 2000 * 512).ToArray());
        return files;
    }

    private static string? Code(MemoryDevice file) => (Record.Exception(() => Open(file)) as ICodedError)?.Code;

    private static DiskImage Open(MemoryDevice file) => DiskFormats.Open(new MemoryImageFiles(file, "disk.vmdk"));

    private static MemoryImageFiles Files(string descriptor) => new(Text(descriptor), "disk.vmdk");

    private static MemoryDevice Text(string text) => new(Encoding.UTF8.GetBytes(text));

    private static MemoryDevice Copy(MemoryDevice device)
    {
        var bytes = new byte[device.Length];
        device.Read(0, bytes);
        return new MemoryDevice(bytes);
    }
}
