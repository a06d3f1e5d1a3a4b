using OfflinePatch.Testing;

namespace OfflinePatch.Core.Tests.Transactions;

/// <summary>
/// What is beside an image is not believed: readers never write, writers roll back only what is proven, whatever name the file is reached
/// by.
/// </summary>
[Trait("tier", "unit")]
public sealed class InterruptedImageTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly string _image;
    private readonly byte[] _old = new byte[200_000];

    public InterruptedImageTests()
    {
        _image = _scratch["disk.raw"];
        new Random(11).NextBytes(_old);
        _old.AsSpan(40_960, 81_920).Clear();
        File.WriteAllBytes(_image, _old);
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_reader_shows_the_old_bytes_says_so_and_writes_nothing()
    {
        Interruption.Leave(_image, Change);
        var half = File.ReadAllBytes(_image);
        Assert.NotEqual(_old, half);
        var notes = new List<string>();
        using (var transaction = ImageTransaction.Open(_image, new TransactionOptions { Note = notes.Add }))
        {
            transaction.AllFilesNamed();
            Assert.Equal(_old.Length, transaction.Image.Length);
            Assert.True(transaction.ShowsOldBytes);
            Assert.Equal(_old, Content(transaction.Image));
            for (var i = 0; i < 200; i++)
            {
                var random = new Random(i);
                var part = new byte[random.Next(1, 5000)];
                var offset = random.Next(_old.Length - part.Length);
                transaction.Image.Read(offset, part);
                Assert.True(_old.AsSpan(offset, part.Length).SequenceEqual(part));
            }
        }

        Assert.Equal(half, File.ReadAllBytes(_image));
        Assert.Contains("interrupted", Assert.Single(notes), StringComparison.Ordinal);
        Assert.True(File.Exists(_image + ".offlinepatch-undo"));
    }

    [Fact]
    public void A_reader_of_an_overlay_is_told_to_recover_the_base_that_was_interrupted()
    {
        Interruption.Leave(_image, Change);
        var overlay = _scratch["overlay"];
        File.WriteAllBytes(overlay, new byte[512]);
        var notes = new List<string>();
        using var transaction =
            ImageTransaction.Open(overlay, new TransactionOptions { AllowParents = true, Note = notes.Add });
        Assert.Equal(_old, Content(transaction.OpenCompanion(overlay, "disk.raw", CompanionKind.Parent).Device));
        transaction.AllFilesNamed();
        Assert.EndsWith($"offlinepatch recover {_image}", Assert.Single(notes), StringComparison.Ordinal);
        Assert.Contains($"`offlinepatch recover {_image}`", Assert.Single(transaction.HostNotes), StringComparison.Ordinal);
    }

    /// <summary>The undo file beside the image and the one that the pointer leads to are one file, under two paths.</summary>
    [SkippableTheory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void An_image_in_a_folder_with_two_paths_is_recovered_under_either(bool madeThroughLink, bool trusts)
    {
        Skip.If(OperatingSystem.IsWindows(), "making links needs a privilege");
        Directory.CreateDirectory(_scratch["real"]);
        Directory.CreateSymbolicLink(_scratch["link"], _scratch["real"]);
        var (made, read) = madeThroughLink ? ("link/disk.raw", "real/disk.raw") : ("real/disk.raw", "link/disk.raw");
        File.Copy(_image, _scratch[made]);
        var undo = Interruption.Leave(_scratch[made], Change);
        using (var transaction = ImageTransaction.Open(_scratch[read], new TransactionOptions()))
        {
            transaction.AllFilesNamed();
            Assert.Equal(_old, Content(transaction.Image));
        }

        var step = ImageHistory.Recover(_scratch[read], new RecoverOptions { TrustedUndoFile = trusts ? undo : null });
        Assert.NotNull(step);
        Assert.Equal(_old, File.ReadAllBytes(_scratch[made]));
        Assert.Equal([_scratch["real/disk.raw"]], Directory.GetFiles(_scratch["real"]));
        foreach (var path in (string[])[_scratch[made], _scratch[read]])
        {
            using var transaction = ImageTransaction.Open(path, new TransactionOptions());
            transaction.AllFilesNamed();
            Assert.False(transaction.ShowsOldBytes);
        }
    }

    [Fact]
    public void A_writer_rolls_back_and_says_so_and_its_own_change_counts()
    {
        Interruption.Leave(_image, Change);
        var notes = new List<string>();
        using (var transaction = ImageTransaction.Open(_image, new TransactionOptions { Writable = true, Note = notes.Add }))
        {
            transaction.AllFilesNamed();
            Assert.True(transaction.RolledBack);
            Assert.Equal(_old, Content(transaction.Image));
            transaction.Image.Write(3, "mine"u8);
            transaction.Commit();
        }

        Assert.Contains("rolled back", Assert.Single(notes), StringComparison.Ordinal);
        Assert.Equal("mine"u8, File.ReadAllBytes(_image).AsSpan(3, 4));
        ImageHistory.Undo(_image);
        Assert.Equal(_old, File.ReadAllBytes(_image));
    }

    [Fact]
    public void A_commit_rolls_back_first_even_when_nobody_named_the_files()
    {
        Interruption.Leave(_image, Change);
        using (var transaction = ImageTransaction.Open(_image, new TransactionOptions { Writable = true }))
        {
            transaction.Image.Write(150_000, "mine"u8);
            transaction.Commit();
        }

        var expected = _old.ToArray();
        "mine"u8.CopyTo(expected.AsSpan(150_000));
        Assert.Equal(expected, File.ReadAllBytes(_image));
    }

    /// <summary>Kinds of small change that another export of the same machine may have.</summary>
    public static TheoryData<string> FreshExports =>
    [
        "nothing", "a touched sector", "an untouched byte that was read", "longer", "shorter", "zeros in a touched block", "first byte",
            "last byte", "new bytes elsewhere",
        "the same inode, a touched sector", "the same inode, an untouched byte that was read", "the same inode, a different length",
    ];

    [Theory]
    [MemberData(nameof(FreshExports))]
    public void A_new_export_under_the_old_name_is_refused_whatever_changed_in_it(string change)
    {
        Interruption.Leave(_image, Change);
        var export = Export(change);
        if (!change.StartsWith("the same inode", StringComparison.Ordinal))
        {
            File.Delete(_image);
        }

        using (var stream = new FileStream(_image, FileMode.Create))
        {
            stream.Write(export);
        }

        foreach (var writable in new[] { false, true })
        {
            var refused =
                Assert.Throws<RefusedException>(() => ImageTransaction.Open(_image, new TransactionOptions { Writable = writable }));
            Assert.Equal("CORE-0027", refused.Code);
        }

        Assert.Equal(export, File.ReadAllBytes(_image));
    }

    [SkippableFact]
    public void A_hard_link_shows_the_old_bytes_and_a_writer_through_it_rolls_back()
    {
        Skip.If(OperatingSystem.IsWindows(), "made with ln");
        Interruption.Leave(_image, Change);
        var other = Path.Combine(Directory.CreateDirectory(_scratch["elsewhere"]).FullName, "h.raw");
        System.Diagnostics.Process.Start("ln", [_image, other]).WaitForExit();
        using (var transaction = ImageTransaction.Open(other, new TransactionOptions()))
        {
            Assert.Equal(_old, Content(transaction.Image));
        }

        Assert.NotNull(ImageHistory.Recover(other));
        Assert.Equal(_old, File.ReadAllBytes(_image));
        Assert.Equal([_image], Directory.GetFiles(_scratch.Path));
    }

    [Fact]
    public void A_part_that_is_named_itself_shows_its_old_bytes_and_is_not_written()
    {
        var part = _scratch["disk-s001.raw"];
        File.WriteAllBytes(part, _old);
        Interruption.Leave(_image, t =>
        {
            Change(t);
            t.OpenCompanion(_image, "disk-s001.raw", CompanionKind.Extent).Device.Write(5000, new byte[9000]);
        });
        using (var transaction = ImageTransaction.Open(part, new TransactionOptions()))
        {
            Assert.Equal(_old, Content(transaction.Image));
        }

        using (var transaction = ImageTransaction.Open(part, new TransactionOptions { Writable = true }))
        {
            Assert.Equal("CORE-0028", Assert.Throws<RefusedException>(transaction.AllFilesNamed).Code);
        }

        var half = File.ReadAllBytes(part);
        Assert.NotEqual(_old, half);
        Assert.NotNull(ImageHistory.Recover(_image));
        Assert.Equal(_old, File.ReadAllBytes(part));
        Assert.Equal(_old, File.ReadAllBytes(_image));
        Assert.Equal(2, Directory.GetFiles(_scratch.Path).Length);
    }

    [Fact]
    public void An_image_whose_part_was_changed_alone_shows_the_old_part_and_a_writer_rolls_it_back()
    {
        var part = _scratch["disk-s001.raw"];
        File.WriteAllBytes(part, _old);
        Interruption.Leave(part, Change);
        using (var transaction = ImageTransaction.Open(_image, new TransactionOptions()))
        {
            Assert.Equal(_old, Content(transaction.OpenCompanion(_image, "disk-s001.raw", CompanionKind.Extent).Device));
        }

        using (var transaction = ImageTransaction.Open(_image, new TransactionOptions { Writable = true }))
        {
            transaction.OpenCompanion(_image, "disk-s001.raw", CompanionKind.Extent);
            transaction.AllFilesNamed();
            Assert.True(transaction.RolledBack);
        }

        Assert.Equal(_old, File.ReadAllBytes(part));
    }

    [Fact]
    public void A_backing_file_shows_its_old_bytes_and_is_never_written()
    {
        var overlay = _scratch["overlay.raw"];
        File.WriteAllBytes(overlay, new byte[4096]);
        Interruption.Leave(_image, Change);
        var half = File.ReadAllBytes(_image);
        using (var transaction = ImageTransaction.Open(overlay, new TransactionOptions { AllowParents = true }))
        {
            var parent = transaction.OpenCompanion(overlay, "disk.raw", CompanionKind.Parent).Device;
            transaction.AllFilesNamed();
            Assert.Equal(_old, Content(parent));
        }

        // A machine that starts from the overlay would read half of the change: that is no base to write on.
        using (var transaction = ImageTransaction.Open(overlay, new TransactionOptions { Writable = true, AllowParents = true }))
        {
            var refused =
                Assert.Throws<RefusedException>(() => transaction.OpenCompanion(overlay, "disk.raw", CompanionKind.Parent));
            Assert.Equal("CORE-0046", refused.Code);
            Assert.EndsWith($"offlinepatch recover {_image}", refused.Remedy, StringComparison.Ordinal);
        }

        Assert.Equal(half, File.ReadAllBytes(_image));
    }

    [Fact]
    public void An_undo_file_that_another_user_or_host_signed_needs_the_users_word()
    {
        var undo = Interruption.Leave(_image, Change);
        var bytes = File.ReadAllBytes(undo);
        bytes[StepLayout.Header.Code] ^= 1;
        System.IO.Hashing.XxHash128.Hash(bytes.AsSpan(0, StepLayout.Header.Hash), bytes.AsSpan(StepLayout.Header.Hash));
        File.WriteAllBytes(undo, bytes);
        var half = File.ReadAllBytes(_image);
        foreach (var writable in new[] { false, true })
        {
            Assert.Equal("CORE-0027",
                Assert.Throws<RefusedException>(() => ImageTransaction.Open(_image, new TransactionOptions { Writable = writable })).Code);
        }

        Assert.Equal("CORE-0027", Assert.Throws<RefusedException>(() => ImageHistory.Recover(_image)).Code);
        Assert.Equal(half, File.ReadAllBytes(_image));
        var would = ImageHistory.Recover(_image, new RecoverOptions { TrustedUndoFile = undo, DryRun = true });
        Assert.Equal(_image, Assert.Single(would!.Files).Path);
        Assert.Equal(half, File.ReadAllBytes(_image));
        Assert.NotNull(ImageHistory.Recover(_image, new RecoverOptions { TrustedUndoFile = undo }));
        Assert.Equal(_old, File.ReadAllBytes(_image));
        Assert.Equal([_image], Directory.GetFiles(_scratch.Path));
    }

    [Fact]
    public void An_undo_file_that_is_not_signed_is_refused_before_its_content_is_read()
    {
        Interruption.Leave(_image, Change);
        var undo = _image + ".offlinepatch-undo";
        var bytes = File.ReadAllBytes(undo);
        bytes[StepLayout.Header.Code] ^= 1;
        System.IO.Hashing.XxHash128.Hash(bytes.AsSpan(0, StepLayout.Header.Hash), bytes.AsSpan(StepLayout.Header.Hash));
        bytes[StepLayout.Header.Size + 10] ^= 1; // a damaged body would be CORE-0023
        File.WriteAllBytes(undo, bytes);
        foreach (var writable in new[] { false, true })
        {
            Assert.Equal("CORE-0027",
                Assert.Throws<RefusedException>(() => ImageTransaction.Open(_image, new TransactionOptions { Writable = writable })).Code);
        }
    }

    [Fact]
    public void An_undo_file_that_is_a_link_is_not_read()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // links need a right there
        }

        var undo = Interruption.Leave(_image, Change);
        File.Move(undo, _scratch["other"]);
        File.CreateSymbolicLink(undo, _scratch["other"]);
        Assert.Equal("CORE-0033", Assert.Throws<RefusedException>(() => ImageTransaction.Open(_image, new TransactionOptions())).Code);
    }

    [SkippableFact]
    public void An_undo_file_with_two_names_or_writable_by_others_is_not_used()
    {
        Skip.If(OperatingSystem.IsWindows(), "modes and ln");
        var undo = Interruption.Leave(_image, Change);
        System.Diagnostics.Process.Start("ln", [undo, _scratch["second"]]).WaitForExit();
        Assert.Equal("CORE-0027",
            Assert.Throws<RefusedException>(() => ImageTransaction.Open(_image, new TransactionOptions { Writable = true })).Code);
        File.Delete(_scratch["second"]);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(undo, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);
        }

        Assert.Equal("CORE-0027",
            Assert.Throws<RefusedException>(() => ImageTransaction.Open(_image, new TransactionOptions { Writable = true })).Code);
    }

    [Fact]
    public void A_copied_pair_is_recovered_when_the_user_names_it_and_the_original_is_not_touched()
    {
        var undo = Interruption.Leave(_image, Change);
        var half = File.ReadAllBytes(_image);
        var copy = _scratch["copy.raw"];
        File.Copy(_image, copy);
        File.Copy(undo, copy + ".offlinepatch-undo");
        Assert.Equal("CORE-0027",
            Assert.Throws<RefusedException>(() => ImageTransaction.Open(copy, new TransactionOptions { Writable = true })).Code);
        Assert.NotNull(ImageHistory.Recover(copy));
        Assert.Equal(_old, File.ReadAllBytes(copy));
        Assert.Equal(half, File.ReadAllBytes(_image));
        Assert.NotNull(ImageHistory.Recover(_image));
        Assert.Equal(_old, File.ReadAllBytes(_image));
    }

    [SkippableFact]
    public void An_export_in_the_place_of_a_renamed_image_does_not_take_its_undo_file()
    {
        Skip.If(HostStorage.Instance.StateFolder is null, "no state folder");
        var undo = Interruption.Leave(_image, Change);
        var renamed = _scratch["renamed.raw"];
        File.Move(_image, renamed);
        File.WriteAllBytes(_image, _old); // proven sector by sector, since all of them are the old ones
        Assert.Equal("CORE-0045", Assert.Throws<RefusedException>(() => ImageHistory.Recover(_image)).Code);
        Assert.True(File.Exists(undo));
        Assert.NotNull(ImageHistory.Recover(renamed));
        Assert.Equal(_old, File.ReadAllBytes(renamed));
        Assert.Equal([_image, renamed], Directory.GetFiles(_scratch.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_user_may_say_that_the_renamed_image_is_gone()
    {
        var undo = Interruption.Leave(_image, Change);
        var half = File.ReadAllBytes(_image);
        File.Move(_image, _scratch["other.raw"]);
        File.WriteAllBytes(_image, half);
        Assert.NotNull(ImageHistory.Recover(_image, new RecoverOptions { TrustedUndoFile = undo }));
        Assert.Equal(_old, File.ReadAllBytes(_image));
    }

    [Fact]
    public void A_folder_that_was_renamed_after_the_interruption_is_recovered()
    {
        var folder = Directory.CreateDirectory(_scratch["before"]).FullName;
        var image = Path.Combine(folder, "disk.raw");
        var part = Path.Combine(folder, "disk-s001.raw");
        File.Copy(_image, image);
        File.Copy(_image, part);
        Interruption.Leave(image, t =>
        {
            Change(t);
            t.OpenCompanion(image, "disk-s001.raw", CompanionKind.Extent).Device.Write(5000, new byte[9000]);
        });
        Directory.Move(folder, _scratch["after"]);
        image = Path.Combine(_scratch["after"], "disk.raw");
        using (var transaction = ImageTransaction.Open(image, new TransactionOptions()))
        {
            Assert.Equal(_old, Content(transaction.Image));
            Assert.Equal(_old, Content(transaction.OpenCompanion(image, "disk-s001.raw", CompanionKind.Extent).Device));
        }

        Assert.NotNull(ImageHistory.Recover(image));
        Assert.Equal(_old, File.ReadAllBytes(image));
        Assert.Equal(_old, File.ReadAllBytes(Path.Combine(_scratch["after"], "disk-s001.raw")));
    }

    [Fact]
    public void A_copy_that_is_recovered_through_its_pointer_leaves_the_undo_file_to_the_original()
    {
        var undoFolder = Directory.CreateDirectory(_scratch["undo"]).FullName;
        var undo = Interruption.Leave(_image, Change, undoFolder);
        var copyFolder = Directory.CreateDirectory(_scratch["copy"]).FullName;
        foreach (var file in Directory.GetFiles(_scratch.Path))
        {
            File.Copy(file, Path.Combine(copyFolder, Path.GetFileName(file)));
        }

        Assert.NotNull(ImageHistory.Recover(Path.Combine(copyFolder, "disk.raw")));
        Assert.Equal(_old, File.ReadAllBytes(Path.Combine(copyFolder, "disk.raw")));
        Assert.True(File.Exists(undo));
        Assert.NotNull(ImageHistory.Recover(_image));
        Assert.Equal(_old, File.ReadAllBytes(_image));
        Assert.Empty(Directory.GetFiles(undoFolder));
    }

    [Fact]
    public void An_undo_file_that_the_user_trusts_counts_for_its_own_files_only()
    {
        var part = _scratch["disk-s001.raw"];
        File.WriteAllBytes(part, new byte[300_000]);
        var undo = Interruption.Leave(_image, t =>
        {
            Change(t);
            t.OpenCompanion(_image, "disk-s001.raw", CompanionKind.Extent);
        });
        Assert.NotNull(ImageHistory.Recover(_image, new RecoverOptions
        {
            TrustedUndoFile = undo,
            NameFiles = files => files.OpenCompanion(_image, "disk-s001.raw", CompanionKind.Extent),
        }));
        Assert.Equal(_old, File.ReadAllBytes(_image));
        Assert.Equal("CORE-0010",
            Assert.Throws<HostIOException>(() => ImageHistory.Recover(_image, new RecoverOptions { TrustedUndoFile = undo })).Code);
    }

    private static void Change(ImageTransaction transaction)
    {
        var seen = new byte[20_000];
        transaction.Image.Read(0, seen);
        var content = new byte[30_000];
        new Random(5).NextBytes(content);
        transaction.Image.Write(60_000, content);
        transaction.Image.Write(20_480, "changed"u8);
        transaction.Image.SetLength(260_000);
        transaction.Image.Write(250_000, content.AsSpan(0, 5000));
    }

    private byte[] Export(string change)
    {
        var export = _old.ToArray();
        switch (change.Replace("the same inode, ", "", StringComparison.Ordinal))
        {
            case "nothing":
                return export;
            case "a touched sector":
                export[60_100] ^= 1;
                return export;
            case "an untouched byte that was read":
                export[5000] ^= 1;
                return export;
            case "longer":
                return [.. export, .. new byte[100_000]];
            case "shorter" or "a different length":
                return export[..190_000];
            case "zeros in a touched block":
                export.AsSpan(20_480, 512).Clear();
                return export;
            case "first byte":
                export[0] ^= 1;
                return export;
            case "last byte":
                export[^1] ^= 1;
                return export;
            default:
                export.AsSpan(130_000, 512).Fill(7);
                return export;
        }
    }

    private static byte[] Content(BlockDevice device)
    {
        var content = new byte[device.Length];
        device.Read(0, content);
        return content;
    }
}
