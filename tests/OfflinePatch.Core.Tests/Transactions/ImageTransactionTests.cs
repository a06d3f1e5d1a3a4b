using System.Diagnostics;
using System.Security.Cryptography;
using OfflinePatch.Testing;

namespace OfflinePatch.Core.Tests.Transactions;

[Trait("tier", "unit")]
public sealed class ImageTransactionTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly string _image;
    private readonly byte[] _old;

    public ImageTransactionTests()
    {
        _image = _scratch["disk.raw"];
        _old = new byte[100_000];
        new Random(1).NextBytes(_old);
        File.WriteAllBytes(_image, _old);
        File.SetLastWriteTimeUtc(_image, new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc));
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_commit_writes_what_changed_and_undo_gives_back_the_exact_file()
    {
        var time = File.GetLastWriteTimeUtc(_image);
        using (var transaction = Open())
        {
            transaction.Image.Write(50_000, "hello"u8);
            transaction.Image.SetLength(200_000);
            transaction.Image.Write(199_990, "the end"u8);
            var result = transaction.Commit();
            Assert.Equal(_image + ".offlinepatch-undo", result.UndoFile);
            Assert.Equal(2 * 4096 - (4096 - (200_000 % 4096)), result.BytesWritten);
        }

        var changed = File.ReadAllBytes(_image);
        Assert.Equal(200_000, changed.Length);
        Assert.Equal("hello"u8, changed.AsSpan(50_000, 5));
        Assert.Equal(_old.AsSpan(50_005, 49_995), changed.AsSpan(50_005, 49_995));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_image + ".offlinepatch-undo"));
        }

        ImageHistory.Undo(_image);
        Assert.Equal(_old, File.ReadAllBytes(_image));
        Assert.Equal(time, File.GetLastWriteTimeUtc(_image));
        Assert.Single(Directory.GetFiles(_scratch.Path));
    }

    [Fact]
    public void Writing_the_bytes_that_are_there_touches_nothing()
    {
        var time = File.GetLastWriteTimeUtc(_image);
        using (var transaction = Open())
        {
            transaction.Image.Write(1000, _old.AsSpan(1000, 50_000));
            transaction.Image.SetLength(150_000);
            transaction.Image.SetLength(100_000);
            Assert.Equal(new CommitResult(0, null), transaction.Commit());
        }

        Assert.Equal(time, File.GetLastWriteTimeUtc(_image));
        Assert.Single(Directory.GetFiles(_scratch.Path));
    }

    [Fact]
    public void Without_a_commit_nothing_happens()
    {
        using (var transaction = Open())
        {
            transaction.Image.Write(0, new byte[5000]);
        }

        Assert.Equal(_old, File.ReadAllBytes(_image));
        Assert.Single(Directory.GetFiles(_scratch.Path));
    }

    [Fact]
    public void A_cancelled_commit_leaves_no_trace()
    {
        using (var transaction = Open())
        {
            transaction.Image.Write(0, new byte[5000]);
            using var cancellation = new CancellationTokenSource();
            cancellation.Cancel();
            Assert.Throws<OperationCanceledException>(() => transaction.Commit(cancellation.Token));
        }

        Assert.Equal(_old, File.ReadAllBytes(_image));
        Assert.Single(Directory.GetFiles(_scratch.Path));
    }

    [Fact]
    public void Undo_refuses_an_image_that_changed_since()
    {
        using (var transaction = Open())
        {
            transaction.Image.Write(50_000, "hello"u8);
            transaction.Commit();
        }

        using (var stream = File.OpenWrite(_image))
        {
            stream.Seek(50_100, SeekOrigin.Begin);
            stream.WriteByte(1);
        }

        var changed = SHA256.HashData(File.ReadAllBytes(_image));
        Assert.Equal("CORE-0024", Assert.Throws<RefusedException>(() => ImageHistory.Undo(_image)).Code);
        Assert.Equal(changed, SHA256.HashData(File.ReadAllBytes(_image)));
        Assert.True(File.Exists(_image + ".offlinepatch-undo"));
    }

    [Fact]
    public void Undo_without_a_fix_says_so() =>
        Assert.Equal("CORE-0022", Assert.Throws<RefusedException>(() => ImageHistory.Undo(_image)).Code);

    [Fact]
    public void A_damaged_undo_file_is_never_applied()
    {
        using (var transaction = Open())
        {
            transaction.Image.Write(50_000, "hello"u8);
            transaction.Commit();
        }

        var undo = _image + ".offlinepatch-undo";
        var image = File.ReadAllBytes(_image);
        var bytes = File.ReadAllBytes(undo);
        for (var i = 0; i < bytes.Length; i += 37)
        {
            var damaged = bytes.ToArray();
            damaged[i] ^= 0x10;
            File.WriteAllBytes(undo, damaged);
            Assert.Equal("CORE-0023", Assert.Throws<CorruptImageException>(() => ImageHistory.Undo(_image)).Code);
            Assert.Equal(image, File.ReadAllBytes(_image));
        }

        for (var length = 0; length < bytes.Length; length += 997)
        {
            File.WriteAllBytes(undo, bytes[..length]);
            Assert.Equal("CORE-0023", Assert.Throws<CorruptImageException>(() => ImageHistory.Undo(_image)).Code);
        }

        Assert.Equal(image, File.ReadAllBytes(_image));
    }

    [Fact]
    public void An_image_is_locked_while_a_transaction_may_write_it()
    {
        using var first = Open();
        Assert.Equal("CORE-0013", Assert.Throws<RefusedException>(Open).Code);
    }

    [SkippableFact]
    public void An_image_that_another_program_writes_is_refused()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "leases are Linux's");
        using var other = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"exec 3<>'{_image}'; echo open; read wait"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        Assert.Equal("open", other.StandardOutput.ReadLine());
        Assert.Equal("CORE-0014", Assert.Throws<RefusedException>(Open).Code);
        other.StandardInput.Close();
        other.WaitForExit();
        Open().Dispose();
    }

    [Fact]
    public void A_read_only_file_is_told_before_any_work()
    {
        File.SetAttributes(_image, FileAttributes.ReadOnly);
        if (Environment.IsPrivilegedProcess && !OperatingSystem.IsWindows())
        {
            Open().Dispose(); // mode bits do not bind root: whether a file can be written is tried, not asked
        }
        else
        {
            Assert.Equal("CORE-0012", Assert.Throws<HostIOException>(Open).Code);
        }

        ImageTransaction.Open(_image, new TransactionOptions()).Dispose();
        File.SetAttributes(_image, FileAttributes.Normal);
    }

    [Fact]
    public void Missing_files_and_folders_are_told_apart()
    {
        Assert.Equal("CORE-0010",
            Assert.Throws<HostIOException>(() => ImageTransaction.Open(_scratch["none"], new TransactionOptions())).Code);
        Assert.Equal("CORE-0011",
            Assert.Throws<HostIOException>(() => ImageTransaction.Open(_scratch.Path, new TransactionOptions())).Code);
    }

    [Theory]
    [InlineData("../other")]
    [InlineData("/etc/passwd")]
    [InlineData("a/b")]
    [InlineData("..\\other")]
    [InlineData("C:other")]
    [InlineData("..")]
    [InlineData("")]
    public void An_extent_must_lie_in_the_folder_of_the_image(string name)
    {
        using var transaction = Open();
        var refused = Assert.Throws<RefusedException>(() => transaction.OpenCompanion(_image, name, CompanionKind.Extent));
        Assert.Equal("CORE-0030", refused.Code);
    }

    [Fact]
    public void A_missing_extent_is_named()
    {
        using var transaction = Open();
        var missing = Assert.Throws<HostIOException>(() => transaction.OpenCompanion(_image, "disk-s001.vmdk", CompanionKind.Extent));
        Assert.Equal("CORE-0032", missing.Code);
        Assert.Contains("disk-s001.vmdk", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parents_need_permission_and_are_never_written()
    {
        File.WriteAllBytes(_scratch["parent.raw"], new byte[5000]);
        using (var transaction = Open())
        {
            var refused = Assert.Throws<RefusedException>(() => transaction.OpenCompanion(_image, "parent.raw", CompanionKind.Parent));
            Assert.Equal("CORE-0031", refused.Code);
        }

        using var allowed = ImageTransaction.Open(_image, new TransactionOptions { AllowParents = true });
        Assert.Equal(5000, allowed.OpenCompanion(_image, "parent.raw", CompanionKind.Parent).Device.Length);
    }

    [Fact]
    public void Zeros_are_not_kept_in_the_undo_file()
    {
        File.WriteAllBytes(_image, new byte[8 << 20]);
        var before = SHA256.HashData(File.ReadAllBytes(_image));
        using (var transaction = Open())
        {
            var content = new byte[4 << 20];
            new Random(1).NextBytes(content);
            transaction.Image.Write(1 << 20, content);
            transaction.Commit();
        }

        Assert.True(new FileInfo(_image + ".offlinepatch-undo").Length < (4 << 20) / 32);
        ImageHistory.Undo(_image);
        Assert.Equal(before, SHA256.HashData(File.ReadAllBytes(_image)));
    }

    private ImageTransaction Open() => ImageTransaction.Open(_image, new TransactionOptions { Writable = true });
}
