using System.Security.Cryptography;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>The <c>fs</c> commands on a disk that Windows 10 made.</summary>
public sealed class FsCommandTests
{
    [SkippableFact, Trait("tier", "e2e")]
    public void Files_go_in_and_out_and_undo_takes_the_last_change_back()
    {
        using var scratch = new ScratchFolder();
        var image = scratch["disk.raw"];
        Corpus.Unpack("ntfs/ntfs-si-vs-fn.raw", image);
        var tree = Directory.CreateDirectory(Path.Combine(scratch["source"], "inner", "deep")).FullName;
        var content = RandomNumberGenerator.GetBytes(300_000);
        File.WriteAllBytes(Path.Combine(tree, "data.bin"), content);
        File.WriteAllText(Path.Combine(scratch["source"], "note.txt"), "note");

        Tool.Run("fs", "put", image, scratch["source"], @"C:\put\").MustExit(0);
        var listing = Tool.RunJson("fs", "tree", image, "put").MustExit(0).Json.GetProperty("entries").EnumerateArray().ToDictionary(
            e => e.GetProperty("path").GetString()!, e => e.GetProperty("size").GetInt64());
        Assert.Equal(
            [@"put\source", @"put\source\inner", @"put\source\inner\deep", @"put\source\inner\deep\data.bin", @"put\source\note.txt"],
            listing.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(content.Length, listing[@"put\source\inner\deep\data.bin"]);
        Assert.Contains("note.txt", Tool.Run("fs", "ls", image, "put/source/*.TXT").MustExit(0).Output, StringComparison.Ordinal);
        Assert.Equal("note", Tool.Run("fs", "cat", image, "/put/source/note.txt").MustExit(0).Output);

        Tool.Run("fs", "get", image, "put", scratch["out"]).MustExit(0);
        Assert.Equal(content, File.ReadAllBytes(Path.Combine(scratch["out"], "put", "source", "inner", "deep", "data.bin")));
        var stat = Tool.RunJson("fs", "stat", image, @"put\source\note.txt").MustExit(0).Json.GetProperty("files")[0];
        Assert.True(stat.GetProperty("streams")[0].GetProperty("resident").GetBoolean());

        Tool.Run("fs", "mkdir", image, @"a\b\c").MustExit(0);
        Tool.Run("fs", "mv", image, @"put\source\note.txt", @"a\b").MustExit(0);
        Tool.Run("fs", "cat", image, @"a\b\note.txt").MustExit(0);
        Tool.Run("fs", "check", image).MustExit(0);
        var before = SHA256.HashData(File.ReadAllBytes(image));
        Assert.Contains("-r", Tool.Run("fs", "rm", image, "put").MustExit(4).Error, StringComparison.Ordinal);
        Assert.Equal(before, SHA256.HashData(File.ReadAllBytes(image)));
        Tool.Run("fs", "rm", image, "-r", "put").MustExit(0);
        Tool.Run("fs", "cat", image, @"put\source\inner\deep\data.bin").MustExit(2);
        Tool.Run("undo", image).MustExit(0);
        Assert.Equal(before, SHA256.HashData(File.ReadAllBytes(image)));
    }

    [SkippableFact, Trait("tier", "e2e")]
    public void What_is_already_there_is_not_written_again()
    {
        using var scratch = new ScratchFolder();
        var image = scratch["disk.raw"];
        Corpus.Unpack("ntfs/ntfs-si-vs-fn.raw", image);
        Directory.CreateDirectory(scratch["folder"]);
        var content = new byte[200_000];
        File.WriteAllText(scratch["folder/small"], "text");
        File.WriteAllBytes(scratch["folder/large"], content);
        File.WriteAllBytes(scratch["folder/empty"], []);
        Assert.Contains("Done.", Tool.Run("fs", "put", image, scratch["folder"], "/").MustExit(0).Output, StringComparison.Ordinal);
        var time = File.GetLastWriteTimeUtc(image);
        Assert.Contains("nothing was written", Tool.Run("fs", "put", image, scratch["folder"], "/").MustExit(0).Output,
            StringComparison.Ordinal);
        Assert.Contains("nothing was written", Tool.Run("fs", "mkdir", image, "/folder").MustExit(0).Output, StringComparison.Ordinal);
        Assert.Equal(time, File.GetLastWriteTimeUtc(image));

        // One byte near the end, at the same length.
        content[^1] = 1;
        File.WriteAllBytes(scratch["folder/large"], content);
        Assert.Contains("Done.", Tool.Run("fs", "put", image, scratch["folder"], "/").MustExit(0).Output, StringComparison.Ordinal);
        Tool.Run("fs", "get", image, "folder/large", scratch["out"]).MustExit(0);
        Assert.Equal(content, File.ReadAllBytes(scratch["out"]));
    }

    [SkippableFact, Trait("tier", "e2e")]
    public void What_was_got_before_is_replaced()
    {
        using var scratch = new ScratchFolder();
        var image = scratch["disk.raw"];
        Corpus.Unpack("ntfs/ntfs-si-vs-fn.raw", image);
        Directory.CreateDirectory(scratch["out"]);
        File.WriteAllText(scratch["note.txt"], "first");
        Tool.Run("fs", "put", image, scratch["note.txt"], @"\note.txt").MustExit(0);
        Tool.Run("fs", "get", image, "note.txt", scratch["out"]).MustExit(0);
        File.WriteAllText(scratch["note.txt"], "2");
        Tool.Run("fs", "put", image, scratch["note.txt"], @"\note.txt").MustExit(0);
        Tool.Run("fs", "get", image, "note.txt", scratch["out"]).MustExit(0);
        Assert.Equal("2", File.ReadAllText(Path.Combine(scratch["out"], "note.txt")));
    }

    [SkippableFact, Trait("tier", "e2e")]
    public void A_change_that_is_not_kept_for_undo_leaves_the_image_alone_in_its_folder()
    {
        using var scratch = new ScratchFolder();
        var image = scratch["disk.raw"];
        Corpus.Unpack("ntfs/ntfs-si-vs-fn.raw", image);
        Tool.Run("fs", "mkdir", image, "kept").MustExit(0);
        Assert.NotEmpty(Directory.GetFiles(scratch.Path, "*undo*"));
        Tool.Run("undo", image).MustExit(0);
        Tool.Run("fs", "mkdir", image, "new", "--no-undo-keep").MustExit(0);
        Assert.Equal([image], Directory.GetFiles(scratch.Path));
        Assert.NotEqual(0, Tool.Run("undo", image).ExitCode);
        Tool.Run("fs", "ls", image, "new").MustExit(0);
    }

    [SkippableFact, Trait("tier", "e2e")]
    public void What_must_not_be_changed_is_refused_and_the_image_stays()
    {
        using var scratch = new ScratchFolder();
        var image = scratch["disk.raw"];
        Corpus.Unpack("ntfs/ntfs-si-vs-fn.raw", image);
        var before = SHA256.HashData(File.ReadAllBytes(image));
        File.WriteAllText(scratch["x"], "x");
        Tool.Run("fs", "put", image, scratch["x"], "$Bitmap").MustExit(4);
        Tool.Run("fs", "rm", image, "$MFT").MustExit(4);
        Tool.Run("fs", "ls", image, "--partition", "9").MustExit(2);
        Tool.Run("fs", "ls", image, "no such directory").MustExit(2);
        Tool.Run("fs", "nonsense", image).MustExit(1);
        Assert.Equal(before, SHA256.HashData(File.ReadAllBytes(image)));
    }
}
