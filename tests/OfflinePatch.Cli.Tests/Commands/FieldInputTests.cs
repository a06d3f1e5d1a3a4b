using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>Situations that users reported, each made as it was met, through the built program.</summary>
[Trait("tier", "e2e")]
public sealed class FieldInputTests(Machines machines) : IClassFixture<Machines>
{
    /// <summary>A lost allocation, as a crash leaves it: a file owns clusters that $Bitmap calls free.</summary>
    [Fact]
    public void Lostalloc_a_file_is_not_put_over_another_one()
    {
        using var scratch = new ScratchFolder();
        var image = OwnedVolumes.Ntfs(scratch);
        var record = OwnedVolumes.Record(image, "/victim.bin");
        using (var clusters = new NtfsClusters(image))
        {
            Assert.Equal(File.ReadAllBytes(scratch["victim"]), clusters.Stored(record)[..3_000_000]); // this judge knows the place
            Assert.Equal(733, clusters.MarkFree(record));
        }

        var before = OwnedVolumes.Hash(image);
        Assert.Contains("NTFS-6100", Tool.Run("fs", "check", image).MustExit(3).Output, StringComparison.Ordinal);
        var put = Tool.Run("fs", "put", image, OwnedVolumes.Random(scratch, "new", 25_000_000), "/new.bin").MustExit(4);
        Assert.Contains("NTFS-0304", put.Error, StringComparison.Ordinal);
        Assert.Contains("victim.bin", put.Error, StringComparison.Ordinal);
        foreach (string[] change in new string[][]
            { ["mkdir", image, "/new"], ["rm", image, "/victim.bin"], ["mv", image, "/victim.bin", "/v"] })
        {
            Tool.Run(["fs", .. change]).MustExit(4);
        }

        Assert.Equal(before, OwnedVolumes.Hash(image));
        Tool.Run("fs", "get", image, "/victim.bin", scratch["out"]).MustExit(0);
        Assert.Equal(OwnedVolumes.Hash(scratch["victim"]), OwnedVolumes.Hash(scratch["out"]));
    }

    /// <summary>The same on the volume of Windows: the gate sees it, and fix writes nothing.</summary>
    [Fact]
    public void Fixlost_a_machine_is_not_fixed_over_a_file_of_its_user()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress));
        Tool.Run("fs", "put", image, OwnedVolumes.Random(scratch, "important", 6_000_000), "/Users/important.bin").MustExit(0);
        Tool.Run("undo", "--forget", image).MustExit(0);
        var windows = Tool.RunJson("inspect", image).MustExit(0).Image.GetProperty("partitions").EnumerateArray()
            .Single(p => p.GetProperty("role").GetString()!.Contains("windows", StringComparison.Ordinal));
        var record = OwnedVolumes.Record(image, "/Users/important.bin");
        using (var clusters = new NtfsClusters(image, windows.GetProperty("offset").GetInt64()))
        {
            Assert.NotEqual(0, clusters.MarkFree(record));
        }

        var before = SparseHash.Of(image);
        Assert.Equal("failed", Tool.RunJson("check", image).Image.GetProperty("rules").EnumerateArray()
            .Single(r => r.GetProperty("id").GetString() == "volume.allocation").GetProperty("state").GetString());
        var fix = Tool.RunJson("fix", image, "--drivers", machines.Drivers, "--cloudbase-init", machines.Agent).MustExit(4);
        Assert.Equal("failed", fix.State("volume.allocation"));
        Assert.Contains("important.bin", fix.Rule("volume.allocation").GetProperty("message").GetString()!, StringComparison.Ordinal);
        Assert.Equal(before, SparseHash.Of(image));
    }

    /// <summary>
    /// What an upload or an export by a service user leaves: whether the image may be written is tried, not guessed from its mode. Owner,
    /// group and mode stay as they are.
    /// </summary>
    [SkippableTheory]
    [InlineData("644")]
    [InlineData("600")]
    [InlineData("664")]
    [InlineData("640")]
    [InlineData("444")]
    [InlineData("000")]
    public void Rootowner_an_image_of_another_owner_is_written(string mode)
    {
        Skip.If(!OperatingSystem.IsLinux() || Environment.UserName != "root", "only root gives files away");
        using var scratch = new ScratchFolder();
        var image = OwnedVolumes.Ntfs(scratch, 16 << 20);
        var before = OwnedVolumes.Hash(image);
        Oracle.Run("chown", "12345:12345", image).MustSucceed();
        Oracle.Run("chmod", mode, image).MustSucceed();
        Tool.Run("fs", "put", image, scratch["victim"], "/h.txt").MustExit(0);
        Assert.Equal($"12345:12345 {int.Parse(mode, System.Globalization.CultureInfo.InvariantCulture)}",
            Oracle.Run("stat", "-c", "%u:%g %a", image).MustSucceed().Output.Trim());
        Tool.Run("undo", image).MustExit(0);
        Assert.Equal(before, OwnedVolumes.Hash(image));
        Assert.Equal("12345:12345", Oracle.Run("stat", "-c", "%u:%g", image).MustSucceed().Output.Trim());
    }

    /// <summary>The same where the right comes from an access control list, and the mode denies it.</summary>
    [SkippableFact]
    public void Rootowner_rights_of_an_access_control_list_count()
    {
        Skip.If(!OperatingSystem.IsLinux() || Environment.UserName != "root", "only root changes the user");
        Oracle.Require("setfacl", "setpriv");
        using var scratch = new ScratchFolder();
        var image = OwnedVolumes.Ntfs(scratch, 16 << 20);
        Oracle.Run("chmod", "600", image).MustSucceed();
        Skip.If(Oracle.Run("setfacl", "-m", "u:12345:rw", image).ExitCode != 0, "the file system has no access control lists");
        Oracle.Run("setfacl", "-m", "u:12345:rwx", scratch.Path).MustSucceed();
        Oracle.Run("chmod", "a+r", scratch["victim"]).MustSucceed();
        var run = Oracle.Run("env", "HOME=" + scratch.Path, "setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", Tool.Path,
            "fs", "put", image, scratch["victim"], "/h.txt");
        Assert.True(run.ExitCode == 0, run.Error);
    }

    /// <summary>A file whose unwritten rest is long: neither the image nor the host has bytes for it.</summary>
    [SkippableFact]
    public void Sparseget_holes_and_unwritten_ends_stay_holes()
    {
        Oracle.Require("ntfs-3g", "umount", "mkntfs", "du");
        using var scratch = new ScratchFolder();
        var image = Mounted(scratch, 32 << 20, folder =>
        {
            using (var sparse = File.Create(Path.Combine(folder, "sparse.bin")))
            {
                sparse.SetLength(1L << 30);
                sparse.Seek(1L << 29, SeekOrigin.Begin);
                sparse.Write("middle"u8);
            }
        });
        Tool.Run("fs", "get", image, "/sparse.bin", scratch["out"]).MustExit(0);
        var copy = scratch["out"];
        Assert.Equal(1L << 30, new FileInfo(copy).Length);
        using (var read = File.OpenRead(copy))
        {
            read.Seek(1L << 29, SeekOrigin.Begin);
            var bytes = new byte[6];
            read.ReadExactly(bytes);
            Assert.Equal("middle"u8.ToArray(), bytes);
        }

        Assert.InRange(long.Parse(Oracle.Run("du", "-k", copy).MustSucceed().Output.Split('\t')[0],
            System.Globalization.CultureInfo.InvariantCulture), 0, 1024);
    }

    /// <summary>Placeholders, HSM and single instances as ntfs-3g writes them: refused, and the rest of a folder is copied.</summary>
    [SkippableFact]
    public void Placeholder_content_that_is_elsewhere_is_not_made_up()
    {
        Oracle.Require("ntfs-3g", "umount", "mkntfs", "python3");
        using var scratch = new ScratchFolder();
        File.WriteAllText(scratch["make.py"], """
            import os, struct, sys
            for name, tag, attr in [('onedrive.docx', 0x9000601A, 0x401600), ('hsm.bin', 0xC0000004, 0x1000), ('sis.bin', 0x80000007, 0),
                                    ('dedup.bin', 0x80000013, 0x600), ('applink.exe', 0x8000001B, 0), ('unknown.bin', 0x80004242, 0)]:
                p = sys.argv[1] + '/' + name
                open(p, 'wb').truncate(100000)
                os.setxattr(p, 'system.ntfs_reparse_data', struct.pack('<IHH', tag, 64, 0) + b'\1' * 64)
                if attr:
                    old = struct.unpack('>I', os.getxattr(p, 'system.ntfs_attrib_be'))[0]
                    os.setxattr(p, 'system.ntfs_attrib_be', struct.pack('>I', old | attr))
            open(sys.argv[1] + '/plain.txt', 'w').write('here')
            """);
        var image = Mounted(scratch, 32 << 20, folder =>
        {
            Directory.CreateDirectory(Path.Combine(folder, "x"));
            Oracle.Run("python3", scratch["make.py"], Path.Combine(folder, "x")).MustSucceed();
        });
        foreach (var name in new[] { "onedrive.docx", "hsm.bin", "sis.bin", "dedup.bin", "applink.exe", "unknown.bin" })
        {
            var cat = Tool.Run("fs", "cat", image, "/x/" + name);
            Assert.True(cat.ExitCode != 0 && cat.Output.Length == 0, $"{name}: exit {cat.ExitCode}");
            Assert.Contains("NTFS-020", cat.Error, StringComparison.Ordinal);
        }

        var get = Tool.Run("fs", "get", image, "/x", scratch["out"]).MustExit(2);
        Assert.Equal(["plain.txt"], Directory.GetFiles(Path.Combine(scratch["out"], "x")).Select(Path.GetFileName));
        Assert.Contains("onedrive.docx", get.Error, StringComparison.Ordinal);
        Assert.Contains("unknown.bin", get.Error, StringComparison.Ordinal);
    }

    /// <summary>
    /// Names that only ntfs-3g and WSL make: each leads to its own content, and a check says which Windows does not open.
    /// </summary>
    [SkippableFact]
    public void Longname_every_name_of_a_listing_leads_to_its_file()
    {
        Oracle.Require("ntfs-3g", "umount", "mkntfs");
        using var scratch = new ScratchFolder();
        string[] names =
        [
            "CON", "trail.", "space ", "File", "file", "a:b", "a", "nul.txt", new string('長', 82) + ".txt", new string('a', 240),
        ];
        var image = Mounted(scratch, 32 << 20, folder =>
        {
            Directory.CreateDirectory(Path.Combine(folder, "x"));
            foreach (var name in names)
            {
                File.WriteAllText(Path.Combine(folder, "x", name), "content of " + name);
            }

            Oracle.Run("/bin/sh", "-c", $"printf deep > '{folder}/x/back\\slash'").MustSucceed();
        });
        Tool.Run("fs", "put", image, OwnedVolumes.Random(scratch, "stream", 10), "/x/a:b").MustExit(4); // a stream of a, or that file?
        var get = Tool.Run("fs", "get", image, "/x", scratch["out"]).MustExit(2); // the name with a backslash
        Assert.Contains("1 left out", get.Error, StringComparison.Ordinal);
        foreach (var name in names)
        {
            Assert.Equal("content of " + name, File.ReadAllText(Path.Combine(scratch["out"], "x", name)));
        }

        var check = Tool.Run("fs", "check", image).MustExit(0).Output;
        Assert.Equal(4, check.Split("NTFS-6066").Length - 1);
        Assert.Equal(2, check.Split("NTFS-6058").Length - 1);
    }

    /// <summary>A volume that ntfs-3g wrote, while <paramref name="write"/> has it mounted.</summary>
    private static string Mounted(ScratchFolder scratch, long length, Action<string> write)
    {
        var image = scratch["mounted.raw"];
        using (var file = File.Create(image))
        {
            file.SetLength(length);
        }

        Oracle.Run("mkntfs", "-q", "-F", "-f", "-s", "512", "-p", "0", image).MustSucceed();
        var folder = scratch["mount"];
        Directory.CreateDirectory(folder);
        Skip.If(Oracle.Run("ntfs-3g", image, folder).ExitCode != 0, "nothing can be mounted here");
        try
        {
            write(folder);
        }
        finally
        {
            Oracle.Run("umount", folder).MustSucceed();
        }

        return image;
    }
}
