using System.Text.Json;
using OfflinePatch.Core;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Fixtures;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>BIOS machines that become UEFI machines, judged by independent readers, and what is refused.</summary>
[Trait("tier", "e2e")]
public sealed class ConvertBootTests(Machines machines) : IClassFixture<Machines>
{
    private const long GiB = 1L << 30;
    private const string BootManager = "{9dea862c-5cdd-4e70-acc1-f32b344d4795}";
    private static readonly string[] BootRules =
        ["--only", "boot.same-disk", "--only", "boot.loader", "--only", "boot.drive-letter", "--only", "windows.boot-mode"];

    /// <summary>Layouts of MBR disks, by what is on them beside Windows.</summary>
    public enum Layout
    {
        /// <summary>System Reserved.</summary>
        Reserved,

        /// <summary>System Reserved and a recovery partition behind Windows.</summary>
        Recovery,

        /// <summary>System Reserved with the recovery environment on it; Windows' partition ends with the disk.</summary>
        RecoveryOnSystem,

        /// <summary>System Reserved and a recovery partition that ends with the disk.</summary>
        Full,

        /// <summary>Nothing: Windows starts from its own partition.</summary>
        Alone,
    }

    public static TheoryData<string, Layout> Matrix()
    {
        var cases = new TheoryData<string, Layout>();
        foreach (var generation in Generation.All.Where(g => g.Is64Bit && (g.Major > 6 || g.Minor > 1)))
        {
            foreach (var layout in Enum.GetValues<Layout>())
            {
                cases.Add(generation.Name, layout);
            }
        }

        return cases;
    }

    [SkippableTheory]
    [MemberData(nameof(Matrix))]
    [Trait("speed", "slow")]
    public void Every_Windows_and_layout(string generation, Layout layout) => A_BIOS_machine_becomes_a_UEFI_machine(generation, layout);

    [SkippableTheory]
    [InlineData("win2012r2", Layout.Reserved)]
    [InlineData("win10", Layout.RecoveryOnSystem)]
    [InlineData("win2022", Layout.Full)]
    [InlineData("win11", Layout.Alone)]
    public void A_BIOS_machine_becomes_a_UEFI_machine(string generation, Layout layout)
    {
        using var scratch = new ScratchFolder();
        var image = Make(scratch["disk.raw"], generation, layout);
        var before = SparseHash.OfAll([image]);
        var places = Read(image).Partitions.ToDictionary(p => p.Number, p => (p.Offset, p.Length));

        var told = Tool.RunJson("convert-boot", "uefi", image, "--dry-run").MustExit(0);
        Assert.Equal(before, SparseHash.OfAll(Directory.GetFiles(scratch.Path)));
        var done = Tool.RunJson("convert-boot", "uefi", image).MustExit(0);
        Assert.Equal(told.Json.GetProperty("steps").ToString(), done.Json.GetProperty("steps").ToString());
        Assert.True(done.Json.GetProperty("changed").GetBoolean());
        var after = SparseHash.OfAll(Directory.GetFiles(scratch.Path));

        var again = Tool.Run("convert-boot", "uefi", image).MustExit(0);
        Assert.Contains("starts by UEFI already", again.Output, StringComparison.Ordinal);
        Tool.Run("boot", "repair", image).MustExit(0);
        Assert.Equal(after, SparseHash.OfAll(Directory.GetFiles(scratch.Path)));
        Assert.Equal("uefi", Tool.RunJson("inspect", image).MustExit(0).Image.GetProperty("firmware").GetString());
        Tool.RunJson(["check", image, .. BootRules]).MustExit(0);

        var table = Read(image);
        Assert.Empty(table.Notes);
        Assert.Equal(layout is Layout.RecoveryOnSystem or Layout.Full or Layout.Alone ? 41 * GiB : 40 * GiB, new FileInfo(image).Length);
        var isReused = layout is Layout.Reserved or Layout.Recovery or Layout.Full;
        Assert.Equal(isReused ? places.Count : places.Count + 1, table.Partitions.Count);
        foreach (var (number, place) in places)
        {
            var partition = table.Partitions.Single(p => p.Number == number);
            Assert.Equal(place, (partition.Offset, partition.Length));
        }

        Judge(scratch, image, table, hasRecovery: layout is Layout.Recovery or Layout.RecoveryOnSystem or Layout.Full);
        Tool.Run("undo", "--all", image).MustExit(0);
        Assert.Equal(before, SparseHash.OfAll([image]));
    }

    [SkippableFact]
    public void A_machine_that_is_ready_stays_ready_and_its_files_stay()
    {
        GuestVolumes.RequireTools();
        using var scratch = new ScratchFolder();
        var image = Make(scratch["disk.raw"], "win2019", Layout.Reserved);
        Tool.Run("fix", image, "--drivers", machines.Drivers, "--cloudbase-init", machines.AgentFor("win2019")).MustExit(0);
        var before = Files(scratch, image);
        Tool.Run("convert-boot", "uefi", image).MustExit(0);
        Tool.Run("check", image).MustExit(0);
        Tool.Run("check", image, "--target", "otc").MustExit(0);
        var after = Files(scratch, image);
        Assert.Equal(before.Keys, after.Keys);
        Assert.Equal([@"Windows\System32\config\SYSTEM"], before.Where(f => after[f.Key] != f.Value).Select(f => f.Key));
    }

    [Fact]
    public void Two_runs_over_equal_images_give_equal_bytes()
    {
        using var scratch = new ScratchFolder();
        var hashes = new List<string>();
        var made = Make(scratch["made.raw"], "win2016", Layout.RecoveryOnSystem);
        for (var i = 0; i < 2; i++)
        {
            var image = machines.Copy(scratch, made);
            Tool.RunAt(1_700_000_000, "convert-boot", "uefi", image, "--no-undo-keep").MustExit(0);
            hashes.Add(SparseHash.Of(image));
        }

        Assert.Equal(hashes[0], hashes[1]);
    }

    [Fact]
    public void A_system_partition_with_work_of_its_owner_stays()
    {
        using var scratch = new ScratchFolder();
        var image = Make(scratch["disk.raw"], "win2016", Layout.Reserved);
        File.WriteAllText(scratch["work.txt"], "work");
        Tool.Run("fs", "put", image, "--partition", "1", scratch["work.txt"], "/work.txt", "--no-undo-keep").MustExit(0);
        var done = Tool.RunJson("convert-boot", "uefi", image).MustExit(0);
        Assert.Contains("it holds work.txt", done.Json.GetProperty("notes").ToString(), StringComparison.Ordinal);
        Assert.Equal("work", Tool.Run("fs", "cat", image, "--partition", "1", "/work.txt").MustExit(0).Output);
        var table = Read(image);
        Assert.Equal(PartitionTypes.BasicData, table.Partitions[0].TypeGuid);
        Assert.Equal(0x8000000000000000, table.Partitions[0].Attributes); // had no letter, and gets none
        Assert.Equal(0ul, table.Partitions[1].Attributes);
        Assert.Equal(PartitionTypes.EfiSystem, table.Partitions[2].TypeGuid);
    }

    public static TheoryData<string, string> Refusals { get; } = new()
    {
        { "logical partitions", "BOOT-0002" },
        { "four primary partitions", "BOOT-0002" },
        { "Linux", "BOOT-0002" },
        { "no signature", "BOOT-0002" },
        { "core image of a boot manager", "BOOT-0007" },
        { "32-bit", "BOOT-0003" },
        { "Windows Server 2008 R2", "BOOT-0003" },
        { "another disk", "BOOT-0004" },
        { "no active partition", "BOOT-0004" },
        { "GPT without system partition", "BOOT-0004" },
        { "no boot files", "BOOT-0005" },
        { "no winload", "BOOT-0005" },
        { "no template", "WIN-0013" },
        { "no room", "BOOT-0006" },
        { "BitLocker", "JOB-0015" },
        { "dynamic disk", "JOB-0015" },
        { "hibernated", "JOB-0015" },
    };

    [SkippableTheory]
    [MemberData(nameof(Refusals))]
    public void What_is_not_proven_is_refused_before_the_first_byte(string fault, string code)
    {
        using var scratch = new ScratchFolder();
        var image = Plant(scratch, fault);
        var before = SparseHash.OfAll(Directory.GetFiles(scratch.Path));
        var result = Tool.RunJson("convert-boot", "uefi", image);
        Assert.True(result.ExitCode == 4, result.Output + result.Error);
        Assert.Equal(code, result.Json.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(before, SparseHash.OfAll(Directory.GetFiles(scratch.Path)));
        var tried = Tool.RunJson("convert-boot", "uefi", image, "--dry-run").MustExit(4);
        Assert.Equal(code, tried.Json.GetProperty("error").GetProperty("code").GetString());
    }

    private string Plant(ScratchFolder scratch, string fault)
    {
        var image = scratch["disk.raw"];
        var spec = Spec("win10") with { WindowsPartitionSize = 20 * GiB };
        spec = fault switch
        {
            "32-bit" => Spec("win7"),
            "Windows Server 2008 R2" => Spec("win2008r2"),
            "another disk" => spec with { Defects = new HashSet<Defect> { Defect.BootOnOtherDisk } },
            "GPT without system partition" =>
                spec with { Firmware = MachineFirmware.Uefi, Defects = new HashSet<Defect> { Defect.NoSystemPartition } },
            "BitLocker" => spec with { Defects = new HashSet<Defect> { Defect.BitLocker } },
            "hibernated" => spec with { Defects = new HashSet<Defect> { Defect.Hibernated } },
            "no room" => Spec("win10") with { FillsDisk = true },
            _ => spec,
        };
        MachineImage.Write(image, spec);
        var free = (uint)(((21 * GiB) + (100 << 20)) / 512);
        switch (fault)
        {
            case "logical partitions":
                SetEntry(image, 3, 0x0F, free, 4096);
                break;
            case "four primary partitions":
                SetEntry(image, 3, 0x07, free, 4096);
                SetEntry(image, 4, 0x07, free + 4096, 4096);
                break;
            case "Linux":
                SetEntry(image, 3, 0x83, free, 4096);
                break;
            case "dynamic disk":
                SetEntry(image, 3, 0x42, free, 4096);
                break;
            case "no signature":
                Patch(image, 0x1B8, new byte[4]);
                break;
            case "core image of a boot manager":
                Patch(image, 512, [0xEB, 0x63, 0x90]);
                break;
            case "no active partition":
                Patch(image, 0x1BE, [0]);
                break;
            case "no boot files":
                Remove(image, "/Windows/Boot/EFI/bootmgfw.efi");
                break;
            case "no winload":
                Remove(image, "/Windows/System32/winload.efi");
                break;
            case "no template":
                Remove(image, "/Windows/System32/config/BCD-Template");
                break;
            case "no room":
                var copy = machines.Copy(scratch, image, "qcow"); // a format that is not made larger
                File.Delete(image);
                return copy;
        }

        return image;
    }

    private static void Remove(string image, string path) => Tool.Run("fs", "rm", image, path, "--no-undo-keep").MustExit(0);

    private static void SetEntry(string image, int slot, byte type, uint first, uint count) =>
        Patch(image, 0x1BE + (16 * (slot - 1)),
            [0, 0, 0, 0, type, 0, 0, 0, .. BitConverter.GetBytes(first), .. BitConverter.GetBytes(count)]);

    private static void Patch(string image, long offset, byte[] bytes)
    {
        using var disk = File.Open(image, FileMode.Open, FileAccess.ReadWrite);
        disk.Position = offset;
        disk.Write(bytes);
    }

    private static MachineSpec Spec(string generation) => new()
    {
        Generation = Generation.Get(generation),
        Firmware = MachineFirmware.Bios,
        Formatter = Volumes.HasMkntfs ? VolumeMaker.Mkntfs : VolumeMaker.Own,
        Corpus = Corpus.Root,
    };

    private static string Make(string image, string generation, Layout layout)
    {
        MachineImage.Write(image, Spec(generation) with
        {
            FillsDisk = layout is Layout.RecoveryOnSystem or Layout.Full or Layout.Alone,
            Recovery = layout switch
            {
                Layout.Recovery or Layout.Full => RecoveryPlace.OwnPartition,
                Layout.RecoveryOnSystem => RecoveryPlace.SystemPartition,
                _ => RecoveryPlace.None,
            },
            Defects = layout == Layout.Alone ? new HashSet<Defect> { Defect.NoSystemPartition } : new HashSet<Defect>(),
        });
        if (layout == Layout.Alone)
        {
            Tool.Run("boot", "repair", image, "--no-undo-keep").MustExit(0);
        }

        return image;
    }

    private static PartitionTable Read(string image)
    {
        using var device = HostFileDevice.Open(image);
        return PartitionTable.Read(device);
    }

    private static SortedDictionary<string, string> Files(ScratchFolder scratch, string image)
    {
        var windows = Read(image).Partitions.Single(p => p.Number == 2);
        var volume = GuestVolumes.CutOut(scratch, image, "raw", windows.Offset, windows.Length, "windows");
        Oracle.Run("ntfsfix", "-n", volume).MustSucceed();
        var files = GuestVolumes.ReadAll(scratch, volume);
        File.Delete(volume);
        return files;
    }

    /// <summary>
    /// sgdisk reads the table, fsck.vfat and mtools the EFI system partition, hivex boot configuration and drive letters.
    /// </summary>
    private static void Judge(ScratchFolder scratch, string image, PartitionTable table, bool hasRecovery)
    {
        Oracle.Require("sgdisk", "fsck.vfat", "mcopy", "hivexregedit");
        Assert.Contains("No problems found", Oracle.Run("sgdisk", "-v", image).MustSucceed().Output, StringComparison.Ordinal);
        var esp = Assert.Single(table.Partitions, p => p.TypeGuid == PartitionTypes.EfiSystem);
        var windows = table.Partitions.MaxBy(p => p.Length)!;
        var volume = GuestVolumes.CutOut(scratch, image, "raw", esp.Offset, esp.Length, "esp");
        Oracle.Run("fsck.vfat", "-n", volume).MustSucceed();
        foreach (var file in new[] { "EFI/Boot/bootx64.efi", "EFI/Microsoft/Boot/bootmgfw.efi", "EFI/Microsoft/Boot/memtest.efi",
            "EFI/Microsoft/Boot/en-US/bootmgfw.efi.mui", "EFI/Microsoft/Boot/Fonts/wgl4_boot.ttf", "EFI/Microsoft/Boot/BCD" })
        {
            Oracle.Run("mcopy", "-n", "-o", "-i", volume, "::/" + file, scratch[Path.GetFileName(file)]).MustSucceed();
        }

        Assert.Equal(File.ReadAllBytes(scratch["bootmgfw.efi"]), File.ReadAllBytes(scratch["bootx64.efi"]));
        var store = Export(scratch["BCD"], "Objects");
        var loader = Text(store[$@"{BootManager}\Elements\23000003"]);
        AssertNames(store[$@"{BootManager}\Elements\11000001"], esp, table);
        AssertNames(store[$@"{loader}\Elements\11000001"], windows, table);
        AssertNames(store[$@"{loader}\Elements\21000001"], windows, table);
        AssertNames(store[@"{b2721d73-1db4-4c62-bf78-c548a880142d}\Elements\11000001"], esp, table); // the memory tester
        Assert.Equal(@"\Windows\system32\winload.efi", Text(store[$@"{loader}\Elements\12000002"]));
        var resume = Text(store[$@"{loader}\Elements\23000003"]);
        Assert.Equal(@"\Windows\system32\winresume.efi", Text(store[$@"{resume}\Elements\12000002"]));
        Assert.Equal(hasRecovery, store.ContainsKey($@"{loader}\Elements\14000008"));
        if (hasRecovery)
        {
            var recovery = "{0ff11e5a-7c00-4000-8000-00000000b008}";
            Assert.Contains(Hex(table.DiskGuid.ToByteArray()), store[$@"{recovery}\Elements\11000001"], StringComparison.Ordinal);
            Assert.Equal(@"\windows\system32\winload.efi", Text(store[$@"{recovery}\Elements\12000002"]));
        }

        Tool.Run("fs", "get", image, "/Windows/System32/config/SYSTEM", scratch.Path).MustExit(0);
        var devices = Export(scratch["SYSTEM"], "MountedDevices");
        Assert.Equal(Hex("DMIO:ID:"u8) + Hex(windows.UniqueGuid.ToByteArray()), devices[@"\DosDevices\C:"]);
        Assert.Equal(devices[@"\DosDevices\C:"], devices[@"\??\Volume{0ff11e5a-0000-4000-8000-00000000000c}"]);
        foreach (var file in Directory.GetFiles(scratch.Path).Where(f => !f.StartsWith(image, StringComparison.Ordinal)))
        {
            File.Delete(file);
        }
    }

    /// <summary>Values below a key as hivexregedit exports them, by the path below the key where they are called Element.</summary>
    private static Dictionary<string, string> Export(string hive, string key)
    {
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var at = "";
        foreach (var line in Oracle.Run("hivexregedit", "--export", hive, key).MustSucceed().Output.Split('\n'))
        {
            if (line.StartsWith('['))
            {
                at = line.Trim('[', ']', '\r')[(key.Length + 1)..].TrimStart('\\');
            }
            else if (line.Split("=hex(") is [var name, var data])
            {
                name = name.Trim('"').Replace(@"\\", @"\", StringComparison.Ordinal);
                values[name == "Element" ? at : name] = data[(data.IndexOf(':', StringComparison.Ordinal) + 1)..]
                    .Replace(",", "", StringComparison.Ordinal).Trim().ToLowerInvariant();
            }
        }

        return values;
    }

    private static void AssertNames(string device, Partition partition, PartitionTable table)
    {
        Assert.Contains(Hex(partition.UniqueGuid.ToByteArray()), device, StringComparison.Ordinal);
        Assert.Contains(Hex(table.DiskGuid.ToByteArray()), device, StringComparison.Ordinal);
    }

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    private static string Text(string hex) => System.Text.Encoding.Unicode.GetString(Convert.FromHexString(hex)).TrimEnd('\0');
}
