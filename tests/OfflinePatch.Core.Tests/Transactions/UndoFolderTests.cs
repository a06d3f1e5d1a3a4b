using OfflinePatch.Testing;

namespace OfflinePatch.Core.Tests.Transactions;

/// <summary>
/// Undo files in a folder of their own, images behind links, commits that shorten a file: the way back is always found, and always the
/// right one.
/// </summary>
[Trait("tier", "unit")]
public sealed class UndoFolderTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Images_of_one_name_do_not_share_an_undo_file()
    {
        var undoFolder = Folder("undo");
        var (first, firstOld) = Image(Folder("a"), 1);
        var (second, secondOld) = Image(Folder("b"), 2);
        Assert.NotEqual(Change(first, undoFolder), Change(second, undoFolder));

        ImageHistory.Undo(first, new UndoOptions { UndoFolder = undoFolder });
        ImageHistory.Undo(second, new UndoOptions { UndoFolder = undoFolder });
        Assert.Equal(firstOld, File.ReadAllBytes(first));
        Assert.Equal(secondOld, File.ReadAllBytes(second));
        Assert.Empty(Directory.GetFiles(undoFolder));
    }

    [Theory]
    [InlineData("one", null)]
    [InlineData("one", "two")]
    [InlineData(null, "two")]
    public void An_interrupted_commit_is_found_whatever_undo_folder_the_next_command_names(string? committed, string? next)
    {
        var (image, old) = Image(_scratch.Path, 3);
        Interrupt(image, committed is null ? null : Folder(committed));
        var nextFolder = next is null ? null : Folder(next);
        using (var transaction = ImageTransaction.Open(image, new TransactionOptions { UndoFolder = nextFolder }))
        {
            Assert.True(transaction.ShowsOldBytes);
        }

        using (var transaction = ImageTransaction.Open(image, new TransactionOptions { UndoFolder = nextFolder, Writable = true }))
        {
            transaction.AllFilesNamed();
            Assert.True(transaction.RolledBack);
        }

        Assert.Equal(old, File.ReadAllBytes(image));
        Assert.Equal([image], Directory.GetFiles(_scratch.Path));
    }

    [Fact]
    public void An_interrupted_commit_whose_undo_folder_is_gone_is_refused()
    {
        var (image, old) = Image(_scratch.Path, 4);
        var undoFolder = Folder("usb");
        Interrupt(image, undoFolder);
        Directory.Move(undoFolder, undoFolder + "-unplugged");
        var refused = Assert.Throws<RefusedException>(() => ImageTransaction.Open(image, new TransactionOptions()));
        Assert.Equal("CORE-0026", refused.Code);

        // The folder may come back under another name, which the user then gives.
        using (var transaction = ImageTransaction.Open(image, new TransactionOptions { UndoFolder = undoFolder + "-unplugged" }))
        {
            Assert.True(transaction.ShowsOldBytes);
        }

        Directory.Move(undoFolder + "-unplugged", undoFolder);
        Assert.NotNull(ImageHistory.Recover(image));
        Assert.Equal(old, File.ReadAllBytes(image));
    }

    [Fact]
    public void An_undo_folder_that_does_not_exist_is_a_failure_of_the_host_and_not_a_missing_image()
    {
        var (image, old) = Image(_scratch.Path, 8);
        var failure = Assert.Throws<HostIOException>(() => Change(image, _scratch["no/such/folder"]));
        Assert.False(failure.IsMissing);
        Assert.Equal(old, File.ReadAllBytes(image));
    }

    [Fact]
    public void A_link_and_the_image_have_one_undo_file()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // links need a right there
        }

        var (image, old) = Image(Folder("real"), 5);
        var link = Path.Combine(Folder("links"), "link.raw");
        File.CreateSymbolicLink(link, image);
        Interrupt(link, undoFolder: null);
        Assert.NotNull(ImageHistory.Recover(image));
        Assert.Equal(old, File.ReadAllBytes(image));
    }

    [Fact]
    public void A_commit_that_cuts_off_megabytes_can_be_undone()
    {
        var (image, old) = Image(_scratch.Path, 6, length: 3_500_000);
        using (var transaction = ImageTransaction.Open(image, new TransactionOptions { Writable = true }))
        {
            transaction.Image.SetLength(1000);
            transaction.Commit();
        }

        Assert.Equal(1000, new FileInfo(image).Length);
        ImageHistory.Undo(image);
        Assert.Equal(old, File.ReadAllBytes(image));
    }

    [Fact]
    public void A_file_that_was_cut_and_grew_again_is_committed_as_it_was_read()
    {
        var (image, old) = Image(_scratch.Path, 7);
        using (var transaction = ImageTransaction.Open(image, new TransactionOptions { Writable = true }))
        {
            transaction.Image.SetLength(1000);
            transaction.Image.SetLength(old.Length);
            transaction.Commit();
        }

        Assert.Equal([.. old.AsSpan(0, 1000), .. new byte[old.Length - 1000]], File.ReadAllBytes(image));
        ImageHistory.Undo(image);
        Assert.Equal(old, File.ReadAllBytes(image));
    }

    private static (string Path, byte[] Content) Image(string folder, int seed, int length = 100_000)
    {
        var content = new byte[length];
        new Random(seed).NextBytes(content);
        var path = Path.Combine(folder, "disk.raw");
        File.WriteAllBytes(path, content);
        return (path, content);
    }

    private static string Change(string image, string? undoFolder)
    {
        using var transaction = ImageTransaction.Open(image, new TransactionOptions { Writable = true, UndoFolder = undoFolder });
        transaction.Image.Write(5000, "changed"u8);
        return transaction.Commit().UndoFile!;
    }

    private static void Interrupt(string image, string? undoFolder) =>
        Interruption.Leave(image, t => t.Image.Write(5000, "changed"u8), undoFolder, isNew: _ => true);

    private string Folder(string name) => Directory.CreateDirectory(_scratch[name]).FullName;
}
