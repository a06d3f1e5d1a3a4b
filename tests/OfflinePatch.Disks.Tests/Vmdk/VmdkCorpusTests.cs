using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Tests.Formats;
using OfflinePatch.Disks.Vmdk;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Vmdk;

/// <summary>VMDKs by other makers.</summary>
[Trait("tier", "layout")]
public sealed class VmdkCorpusTests
{
    [SkippableTheory]
    [InlineData("vmdk/minimal", "monolithicSparse", 1048576)]
    [InlineData("vmdk/dfvfs_ext2", "monolithicSparse", 4194304)]
    [InlineData("vmdk/plaso_image", "monolithicSparse", 102400)]
    [InlineData("vmdk/stream_opt", "streamOptimized", 1048576)]
    [InlineData("vmdk/compressed_stream_opt", "streamOptimized", 65536)]
    [InlineData("vmdk/flat", "twoGbMaxExtentFlat", 1048576)]
    [InlineData("vmdk/tw_sparse", "twoGbMaxExtentSparse", 4194304)]
    public void Reads_as_QEMU_reads_it(string name, string createType, long size)
    {
        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        foreach (var part in new[] { name, "vmdk/flat-f001", "vmdk/tw_sparse-s001" })
        {
            Corpus.Unpack("containers/" + part + ".vmdk", scratch[Path.GetFileName(part) + ".vmdk"]);
        }

        var path = scratch[Path.GetFileName(name) + ".vmdk"];
        Oracle.Run("qemu-img", "convert", "-f", "vmdk", "-O", "raw", path, scratch["raw"]).MustSucceed();
        using var image = DiskFormats.Open(new FolderImageFiles(path));

        Assert.Equal((createType, size), (image.Subformat, image.Length));
        Assert.Equal("ide", image.Properties["ddb.adapterType"]);
        GuestModel.AssertSame(HostFile.Load(scratch["raw"]), image);
    }

    [SkippableTheory]
    [InlineData("qemu/afl9", "VMDK-0002")] // newline bytes, and a capacity of a fuzzer
    [InlineData("vmdk/tw_sparse-s001", "VMDK-0105")] // an extent alone
    [InlineData("vmdk/mono_flat", "TEST-0002")] // the extent is missing
    [InlineData("vmdk/ms3-win", "TEST-0002")]
    [InlineData("vmdk/tw_sparse_data", "TEST-0002")]
    [InlineData("vmdk/flat-f001", "DISK-0001")]
    public void Is_refused_with_its_code(string name, string code)
    {
        using var scratch = new ScratchFolder();
        Corpus.Unpack("containers/" + name + ".vmdk", scratch["disk.vmdk"]);

        var error = Record.Exception(() => DiskFormats.Open(new FolderImageFiles(scratch["disk.vmdk"])));

        Assert.Equal(code, Assert.IsAssignableFrom<ICodedError>(error).Code);
    }

    [SkippableFact]
    public void Long_content_id_follows_the_content_id()
    {
        var text = Corpus.Read("containers/vmdk/ms3-win.vmdk");
        var descriptor = Disks.Vmdk.VmdkDescriptor.Parse("disk.vmdk", text);
        Assert.Equal((0x216BC064u, 16), (descriptor.ContentId, descriptor.Extents.Count));
        Assert.Equal(125829120L, descriptor.Extents.Sum(e => e.Sectors));

        var changed = Disks.Vmdk.VmdkDescriptor.Parse("disk.vmdk", descriptor.WithContentId(0x00ABCDEF));

        Assert.Equal(0x00ABCDEFu, changed.ContentId);
        Assert.Equal("3ca4d6ec709912129cf7ecb700abcdef", changed.Values["ddb.longContentID"]);
        Assert.Equal(text.Length, changed.WithContentId(1).Length);
    }
}
