using System.Buffers.Binary;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.FileSystems.Fat;
using OfflinePatch.Testing;

namespace OfflinePatch.FileSystems.Tests.Fat;

public sealed class FatFileSystemTests
{
    [Theory]
    [Trait("tier", "unit")]
    [InlineData(1440 * 1024, FatType.Fat12)]
    [InlineData(16 << 20, FatType.Fat16)]
    [InlineData(100 << 20, FatType.Fat32)]
    public void Files_are_written_read_moved_and_deleted(int length, FatType type)
    {
        var device = FatVolumes.Formatted(length, type);
        var empty = Snapshot(device);
        using (var volume = FatFileSystem.Open(device, clock: FatVolumes.Clock))
        {
            Assert.Equal(type, volume.Type);
            Assert.Equal("TESTVOL", volume.Label);
            var free = volume.FreeBytes;
            volume.CreateDirectory("EFI\\Boot");
            volume.CreateDirectory("EFI\\Boot");
            volume.WriteFile("efi/boot/bootx64.efi", Bytes(50_000));
            volume.WriteFile("EFI\\A long name with spaces.Txt", "text"u8);
            volume.WriteFile("empty.bin", []);
            Assert.Equal(empty, Snapshot(device)); // nothing before Flush
            volume.Flush();
            Assert.Equal(Bytes(50_000), volume.ReadFile("\\EFI\\BOOT\\BOOTX64.EFI"));
            Assert.Equal("text"u8.ToArray(), volume.ReadFile("EFI/ALONGN~1.TXT"));
            Assert.Equal(new DateTime(2024, 3, 5, 10, 20, 30, DateTimeKind.Utc), volume.Find("empty.bin")!.Value.LastWriteTimeUtc);
            Assert.Equal("bootx64.efi", volume.Find("EFI/Boot/bootX64.efi")!.Value.Name);

            volume.WriteFile("EFI/Boot/bootx64.efi", Bytes(1000));
            volume.Move("EFI/A long name with spaces.Txt", "Renamed.txt");
            volume.Move("EFI/Boot", "Moved");
            volume.Move("renamed.TXT", "RENAMED.TXT");
            Assert.Null(volume.Find("EFI/Boot"));
            Assert.Equal(Bytes(1000), volume.ReadFile("Moved/bootx64.efi"));
            Assert.Equal("RENAMED.TXT", volume.Find("renamed.txt")!.Value.Name);
            Assert.Empty(volume.Check());
            volume.Delete("Moved/bootx64.efi");
            volume.Delete("Moved");
            volume.Delete("EFI");
            volume.Delete("RENAMED.TXT");
            volume.Delete("empty.bin");
            volume.Flush();
            Assert.Equal(free, volume.FreeBytes);
            Assert.Empty(volume.Check());
        }

        using var again = FatFileSystem.Open(device);
        Assert.Empty(again.Enumerate(""));
        Assert.Empty(again.Check());
    }

    [Fact]
    [Trait("tier", "unit")]
    public void What_cannot_be_done_is_refused_and_changes_nothing()
    {
        var device = FatVolumes.Formatted(1440 * 1024);
        using var volume = FatFileSystem.Open(device);
        volume.CreateDirectory("dir");
        volume.WriteFile("file", "x"u8);
        volume.Flush();
        var before = Snapshot(device);
        Assert.Equal("FAT-0010", Assert.Throws<RefusedException>(() => volume.WriteFile("big", new byte[2_000_000])).Code);
        Assert.Equal("FAT-0010", Assert.Throws<RefusedException>(() => volume.WriteFile("file", new byte[2_000_000])).Code);
        Assert.Equal("FAT-0012", Assert.Throws<RefusedException>(() => volume.WriteFile("a:b", [])).Code);
        Assert.Equal("FAT-0012", Assert.Throws<RefusedException>(() => volume.WriteFile("trailing.", [])).Code);
        Assert.Equal("FAT-0012", Assert.Throws<RefusedException>(() => volume.WriteFile("nul.txt", [])).Code);
        Assert.Equal("FAT-0014", Assert.Throws<RefusedException>(() => volume.WriteFile("dir", [])).Code);
        Assert.Equal("FAT-0023", Assert.Throws<RefusedException>(() => volume.CreateDirectory("file/below")).Code);
        Assert.Equal("FAT-0016", Assert.Throws<RefusedException>(() => volume.Move("file", "dir")).Code);
        Assert.Equal("FAT-0017", Assert.Throws<RefusedException>(() => volume.Move("dir", "dir/sub")).Code);
        Assert.Throws<FileNotFoundException>(() => volume.WriteFile("none/file", []));
        Assert.Throws<FileNotFoundException>(() => volume.Delete("none"));
        Assert.Throws<FileNotFoundException>(() => volume.OpenRead("dir"));
        volume.CreateDirectory("dir");
        volume.Flush();
        Assert.Equal(before, Snapshot(device));
        volume.WriteFile("dir/inside", "y"u8);
        Assert.Equal("FAT-0015", Assert.Throws<RefusedException>(() => volume.Delete("dir")).Code);
    }

    [Fact]
    [Trait("tier", "unit")]
    public void A_full_root_directory_is_said()
    {
        using var volume = FatFileSystem.Open(FatVolumes.Formatted(1440 * 1024));
        Assert.Equal("FAT-0011", Assert.Throws<RefusedException>(() =>
        {
            for (var i = 0; i < 300; i++)
            {
                volume.WriteFile($"F{i}", []);
            }
        }).Code);
        Assert.Equal(223, volume.Enumerate("").Count()); // 224 slots, one for the label
    }

    [Fact]
    [Trait("tier", "unit")]
    public void A_dirty_volume_is_read_and_written_only_when_sound()
    {
        var device = FatVolumes.Formatted(40 << 20, FatType.Fat32);
        using (var volume = FatFileSystem.Open(device))
        {
            volume.WriteFile("a.txt", Bytes(5000));
            volume.WriteFile("b.txt", Bytes(5000));
            volume.Flush();
        }

        device.Write(0x41, [1]);
        using (var volume = FatFileSystem.Open(device))
        {
            Assert.True(volume.IsDirty);
            volume.WriteFile("c.txt", Bytes(10));
            volume.Flush();
        }

        using (var volume = FatFileSystem.Open(device))
        {
            Assert.True(volume.IsDirty); // Windows still looks at it
            Assert.Equal(Bytes(5000), volume.ReadFile("a.txt"));
        }

        // b.txt's chain led into a.txt's: both are read, nothing is written.
        var fat = 32 * 512;
        var cross = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(cross, 4);
        for (var copy = 0; copy < 2; copy++)
        {
            device.Write(fat + (copy * FatLength(device)) + (14 * 4), cross);
        }

        using var crossed = FatFileSystem.Open(device);
        Assert.Contains(crossed.Check(), f => f.Code == "FATCHK-07");
        Assert.Equal("FAT-0009", Assert.Throws<RefusedException>(() => crossed.WriteFile("d.txt", [1])).Code);

        device.Write(fat + (20 * 4), [1]);
        using var different = FatFileSystem.Open(device);
        Assert.Equal("FAT-0008", Assert.Throws<RefusedException>(() => different.WriteFile("d.txt", [1])).Code);
    }

    [Fact]
    [Trait("tier", "unit")]
    public void A_directory_that_is_its_own_child_ends()
    {
        var device = FatVolumes.Formatted(1440 * 1024);
        using (var volume = FatFileSystem.Open(device))
        {
            volume.CreateDirectory("a/b/c");
            volume.Flush();
        }

        using (var volume = FatFileSystem.Open(device))
        {
            // c's entry lies in b's cluster (4): make it lead back to a (2).
            var slot = new byte[32];
            var b = DataOffset(device) + (1 * 512) + (2 * 32);
            device.Read(b, slot);
            Assert.Equal((byte)'C', slot[0]);
            BinaryPrimitives.WriteUInt16LittleEndian(slot.AsSpan(26), 2);
            device.Write(b, slot);
        }

        using var looped = FatFileSystem.Open(device);
        Assert.Throws<CorruptImageException>(() => TreeWalk.ReadAll(looped));
        Assert.NotEmpty(looped.Check());
    }

    [Fact]
    [Trait("tier", "layout")]
    public void Names_and_aliases_are_those_of_Windows()
    {
        Assert.Equal(0x07, FatNames.Checksum("THEQUI~1FOX"u8)); // as mtools wrote it for "The quick brown.fox"
        Check("README.TXT", "README  TXT", false, 0);
        Check("readme.txt", "README  TXT", false, 0x18);
        Check("readme.TXT", "README  TXT", false, 0x08);
        Check("Readme.txt", "README  TXT", true, 0);
        Check("bootmgfw.efi", "BOOTMGFWEFI", false, 0x18);
        Check("The quick brown.fox", "THEQUI~1FOX", true, 0);
        Check(".gitignore", "GITIGN~1   ", true, 0);
        Check("a+b.txt", "A_B~1   TXT", true, 0);
        Check("archive.tar.gz", "ARCHIV~1GZ ", true, 0);
        Check("Ünïcode", "_N_COD~1   ", true, 0);

        static void Check(string name, string shortName, bool needsLongName, byte flags)
        {
            var chosen = FatNames.Choose(name, _ => false, out var caseFlags)!.Value;
            Assert.Equal((shortName, needsLongName, flags), (Encoding.ASCII.GetString(chosen.ShortName), chosen.NeedsLongName, caseFlags));
        }

        var taken = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 500; i++)
        {
            Assert.True(FatNames.IsValid($"long file name {i}.txt"));
            var name = Encoding.ASCII.GetString(FatNames.Choose($"long file name {i}.txt", b => taken.Contains(Encoding.ASCII.GetString(b)),
                out _)!.Value.ShortName);
            Assert.True(taken.Add(name));
            Assert.Matches("^[A-Z0-9]+~[0-9] *TXT$", name);
        }
    }

    [SkippableTheory]
    [Trait("tier", "oracle")]
    [InlineData(1440 * 1024, null, 512)]
    [InlineData(16 << 20, FatType.Fat16, 512)]
    [InlineData(100 << 20, FatType.Fat32, 512)]
    [InlineData(260 << 20, FatType.Fat32, 4096)]
    [InlineData(64 << 20, FatType.Fat16, 512)]
    public void Volumes_that_we_format_and_fill_please_fsck_and_mtools(int length, FatType? type, int sectorSize)
    {
        Oracle.Require("fsck.fat", "mcopy");
        using var scratch = new ScratchFolder();
        var device = FatVolumes.Formatted(length, type, sectorSize);
        FatVolumes.Judge(device, scratch, "empty.img", readBack: false);
        using var volume = FatFileSystem.Open(device);
        volume.CreateDirectory("EFI/Microsoft/Boot/Resources");
        volume.CreateDirectory("EFI/Boot");
        volume.WriteFile("EFI/Boot/bootx64.efi", Bytes(300_000));
        for (var i = 0; i < 100; i++)
        {
            volume.WriteFile($"EFI/Microsoft/Boot/Resources/some resource number {i}.dll.mui", Bytes(i * 37));
        }

        volume.Flush();
        TreeWalk.AssertSame(TreeWalk.ReadAll(volume), FatVolumes.Judge(device, scratch));
    }

    [SkippableTheory]
    [Trait("tier", "oracle")]
    [InlineData("12", 2880, "1")]
    [InlineData("16", 32_768, "4")]
    [InlineData("32", 204_800, "1")]
    public void Volumes_of_mkfs_filled_by_mtools_read_the_same(string type, int blocks, string cluster)
    {
        Oracle.Require("mkfs.fat", "mcopy", "fls");
        using var scratch = new ScratchFolder();
        Oracle.Run("mkfs.fat", "-F", type, "-s", cluster, "-n", "FOREIGN", "-C", scratch["v.img"], (blocks / 2).ToString()).MustSucceed();
        Directory.CreateDirectory(scratch["in/Sub Directory/Ünïcödé"]);
        for (var i = 0; i < 30; i++)
        {
            File.WriteAllBytes(scratch[$"in/Sub Directory/file with a long name {i}.bin"], Bytes(i * 331));
        }

        File.WriteAllBytes(scratch["in/SHORT.TXT"], Bytes(10));
        File.WriteAllBytes(scratch["in/lower.txt"], Bytes(20));
        File.WriteAllBytes(scratch["in/Sub Directory/Ünïcödé/ж.txt"], Bytes(5));
        Oracle.Run("env", "LC_ALL=C.UTF-8", "mcopy", "-s", "-i", scratch["v.img"], scratch["in/Sub Directory"], scratch["in/SHORT.TXT"],
            scratch["in/lower.txt"], "::").MustSucceed();
        var device = FatVolumes.Load(scratch["v.img"]);
        using var volume = FatFileSystem.Open(device);
        Assert.Equal("FOREIGN", volume.Label);
        Assert.Equal($"FAT{type}", volume.Format);
        Assert.Empty(volume.Check());
        TreeWalk.AssertSame(TreeWalk.ReadHost(scratch["in"]), TreeWalk.ReadAll(volume));

        volume.Delete("Sub Directory/file with a long name 7.bin");
        volume.WriteFile("Sub Directory/file with a long name 8.bin", Bytes(9000));
        volume.WriteFile("Sub Directory/Ünïcödé/another one.txt", Bytes(70));
        volume.Flush();
        TreeWalk.AssertSame(TreeWalk.ReadAll(volume), FatVolumes.Judge(device, scratch));
        var fls = Oracle.Run("fls", "-r", "-p", "-u", scratch["judged.img"]).MustSucceed().Output;
        Assert.Contains("Sub Directory/Ünïcödé/another one.txt", fls, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [Trait("tier", "model")]
    [InlineData(1, FatType.Fat12, 1440 * 1024)]
    [InlineData(2, FatType.Fat16, 10 << 20)]
    [InlineData(3, FatType.Fat32, 40 << 20)]
    public void Random_operations_agree_with_a_model(int seed, FatType type, int length) => RunModel(seed, type, length, 400);

    [SkippableTheory]
    [Trait("tier", "model")]
    [Trait("speed", "slow")]
    [InlineData(11, FatType.Fat12, 1440 * 1024)]
    [InlineData(12, FatType.Fat16, 10 << 20)]
    [InlineData(13, FatType.Fat32, 40 << 20)]
    [InlineData(14, FatType.Fat16, 30 << 20)]
    public void Random_operations_agree_with_a_model_long(int seed, FatType type, int length) => RunModel(seed, type, length, 6000);

    [Theory]
    [Trait("tier", "fuzz")]
    [InlineData(1)]
    [InlineData(2)]
    public void Mutations_give_typed_errors(int seed) => Fuzz(seed, 400);

    [Theory]
    [Trait("tier", "fuzz")]
    [Trait("speed", "slow")]
    [InlineData(11)]
    [InlineData(12)]
    public void Mutations_give_typed_errors_long(int seed) => Fuzz(seed, 15_000);

    private static void Fuzz(int seed, int cases)
    {
        var device = FatVolumes.Formatted(seed % 2 == 0 ? 200 * 1024 : 3 << 20, seed % 2 == 0 ? FatType.Fat12 : FatType.Fat16, 512);
        using (var volume = FatFileSystem.Open(device))
        {
            volume.CreateDirectory("one/two/three with a long name");
            volume.WriteFile("one/file.txt", Bytes(3000));
            volume.WriteFile("one/two/another long file name.txt", Bytes(1000));
            volume.Flush();
        }

        var bytes = Snapshot(device);
        var used = (int)DataOffset(device) + (12 * 2048);
        TreeWalk.Fuzz(bytes, cases, seed, d =>
        {
            var volume = FatFileSystem.Open(d);
            volume.Check();
            TreeWalk.Hostile("writing", () =>
            {
                volume.WriteFile("one/new file.txt", Bytes(5000));
                volume.CreateDirectory("one/two/new");
                volume.Delete("one/file.txt");
                volume.Move("one/two", "moved");
                volume.Flush();
            });
            return volume;
        }, r => r.Next(4) == 0 ? r.Next(64) : r.Next(2) == 0 ? r.Next(512, 1024) : r.Next(Math.Min(used, bytes.Length)));
    }

    private static void RunModel(int seed, FatType type, int length, int steps)
    {
        var random = new Random(seed);
        var device = FatVolumes.Formatted(length, type);
        var volume = FatFileSystem.Open(device);
        var model = new SortedDictionary<string, byte[]?>(StringComparer.Ordinal);
        string[] directories() => ["", .. model.Keys.Where(k => k.EndsWith('/')).Select(k => k[..^1])];
        string pick(string[] from) => from[random.Next(from.Length)];
        string join(string directory, string name) => directory.Length == 0 ? name : directory + "/" + name;
        for (var step = 0; step < steps; step++)
        {
            var files = model.Where(m => m.Value is not null).Select(m => m.Key).ToArray();
            var name = random.Next(3) switch
            {
                0 => $"F{random.Next(30)}.BIN",
                1 => $"Long name of a file {random.Next(30)}.dat",
                _ => $"lower{random.Next(30)}.txt"
            };
            try
            {
                switch (random.Next(10))
                {
                    case < 4:
                        var path = join(pick(directories()), name);
                        var content = Bytes(random.Next(4) == 0 ? random.Next(60_000) : random.Next(3000), random.Next());
                        volume.WriteFile(path, content);
                        model[path] = content;
                        break;
                    case 4 when model.Keys.Count(k => k.EndsWith('/')) < 12:
                        var directory = join(pick(directories()), "Directory " + random.Next(20));
                        volume.CreateDirectory(directory);
                        model[directory + "/"] = null;
                        break;
                    case 5 or 6 when files.Length > 0:
                        var gone = pick(files);
                        volume.Delete(gone);
                        model.Remove(gone);
                        break;
                    case 7 when files.Length > 0:
                        var (from, to) = (pick(files), join(pick(directories()), "Moved " + name));
                        volume.Move(from, to);
                        var moved = model[from];
                        model.Remove(from);
                        model[to] = moved;
                        break;
                    case 8:
                        volume.Flush();
                        break;
                    case 9 when files.Length > 0:
                        var read = pick(files);
                        Assert.Equal(model[read], volume.ReadFile(read));
                        break;
                }
            }
            catch (RefusedException e) when (e.Code is "FAT-0010" or "FAT-0011" or "FAT-0016")
            {
            }

            if (step % 100 == 99)
            {
                volume.Flush();
                Assert.Empty(volume.Check());
                volume = FatFileSystem.Open(device);
                TreeWalk.AssertSame(model, TreeWalk.ReadAll(volume));
            }
        }

        volume.Flush();
        TreeWalk.AssertSame(model, TreeWalk.ReadAll(volume));
        if (Oracle.Locate("fsck.fat") is not null && Oracle.Locate("mcopy") is not null)
        {
            using var scratch = new ScratchFolder();
            TreeWalk.AssertSame(model, FatVolumes.Judge(device, scratch));
        }
    }

    private static byte[] Snapshot(MemoryDevice device)
    {
        var bytes = new byte[device.Length];
        device.Read(0, bytes);
        return bytes;
    }

    private static long FatLength(BlockDevice device)
    {
        var boot = new byte[512];
        device.Read(0, boot);
        return BinaryPrimitives.ReadUInt32LittleEndian(boot.AsSpan(0x24)) * 512L;
    }

    private static long DataOffset(BlockDevice device)
    {
        var boot = new byte[512];
        device.Read(0, boot);
        return (BinaryPrimitives.ReadUInt16LittleEndian(boot.AsSpan(0x0E))
            + (2 * BinaryPrimitives.ReadUInt16LittleEndian(boot.AsSpan(0x16)))
            + (BinaryPrimitives.ReadUInt16LittleEndian(boot.AsSpan(0x11)) / 16)) * 512L;
    }

    private static byte[] Bytes(int count, int seed = 5)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
