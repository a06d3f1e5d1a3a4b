using OfflinePatch.Core.Hosting;
using OfflinePatch.Testing;

namespace OfflinePatch.Core.Tests.Transactions;

/// <summary>Undo is a history: one step a change, newest first, to the original bytes, times and holes.</summary>
[Trait("tier", "unit")]
public sealed class ImageHistoryTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly string _image;

    public ImageHistoryTests()
    {
        _image = _scratch["disk.raw"];
        var content = new byte[300_000];
        new Random(3).NextBytes(content);
        File.WriteAllBytes(_image, content);
    }

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_change_is_undone_in_turn_or_all_at_once(bool all)
    {
        var states = new List<byte[]> { File.ReadAllBytes(_image) };
        for (var i = 0; i < 12; i++)
        {
            Change(i);
            states.Add(File.ReadAllBytes(_image));
        }

        var list = ImageHistory.List(_image);
        Assert.Equal(Enumerable.Range(1, 12).Reverse(), list.Select(s => s.Number));
        Assert.Equal("step 11", list[0].Label);
        Assert.Equal(states[^1], File.ReadAllBytes(_image));
        if (all)
        {
            Assert.Equal(12, ImageHistory.Undo(_image, new UndoOptions { All = true }).Count);
            Assert.Equal(states[0], File.ReadAllBytes(_image));
        }
        else
        {
            for (var i = 11; i >= 0; i--)
            {
                Assert.Equal(i + 1, Assert.Single(ImageHistory.Undo(_image)).Number);
                Assert.Equal(states[i], File.ReadAllBytes(_image));
            }
        }

        Assert.Equal([_image], Directory.GetFiles(_scratch.Path));
        Assert.Equal("CORE-0022", Assert.Throws<RefusedException>(() => ImageHistory.Undo(_image)).Code);
    }

    [Theory]
    [InlineData(".offlinepatch-undo")]
    [InlineData(".offlinepatch-undo.new")]
    [InlineData(".offlinepatch-undo.2")]
    [InlineData(".offlinepatch-undo-elsewhere")]
    public void A_directory_with_the_name_of_an_undo_file_is_left_alone_and_in_nobodys_way(string suffix)
    {
        var original = File.ReadAllBytes(_image);
        Directory.CreateDirectory(_image + suffix);
        Change(0);
        Change(1);
        Assert.Equal(2, ImageHistory.List(_image).Count);
        Assert.Equal(2, ImageHistory.Undo(_image, new UndoOptions { All = true }).Count);
        Assert.Equal(original, File.ReadAllBytes(_image));
        Assert.Equal([_image, _image + suffix], Directory.GetFileSystemEntries(_scratch.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_folder_that_takes_no_pointer_refuses_the_change_and_says_what_it_is_for()
    {
        var original = File.ReadAllBytes(_image);
        var folder = Directory.CreateDirectory(_scratch["undo"]).FullName;
        Directory.CreateDirectory(_image + ".offlinepatch-undo-elsewhere"); // as a folder that is read-only would
        var refused = Assert.Throws<HostIOException>(() => Change(0, folder));
        Assert.Equal("CORE-0048", refused.Code);
        Assert.Contains(_image, refused.Message, StringComparison.Ordinal);
        Assert.Equal(original, File.ReadAllBytes(_image));
        Assert.Empty(Directory.GetFiles(folder));
    }

    [Fact]
    public void Steps_in_two_folders_are_one_history()
    {
        var folder = Directory.CreateDirectory(_scratch["undo"]).FullName;
        var original = File.ReadAllBytes(_image);
        Change(0);
        Change(1, folder);
        Change(2, folder);
        Assert.Equal([3, 2, 1], ImageHistory.List(_image, folder).Select(s => s.Number));

        // Without the folder the newest step that is seen does not fit the image any more.
        Assert.Equal("CORE-0024", Assert.Throws<RefusedException>(() => ImageHistory.Undo(_image)).Code);
        Assert.Equal(3, ImageHistory.Undo(_image, new UndoOptions { UndoFolder = folder, All = true }).Count);
        Assert.Equal(original, File.ReadAllBytes(_image));
    }

    [Fact]
    public void The_undo_folder_and_the_folder_of_the_image_may_be_renamed_or_reached_through_a_link()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // links need a right there
        }

        var real = Directory.CreateDirectory(_scratch["real"]).FullName;
        var image = Path.Combine(real, "disk.raw");
        File.Copy(_image, image);
        var original = File.ReadAllBytes(image);
        var folder = Directory.CreateDirectory(_scratch["undo"]).FullName;
        for (var i = 0; i < 3; i++)
        {
            Change(i, folder, image);
        }

        Directory.Move(folder, folder + "-moved");
        Directory.CreateSymbolicLink(_scratch["link"], real);
        Directory.CreateSymbolicLink(_scratch["undo-link"], folder + "-moved");
        ImageHistory.Undo(Path.Combine(_scratch["link"], "disk.raw"), new UndoOptions { UndoFolder = folder + "-moved" });
        Directory.Move(real, real + "2");
        ImageHistory.Undo(Path.Combine(real + "2", "disk.raw"), new UndoOptions { UndoFolder = _scratch["undo-link"] });
        File.Move(Path.Combine(real + "2", "disk.raw"), Path.Combine(real + "2", "renamed.raw"));
        ImageHistory.Undo(Path.Combine(real + "2", "renamed.raw"), new UndoOptions { UndoFolder = _scratch["undo-link"] });
        Assert.Equal(original, File.ReadAllBytes(Path.Combine(real + "2", "renamed.raw")));
        Assert.Empty(Directory.GetFiles(folder + "-moved"));
    }

    [Fact]
    public void Forgotten_steps_leave_nothing()
    {
        Change(0);
        Change(1);
        var changed = File.ReadAllBytes(_image);
        Assert.Equal(2, ImageHistory.Forget(_image).Count);
        Assert.Equal(changed, File.ReadAllBytes(_image));
        Assert.Equal([_image], Directory.GetFiles(_scratch.Path));
        Assert.Empty(ImageHistory.List(_image));
        Change(2);
        Assert.Equal(1, Assert.Single(ImageHistory.List(_image)).Number);
    }

    [Fact]
    public void A_write_outside_the_change_is_seen_by_its_time_and_needs_the_users_word()
    {
        var original = File.ReadAllBytes(_image);
        Change(0);
        using (var stream = new FileStream(_image, FileMode.Open, FileAccess.ReadWrite))
        {
            stream.Position = 290_000;
            stream.WriteByte((byte)(original[290_000] ^ 1));
        }

        var changed = File.ReadAllBytes(_image);
        Assert.Equal("CORE-0025", Assert.Throws<RefusedException>(() => ImageHistory.Undo(_image)).Code);
        Assert.Equal(changed, File.ReadAllBytes(_image));
        ImageHistory.Undo(_image, new UndoOptions { Force = true });
        original[290_000] ^= 1;
        Assert.Equal(original, File.ReadAllBytes(_image));
    }

    [Fact]
    public void A_write_between_two_changes_is_seen_when_all_are_undone()
    {
        Change(0);
        using (var stream = new FileStream(_image, FileMode.Open, FileAccess.ReadWrite))
        {
            stream.Position = 290_000;
            stream.WriteByte(1);
        }

        Change(1);
        var undone = new List<int>();
        var refused = Assert.Throws<RefusedException>(() =>
            ImageHistory.Undo(_image, new UndoOptions { All = true, Undone = s => undone.Add(s.Number) }));
        Assert.Equal("CORE-0025", refused.Code);
        Assert.Equal([2], undone);
        Assert.Equal(1, Assert.Single(ImageHistory.List(_image)).Number);
    }

    [Fact]
    public void Numbers_that_no_undo_file_can_have_are_refused_before_anything_is_written()
    {
        Directory.CreateDirectory(_image + ".offlinepatch-undo.999999.new");
        Change(0);
        ImageHistory.Undo(_image);
        Directory.Delete(_image + ".offlinepatch-undo.999999.new");
        File.WriteAllText(_image + ".offlinepatch-undo.999999.new", "");
        Change(1);
        ImageHistory.Undo(_image);
        Change(2);
        var undo = _image + ".offlinepatch-undo";
        File.Move(undo, undo + ".999999");
        var before = File.ReadAllBytes(_image);
        Assert.Equal("CORE-0039", Assert.Throws<RefusedException>(() => Change(3)).Code);
        Assert.Equal(before, File.ReadAllBytes(_image));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_copy_with_its_undo_file_is_undone_itself_and_the_original_is_not(bool keepsTime)
    {
        var original = File.ReadAllBytes(_image);
        Change(0);
        var changed = File.ReadAllBytes(_image);
        var copy = _scratch["copy.raw"];
        File.Copy(_image, copy);
        File.Copy(_image + ".offlinepatch-undo", copy + ".offlinepatch-undo");
        if (keepsTime)
        {
            CopyTime(_image, copy);
            ImageHistory.Undo(copy);
        }
        else
        {
            File.SetLastWriteTimeUtc(copy, DateTime.UtcNow.AddSeconds(10));
            Assert.Equal("CORE-0025", Assert.Throws<RefusedException>(() => ImageHistory.Undo(copy)).Code);
            ImageHistory.Undo(copy, new UndoOptions { Force = true });
        }

        Assert.Equal(original, File.ReadAllBytes(copy));
        Assert.Equal(changed, File.ReadAllBytes(_image));
        ImageHistory.Undo(_image);
        Assert.Equal(original, File.ReadAllBytes(_image));
    }

    [SkippableFact]
    public void A_file_is_known_under_another_hard_link_and_after_it_was_renamed()
    {
        Skip.If(OperatingSystem.IsWindows(), "needs link(2)");
        var states = new List<byte[]> { File.ReadAllBytes(_image) };
        var link = _scratch["link.raw"];
        Assert.True(NativeFiles.TryAddName(_image, link));
        File.WriteAllText(_scratch["other.raw.offlinepatch-undo"], "not an undo file");
        foreach (var (seed, path) in new[] { (0, _image), (1, link), (3, _image) })
        {
            Change(seed, image: path);
            states.Add(File.ReadAllBytes(_image));
        }

        Assert.Equal(["step 3", "step 1", "step 0"], ImageHistory.List(link).Select(s => s.Label));
        Assert.Equal(link, Assert.Single(Assert.Single(ImageHistory.Undo(link)).Files).Path);
        Assert.Equal(states[2], File.ReadAllBytes(_image));
        File.Delete(_image);
        File.Move(link, _scratch["renamed.raw"]);
        Assert.Equal(2, ImageHistory.Undo(_scratch["renamed.raw"], new UndoOptions { All = true }).Count);
        Assert.Equal(states[0], File.ReadAllBytes(_scratch["renamed.raw"]));
        Assert.Equal([_scratch["other.raw.offlinepatch-undo"], _scratch["renamed.raw"]],
            Directory.GetFiles(_scratch.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_image_that_took_the_name_of_another_does_not_take_its_history()
    {
        Change(0);
        File.Move(_image, _scratch["moved.raw"]);
        File.WriteAllBytes(_image, new byte[300_000]);
        Assert.Equal("CORE-0024", Assert.Throws<RefusedException>(() => ImageHistory.Undo(_image)).Code);
        Assert.Single(ImageHistory.Undo(_scratch["moved.raw"]));
        Assert.Equal("CORE-0022", Assert.Throws<RefusedException>(() => ImageHistory.Undo(_image)).Code);
    }

    [Fact]
    public void Times_are_restored_to_the_nanosecond_and_holes_stay_holes()
    {
        var sparse = _scratch["sparse.raw"];
        using (var file = HostStorage.Instance.Create(sparse, isPrivate: false))
        {
            file.SetLength(64 << 20);
            file.Write(1 << 20, new byte[4096].Select(_ => (byte)7).ToArray());
            Assert.True(file.TrySetWriteTime(new FileTimestamp(1_600_000_000, 123_456_789)));
        }

        var (time, room) = Status(sparse);
        using (var transaction = ImageTransaction.Open(sparse, new TransactionOptions { Writable = true }))
        {
            var content = new byte[3 << 20];
            new Random(1).NextBytes(content);
            transaction.Image.Write(500_000, content);
            transaction.Image.Write(40 << 20, content);
            transaction.Commit();
        }

        ImageHistory.Undo(sparse);
        var (timeAfter, roomAfter) = Status(sparse);
        Assert.Equal(time, timeAfter);
        if (OperatingSystem.IsLinux())
        {
            Assert.InRange(roomAfter, room, room + 8); // the file system may keep a block of its own for the extents that there were
        }
    }

    [Fact]
    public void A_step_of_several_files_is_undone_only_for_the_files_that_the_image_names()
    {
        var part = _scratch["disk-s001.raw"];
        File.Copy(_image, part);
        var original = File.ReadAllBytes(_image);
        using (var transaction = ImageTransaction.Open(_image, new TransactionOptions { Writable = true }))
        {
            transaction.OpenCompanion(_image, "disk-s001.raw", CompanionKind.Extent).Device.Write(0, "changed"u8);
            transaction.Image.Write(0, "changed"u8);
            transaction.Commit();
        }

        var refused = Assert.Throws<RefusedException>(() => ImageHistory.Undo(_image, new UndoOptions { NameFiles = _ => { } }));
        Assert.Equal("CORE-0036", refused.Code);
        Assert.Equal("changed"u8, File.ReadAllBytes(part).AsSpan(0, 7));
        ImageHistory.Undo(_image,
            new UndoOptions { NameFiles = files => files.OpenCompanion(_image, "disk-s001.raw", CompanionKind.Extent) });
        Assert.Equal(original, File.ReadAllBytes(part));
        Assert.Equal(original, File.ReadAllBytes(_image));
    }

    [Fact]
    public void A_file_that_took_the_name_of_a_part_is_not_written()
    {
        var part = _scratch["disk-s001.raw"];
        File.Copy(_image, part);
        using (var transaction = ImageTransaction.Open(_image, new TransactionOptions { Writable = true }))
        {
            transaction.OpenCompanion(_image, "disk-s001.raw", CompanionKind.Extent).Device.Write(0, "changed"u8);
            transaction.Image.Write(0, "changed"u8);
            transaction.Commit();
        }

        var changed = File.ReadAllBytes(part);
        File.Delete(part);
        File.WriteAllBytes(part, changed);
        Assert.Equal("CORE-0036", Assert.Throws<RefusedException>(() => ImageHistory.Undo(_image)).Code);
        Assert.Equal(changed, File.ReadAllBytes(part));
    }

    private static (FileTimestamp Time, ulong Sectors) Status(string path)
    {
        using var file = HostStorage.Instance.OpenOwn(path, writable: false);
        var sectors = OperatingSystem.IsLinux() && Statx.TryGet(path, followLinks: false, out var record, out _) ? record.Sectors : 0;
        return (file.GetStatus().WriteTime, sectors);
    }

    private static void CopyTime(string from, string to)
    {
        using var source = HostStorage.Instance.OpenOwn(from, writable: false);
        using var target = HostStorage.Instance.OpenOwn(to, writable: true);
        target.TrySetWriteTime(source.GetStatus().WriteTime);
    }

    private void Change(int seed, string? undoFolder = null, string? image = null)
    {
        using var transaction = ImageTransaction.Open(
            image ?? _image, new TransactionOptions { Writable = true, UndoFolder = undoFolder, Label = $"step {seed}" });
        var random = new Random(seed);
        for (var i = 0; i < 5; i++)
        {
            var content = new byte[random.Next(1, 9000)];
            random.NextBytes(content);
            transaction.Image.Write(random.Next(0, 280_000), content);
        }

        if (seed % 3 == 2)
        {
            transaction.Image.SetLength(295_000 + random.Next(10_000));
        }

        transaction.Commit();
    }
}
