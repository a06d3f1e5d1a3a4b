using OfflinePatch.Core.Transactions.Undo;
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

    /// <summary>The original is moved away, and a copy of it stands under its name: its step is in the folder of undo files.</summary>
    [SkippableFact]
    public void A_copy_does_not_take_the_step_of_the_original()
    {
        Skip.If(OperatingSystem.IsWindows(), "cp -p");
        var undoFolder = Folder("undo");
        var (image, old) = Image(Folder("a"), 9);
        var step = Change(image, undoFolder);
        var changed = File.ReadAllBytes(image);
        var original = Path.Combine(Folder("moved"), Path.GetFileName(image));
        File.Move(image, original);
        Oracle.Run("cp", "-p", original, image).MustSucceed();
        foreach (var force in (bool[])[false, true])
        {
            Assert.Equal("CORE-0044", Assert.Throws<RefusedException>(() =>
                ImageHistory.Undo(image, new UndoOptions { UndoFolder = undoFolder, Force = force })).Code);
        }

        Assert.Equal(changed, File.ReadAllBytes(image));
        using (var transaction = ImageTransaction.Open(original, new TransactionOptions { UndoFolder = undoFolder }))
        {
            Assert.False(transaction.ShowsOldBytes);
        }

        // As the message says: with an undo file of its own the copy is undone, and the original keeps its way back.
        File.Copy(step, image + StepNames.Suffix);
        ImageHistory.Undo(image);
        Assert.Equal(old, File.ReadAllBytes(image));
        Assert.Equal(changed, File.ReadAllBytes(original));
        File.Move(original, Path.Combine(Folder("back"), Path.GetFileName(image)));
        ImageHistory.Undo(Path.Combine(Folder("back"), Path.GetFileName(image)), new UndoOptions { UndoFolder = undoFolder });
        Assert.Equal(old, File.ReadAllBytes(Path.Combine(Folder("back"), Path.GetFileName(image))));
    }

    [Fact]
    public void An_interrupted_commit_whose_undo_file_is_gone_from_beside_the_image_is_refused()
    {
        var (image, old) = Image(_scratch.Path, 10);
        Interrupt(image, null);
        var undo = Assert.Single(Directory.GetFiles(_scratch.Path, "*" + StepNames.Suffix));
        File.Move(undo, undo + "-away");
        Assert.Equal("CORE-0026",
            Assert.Throws<RefusedException>(() => ImageTransaction.Open(image, new TransactionOptions()).Dispose()).Code);
        File.Move(undo + "-away", undo);
        Assert.NotNull(ImageHistory.Recover(image));
        Assert.Equal(old, File.ReadAllBytes(image));
    }

    [SkippableTheory]
    [InlineData("a:b.raw")]
    [InlineData(@"back\slash.raw")]
    [InlineData("vm 2026-11-30T10:00.raw")]
    public void A_name_that_only_this_host_allows_can_be_undone_and_recovered(string name)
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no such names");
        var (made, old) = Image(_scratch.Path, 11);
        var image = _scratch[name];
        File.Move(made, image);
        Change(image, null);
        ImageHistory.Undo(image);
        Assert.Equal(old, File.ReadAllBytes(image));
        Interrupt(image, null);
        Assert.NotNull(ImageHistory.Recover(image));
        Assert.Equal(old, File.ReadAllBytes(image));
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
