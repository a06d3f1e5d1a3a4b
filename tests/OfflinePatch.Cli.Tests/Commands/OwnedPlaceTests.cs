using System.Buffers.Binary;
using OfflinePatch.FileSystems.Fat;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>
/// Containers and FAT volumes whose maps lie about what is free, written to through the built program: nothing of the file changes. The
/// image as a whole is compared, so that no reader of ours has a say. The places of the tables are read from the headers here.
/// </summary>
[Trait("tier", "e2e")]
public sealed class OwnedPlaceTests
{
    [Theory]
    [InlineData("vhd", "shared")]
    [InlineData("vhd", "beyond")]
    [InlineData("vhd", "table")]
    [InlineData("vhd", "header")]
    [InlineData("vhdx", "shared")]
    [InlineData("vhdx", "beyond")]
    [InlineData("vhdx", "table")]
    [InlineData("vhdx", "header")]
    [InlineData("qcow2", "shared")]
    [InlineData("qcow2", "beyond")]
    [InlineData("qcow2", "table")]
    [InlineData("qcow2", "header")]
    [InlineData("qcow2", "count 0")]
    [InlineData("qcow2", "no counts")]
    [InlineData("qcow2", "counts on data")]
    [InlineData("qcow", "shared")]
    [InlineData("qcow", "beyond")]
    [InlineData("qcow", "table")]
    [InlineData("qcow", "header")]
    [InlineData("qed", "shared")]
    [InlineData("qed", "beyond")]
    [InlineData("qed", "table")]
    [InlineData("qed", "header")]
    [InlineData("vdi", "shared")]
    [InlineData("vdi", "beyond")]
    [InlineData("vmdk", "shared")]
    [InlineData("vmdk", "beyond")]
    [InlineData("vmdk", "table")]
    [InlineData("vmdk", "header")]
    [InlineData("vmdk", "directory")]
    public void A_map_that_lies_is_not_written(string format, string lie)
    {
        using var scratch = new ScratchFolder();
        var raw = OwnedVolumes.Ntfs(scratch, format == "vmdk" ? 80 << 20 : 24 << 20); // a grain table is 32 MiB of the disk
        var image = scratch["disk." + format];
        Tool.Run("convert", raw, image).MustExit(0);
        var file = File.ReadAllBytes(image);
        Lie(format, lie, file);
        File.WriteAllBytes(image, file);

        var put = Tool.Run("fs", "put", image, OwnedVolumes.Random(scratch, "new", 12_000_000), "/new.bin");
        Assert.True(put.ExitCode is 2 or 4, $"exit {put.ExitCode}: {put.Error}");
        Assert.Contains(format.ToUpperInvariant() + "-", put.Error, StringComparison.Ordinal);
        Assert.Equal(file, File.ReadAllBytes(image));
        if (lie is not ("count 0" or "no counts")) // what they say is of no matter to a reader
        {
            Tool.Run("convert", image, scratch["out.raw"]).MustExit(2);
            Assert.False(File.Exists(scratch["out.raw"]));
        }
    }

    /// <summary>The control: the same files without a lie are written, and QEMU finds nothing wrong and the same disk.</summary>
    [SkippableTheory]
    [InlineData("vhd", "vpc")]
    [InlineData("vhdx", "vhdx")]
    [InlineData("qcow2", "qcow2")]
    [InlineData("qcow", "qcow")]
    [InlineData("qed", "qed")]
    [InlineData("vdi", "vdi")]
    [InlineData("vmdk", "vmdk")]
    public void A_map_that_is_right_is_written(string format, string qemu)
    {
        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        var raw = OwnedVolumes.Ntfs(scratch, format == "vmdk" ? 80 << 20 : 24 << 20); // a grain table is 32 MiB of the disk
        var image = scratch["disk." + format];
        Tool.Run("convert", raw, image).MustExit(0);
        var added = OwnedVolumes.Random(scratch, "new", 12_000_000);
        Tool.Run("fs", "put", image, added, "/new.bin").MustExit(0);
        if (format is "qcow2" or "vhdx" or "qed" or "vdi")
        {
            Oracle.Run("qemu-img", "check", "-f", qemu, image).MustSucceed();
        }

        Oracle.Run("qemu-img", "convert", "-f", qemu, "-O", "raw", image, scratch["read.raw"]).MustSucceed();
        foreach (var (name, original) in new[] { ("victim.bin", scratch["victim"]), ("new.bin", added) })
        {
            Tool.Run("fs", "get", scratch["read.raw"], "/" + name, scratch["out-" + name]).MustExit(0);
            Assert.Equal(OwnedVolumes.Hash(original), OwnedVolumes.Hash(scratch["out-" + name]));
        }
    }

    [SkippableTheory]
    [InlineData(FatType.Fat12, 2 << 20, "free")]
    [InlineData(FatType.Fat12, 2 << 20, "shared")]
    [InlineData(FatType.Fat16, 8 << 20, "free")]
    [InlineData(FatType.Fat16, 8 << 20, "shared")]
    [InlineData(FatType.Fat32, 40 << 20, "free")]
    [InlineData(FatType.Fat32, 40 << 20, "shared")]
    public void A_FAT_that_lies_is_not_written(FatType type, int length, string lie)
    {
        Oracle.Require("mcopy");
        using var scratch = new ScratchFolder();
        var image = OwnedVolumes.Fat(scratch, type, length);
        Tool.Run("fs", "put", image, OwnedVolumes.Random(scratch, "second", 100_000), "/second.bin").MustExit(0);
        Tool.Run("undo", "--forget", image).MustExit(0);
        var file = File.ReadAllBytes(image);
        var boot = file.AsSpan(0, 512).ToArray();
        int sector = BinaryPrimitives.ReadUInt16LittleEndian(boot.AsSpan(11));
        var fat = BinaryPrimitives.ReadUInt16LittleEndian(boot.AsSpan(14)) * sector;
        var copy = (BinaryPrimitives.ReadUInt16LittleEndian(boot.AsSpan(22)) is var small and not 0 ? small
            : BinaryPrimitives.ReadInt32LittleEndian(boot.AsSpan(36))) * sector;

        // victim.bin comes first, from the lowest cluster on; in its middle a cluster is free, or leads into its own start
        var start = type == FatType.Fat32 ? 3 : 2;
        var cluster = start + 100;
        foreach (var table in new[] { fat, fat + copy })
        {
            var value = lie == "free" ? 0 : start + 10;
            switch (type)
            {
                case FatType.Fat12:
                    var at = table + cluster + (cluster / 2);
                    var pair = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(at));
                    BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(at),
                        (ushort)((cluster & 1) == 0 ? (pair & 0xF000) | value : (pair & 15) | (value << 4)));
                    break;
                case FatType.Fat16:
                    BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(table + (cluster * 2)), (ushort)value);
                    break;
                default:
                    BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(table + (cluster * 4)), value);
                    break;
            }
        }

        File.WriteAllBytes(image, file);
        var put = Tool.Run("fs", "put", image, OwnedVolumes.Random(scratch, "new", length / 4), "/new.bin").MustExit(4);
        Assert.Contains("FAT-0009", put.Error, StringComparison.Ordinal);
        Tool.Run("fs", "rm", image, "/second.bin").MustExit(4);
        Assert.Equal(file, File.ReadAllBytes(image));
        Oracle.Run("mcopy", "-i", image, "::second.bin", scratch["second.out"]).MustSucceed();
        Assert.Equal(OwnedVolumes.Hash(scratch["second"]), OwnedVolumes.Hash(scratch["second.out"]));
    }

    private static void Lie(string format, string lie, byte[] file)
    {
        var map = new Map(format, file);
        switch (lie)
        {
            case "shared":
                map.Put(map.Entries[1], map.Get(map.Entries[0]));
                break;
            case "beyond":
                map.PutPlace(map.Entries[1], (file.Length + map.Unit - 1L) / map.Unit * map.Unit);
                break;
            case "table":
                map.PutPlace(map.Entries[1], map.Table);
                break;
            case "header":
                map.PutPlace(map.Entries[1], format == "vhdx" ? 1 << 20 : 0); // of a VHDX: the log
                break;
            case "directory":
                // two directory entries of one grain table
                Array.Copy(file, map.Directory, file, map.Directory + 4, 4);
                break;
            case "count 0" or "no counts" or "counts on data":
                var table = (int)BinaryPrimitives.ReadInt64BigEndian(file.AsSpan(48));
                var block = (int)BinaryPrimitives.ReadInt64BigEndian(file.AsSpan(table));
                var cluster = (int)(BinaryPrimitives.ReadInt64BigEndian(file.AsSpan(map.Entries[1])) & 0x00FFFFFFFFFFFE00);
                if (lie == "count 0")
                {
                    BinaryPrimitives.WriteInt16BigEndian(file.AsSpan(block + (cluster >> 16) * 2), 0);
                }
                else
                {
                    BinaryPrimitives.WriteInt64BigEndian(file.AsSpan(table), lie == "no counts" ? 0 : cluster);
                }

                break;
        }

        if (format == "vmdk")
        {
            map.CopyToRedundant(); // where the redundant tables are whole, they are read instead
        }
    }

    /// <summary>The map of an image that this program wrote: where the entries of stored blocks are.</summary>
    private sealed class Map
    {
        private readonly string _format;
        private readonly byte[] _file;
        private readonly int _size;
        private readonly int _redundant;

        public Map(string format, byte[] file)
        {
            _format = format;
            _file = file;
            _size = format is "vhd" or "vdi" or "vmdk" ? 4 : 8;
            Unit = format is "vhd" or "vmdk" ? 512 : format is "vhdx" or "vdi" ? 1 << 20 : 65536;
            Table = format switch
            {
                "vhd" => (int)Big64(512 + 16),
                "vhdx" => 3 << 20,
                "qcow2" => (int)(Big64((int)Big64(40)) & 0x00FFFFFFFFFFFE00),
                "qcow" => (int)Big64((int)Big64(40)),
                "qed" => (int)Little64((int)Little64(40)),
                "vdi" => (int)Little32(0x154),
                _ => (int)Little32((int)Little64(0x38) * 512) * 512,
            };
            if (format == "vmdk")
            {
                Directory = (int)Little64(0x38) * 512;
                _redundant = (int)Little64(0x30) * 512;
            }

            for (var at = Table; Entries.Count < 2; at += _size)
            {
                if (IsStored(at))
                {
                    Entries.Add(at);
                }
            }
        }

        public int Unit { get; }

        public int Table { get; }

        public int Directory { get; }

        public List<int> Entries { get; } = [];

        public byte[] Get(int entry) => _file[entry..(entry + _size)];

        public void Put(int entry, byte[] bytes) => bytes.CopyTo(_file, entry);

        public void PutPlace(int entry, long place)
        {
            var span = _file.AsSpan(entry);
            switch (_format)
            {
                case "vhd":
                    BinaryPrimitives.WriteUInt32BigEndian(span, (uint)(place / 512));
                    break;
                case "vmdk":
                    BinaryPrimitives.WriteUInt32LittleEndian(span, place == 0 ? 2 : (uint)(place / 512)); // 0 is no place: the descriptor
                    break;
                case "vdi":
                    BinaryPrimitives.WriteUInt32LittleEndian(span, (uint)((place - Little32(0x158)) / Unit));
                    break;
                case "vhdx":
                    BinaryPrimitives.WriteInt64LittleEndian(span, place | 6);
                    break;
                case "qed":
                    BinaryPrimitives.WriteInt64LittleEndian(span, place == 0 ? 65536 : place); // 0 is no place
                    break;
                default:
                    place = place == 0 ? Big64(40) : place; // of QCOW 0 is no place: the L1 table
                    BinaryPrimitives.WriteInt64BigEndian(span, _format == "qcow2" ? place | long.MinValue : place);
                    break;
            }
        }

        public void CopyToRedundant()
        {
            var grainTables = (int)Little32(Directory) * 512;
            var copies = (int)Little32(_redundant) * 512;
            Array.Copy(_file, grainTables, _file, copies, 512 * 4);
            if (Little32(Directory) == Little32(Directory + 4))
            {
                Array.Copy(_file, _redundant, _file, _redundant + 4, 4);
            }
        }

        private bool IsStored(int at) => _format switch
        {
            "vhd" => BinaryPrimitives.ReadUInt32BigEndian(_file.AsSpan(at)) != uint.MaxValue,
            "vdi" => Little32(at) < 0xFFFFFFFE,
            "vmdk" => Little32(at) > 1,
            "vhdx" => (Little64(at) & 7) == 6,
            "qed" => Little64(at) > 1,
            _ => Big64(at) != 0,
        };

        private long Big64(int at) => BinaryPrimitives.ReadInt64BigEndian(_file.AsSpan(at));

        private long Little64(int at) => BinaryPrimitives.ReadInt64LittleEndian(_file.AsSpan(at));

        private long Little32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(_file.AsSpan(at));
    }
}
