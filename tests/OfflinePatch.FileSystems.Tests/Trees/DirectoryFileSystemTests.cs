using OfflinePatch.Core;
using OfflinePatch.Testing;

namespace OfflinePatch.FileSystems.Tests.Trees;

[Trait("tier", "unit")]
public sealed class DirectoryFileSystemTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public DirectoryFileSystemTests()
    {
        Directory.CreateDirectory(_scratch["root/Sub/Deep"]);
        File.WriteAllText(_scratch["root/A.txt"], "alpha");
        File.WriteAllText(_scratch["root/Sub/Deep/b.INF"], "beta");
        File.WriteAllText(_scratch["secret.txt"], "secret");
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Names_are_found_without_case_and_with_either_separator()
    {
        using var tree = FileSources.Open(_scratch["root"]);
        Assert.Equal("directory", tree.Format);
        Assert.Equal("beta"u8.ToArray(), tree.ReadFile("\\sub/DEEP\\B.inf"));
        Assert.Equal("b.INF", tree.Find("SUB/deep/b.inf")!.Value.Name);
        Assert.True(tree.DirectoryExists("SUB"));
        Assert.True(tree.DirectoryExists(""));
        Assert.Null(tree.Find("A.txt/x"));
        Assert.Null(tree.Find("../secret.txt"));
        Assert.Null(tree.Find("Sub/../A.txt"));
        var part = new byte[3];
        Assert.Equal(3, tree.Read("a.TXT", 2, part));
        Assert.Equal("pha"u8.ToArray(), part);
        Assert.Equal(0, tree.Read("a.TXT", 5, part));
        TreeWalk.AssertSame(TreeWalk.ReadHost(_scratch["root"]), TreeWalk.ReadAll(tree));
    }

    [Fact]
    public void What_is_missing_is_said()
    {
        using var tree = FileSources.Open(_scratch["root"]);
        Assert.Throws<FileNotFoundException>(() => tree.OpenRead("none"));
        Assert.Throws<FileNotFoundException>(() => tree.OpenRead("Sub"));
        Assert.Throws<FileNotFoundException>(() => tree.Enumerate("A.txt").ToList());
        Assert.Equal("CORE-0010", Assert.Throws<HostIOException>(() => FileSources.Open(_scratch["gone"])).Code);
        Assert.Equal("HOST-0001", Assert.Throws<HostIOException>(() => DirectoryFileSystem.Open(_scratch["gone"])).Code);
    }

    [SkippableFact]
    public void Links_never_lead_out_of_the_root()
    {
        Skip.If(OperatingSystem.IsWindows(), "symbolic links need a privilege on Windows");
        File.CreateSymbolicLink(_scratch["root/inside.txt"], "Sub/Deep/b.INF");
        File.CreateSymbolicLink(_scratch["root/outside.txt"], "../secret.txt");
        File.CreateSymbolicLink(_scratch["root/dangling.txt"], "nowhere");
        File.CreateSymbolicLink(_scratch["root/loop.txt"], "loop.txt");
        Directory.CreateSymbolicLink(_scratch["root/up"], "..");
        Directory.CreateSymbolicLink(_scratch["root/cycle"], ".");
        File.CreateSymbolicLink(_scratch["root/through.txt"], "up/secret.txt");
        File.CreateSymbolicLink(_scratch["root/absolute.txt"], _scratch["root/A.txt"]);
        using var tree = DirectoryFileSystem.Open(_scratch["root"]);
        Assert.Equal(["A.txt", "absolute.txt", "inside.txt", "Sub"], tree.Enumerate("").Select(e => e.Name));
        Assert.Equal("beta"u8.ToArray(), tree.ReadFile("inside.txt"));
        Assert.Equal("alpha"u8.ToArray(), tree.ReadFile("absolute.txt"));
        Assert.Null(tree.Find("up/secret.txt"));

        Directory.CreateSymbolicLink(_scratch["entry"], "root");
        using var linked = DirectoryFileSystem.Open(_scratch["entry"]);
        Assert.Equal("beta"u8.ToArray(), linked.ReadFile("inside.txt"));
    }

    [SkippableFact]
    public void Names_that_Windows_cannot_tell_apart_are_refused()
    {
        File.WriteAllText(_scratch["root/a.TXT"], "other");
        Skip.If(File.ReadAllText(_scratch["root/A.txt"]) == "other", "this host cannot either");
        using var tree = DirectoryFileSystem.Open(_scratch["root"]);
        Assert.Equal("HOST-0005", Assert.Throws<RefusedException>(() => tree.Find("A.txt")).Code);
    }

    [SkippableFact]
    public void A_backslash_in_a_name_is_refused()
    {
        Skip.If(OperatingSystem.IsWindows(), "a separator there");
        File.WriteAllText(_scratch["root/x\\y"], "");
        using var tree = DirectoryFileSystem.Open(_scratch["root"]);
        Assert.Equal("HOST-0006", Assert.Throws<RefusedException>(() => tree.Find("A.txt")).Code);
    }

    [Fact]
    public void A_file_beside_another_is_found_by_a_plain_name_only()
    {
        using (var device = HostFileDevice.OpenBeside(_scratch["root/A.txt"], "a.TXT"))
        {
            Assert.Equal(5, device!.Length);
        }

        Assert.Null(HostFileDevice.OpenBeside(_scratch["root/A.txt"], "../secret.txt"));
        Assert.Null(HostFileDevice.OpenBeside(_scratch["root/A.txt"], ".."));
        Assert.Null(HostFileDevice.OpenBeside(_scratch["root/A.txt"], _scratch["secret.txt"]));
    }

    [Fact]
    public void Unknown_content_is_said()
    {
        File.WriteAllText(_scratch["text.zip"], "this is no archive");
        File.WriteAllText(_scratch["empty.iso"], "");
        Assert.Equal("TREE-0001", Assert.Throws<UnsupportedImageException>(() => FileSources.Open(_scratch["text.zip"])).Code);
        Assert.Contains("is empty", Assert.Throws<UnsupportedImageException>(() => FileSources.Open(_scratch["empty.iso"])).Message,
            StringComparison.Ordinal);
    }
}
