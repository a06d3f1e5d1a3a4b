using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.FileSystems.Fat;

namespace OfflinePatch.FileSystems.Tests.Fat;

/// <summary>
/// Volumes whose table lies: clusters of files are called free, chains lead into each other or into free clusters. Whatever is done to
/// them, no byte of a file that was not meant changes. Owners are known here from the content alone: every cluster says whose it is.
/// </summary>
public sealed class FatOwnershipTests
{
    private const int Files = 40;

    private static readonly (FatType Type, int Length)[] Kinds =
        [(FatType.Fat12, 1440 * 1024), (FatType.Fat16, 6 << 20), (FatType.Fat32, 40 << 20)];

    private static readonly Lazy<byte[][]> Volumes = new(() => [.. Kinds.Select(k => Build(k.Type, k.Length))]);

    private enum Lie
    {
        None,
        Free,
        Elsewhere,
        End,
        Lost,
        FirstCluster,
        FreeCount,
    }

    [Fact]
    [Trait("tier", "model")]
    public void No_owned_byte_is_overwritten() => Run(90, seed: 1);

    [Fact]
    [Trait("tier", "model")]
    [Trait("speed", "slow")]
    public void No_owned_byte_is_overwritten_in_3_000_cases() => Run(3_000, seed: 2);

    /// <summary>What lies below more directories than the check goes down has owners that are not known: nothing is taken.</summary>
    [Fact]
    [Trait("tier", "unit")]
    public void A_tree_that_is_too_deep_to_be_checked_is_not_written()
    {
        var device = FatVolumes.Formatted(40 << 20, FatType.Fat32);
        using (var volume = FatFileSystem.Open(device))
        {
            volume.CreateDirectory(string.Join('\\', Enumerable.Repeat("d", 258)));
            volume.Flush();
        }

        using var deep = FatFileSystem.Open(device);
        Assert.Equal("FAT-0009", Assert.Throws<RefusedException>(() => deep.WriteFile("new", [1])).Code);
    }

    private static void Run(int cases, int seed)
    {
        var random = new Random(seed);
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < cases; i++)
        {
            var kind = i % Kinds.Length;
            var device = new MemoryDevice(Volumes.Value[kind].ToArray());
            var table = new Table(device, Kinds[kind].Type);
            var lie = (Lie)random.Next(7);
            var owned = table.Owners();
            Tell(lie, table, owned, random);
            var touched = new HashSet<int>();
            var outcome = Change(device, random, touched);
            counts[$"{lie}: {outcome}"] = counts.GetValueOrDefault($"{lie}: {outcome}") + 1;
            foreach (var (cluster, owner) in owned.Where(o => !touched.Contains(o.Value.File)))
            {
                Assert.True(table.Tag(cluster) == owner,
                    $"case {i}, {Kinds[kind].Type}, {lie}: cluster {cluster} of file {owner.File} changed");
            }

            Assert.True(outcome == "changed" || lie is not (Lie.None or Lie.Lost or Lie.FreeCount), $"case {i}, {lie}: {outcome}");
        }

        Assert.True(counts.Count >= 7, string.Join(", ", counts.Keys));
    }

    private static void Tell(Lie lie, Table table, Dictionary<uint, (int File, int Part)> owned, Random random)
    {
        var used = owned.Keys.ToList();
        var cluster = used[random.Next(used.Count)];
        switch (lie)
        {
            case Lie.Free:
                table.Set(cluster, 0);
                break;
            case Lie.Elsewhere:
                table.Set(cluster, (uint)random.Next(2, (int)table.Clusters + 2));
                break;
            case Lie.End:
                table.Set(cluster, table.End);
                break;
            case Lie.Lost:
                for (var n = random.Next(1, 50); n > 0; n--)
                {
                    var free = (uint)random.Next(2, (int)table.Clusters + 2);
                    if (!owned.ContainsKey(free) && table.Get(free) == 0)
                    {
                        table.Set(free, table.End);
                    }
                }

                break;
            case Lie.FirstCluster:
                table.SetFirstCluster(random.Next(Files), cluster);
                break;
            case Lie.FreeCount:
                table.LieAboutTheFreeCount(random);
                break;
            default:
                break;
        }
    }

    private static string Change(BlockDevice device, Random random, HashSet<int> touched)
    {
        using var volume = FatFileSystem.Open(device);
        var present = Enumerable.Range(0, Files).ToHashSet();
        for (var operations = random.Next(2, 10); operations > 0; operations--)
        {
            var file = random.Next(Files);
            try
            {
                switch (random.Next(5))
                {
                    case 0:
                        volume.CreateDirectory($"new {operations}");
                        break;
                    case 1 when present.Contains(file):
                        touched.Add(file);
                        volume.WriteFile(Name(file), new byte[random.Next(20_000)]);
                        break;
                    case 2 when present.Contains(file):
                        touched.Add(file);
                        volume.Delete(Name(file));
                        present.Remove(file);
                        break;
                    case 3:
                        volume.Flush();
                        break;
                    default:
                        // most of what is free, so that a cluster which only seems free is certainly taken
                        volume.WriteFile($"new {operations}.bin", new byte[Math.Min(volume.FreeBytes, 2 << 20)]);
                        break;
                }
            }
            catch (RefusedException e) when (e.Code is not "FAT-0009")
            {
                // full: a root directory of FAT12, the volume
            }
            catch (RefusedException)
            {
                volume.Flush();
                return "refused";
            }
            catch (CorruptImageException)
            {
                // the file that was asked for
            }
        }

        try
        {
            volume.WriteFile(Name(0), new byte[10]);
            touched.Add(0);
        }
        catch (RefusedException e) when (e.Code is "FAT-0009")
        {
            return "refused";
        }
        catch (Exception e) when (e is CorruptImageException or FileNotFoundException or RefusedException)
        {
            touched.Add(0);
        }

        volume.Flush();
        return "changed";
    }

    private static string Name(int file) => $"file{file:d2}.bin";

    private static byte[] Build(FatType type, int length)
    {
        var device = FatVolumes.Formatted(length, type);
        using var volume = FatFileSystem.Open(device);
        var random = new Random((int)type);
        for (var file = 0; file < Files; file++)
        {
            volume.WriteFile(Name(file), Content(file, random.Next(1, 24_000), volume.ClusterSize));
        }

        // holes, so that chains are scattered
        for (var file = 0; file < Files; file += 3)
        {
            volume.Delete(Name(file));
            volume.Flush();
        }

        for (var file = 0; file < Files; file += 3)
        {
            volume.WriteFile(Name(file), Content(file, random.Next(1, 24_000), volume.ClusterSize));
        }

        volume.Flush();
        Assert.Empty(volume.Check());
        var bytes = new byte[device.Length];
        device.Read(0, bytes);
        return bytes;
    }

    private static byte[] Content(int file, int length, int clusterSize)
    {
        var content = new byte[(length + clusterSize - 1) / clusterSize * clusterSize];
        for (var at = 0; at < content.Length; at += clusterSize)
        {
            "OWNER"u8.CopyTo(content.AsSpan(at));
            BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(at + 8), file);
            BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(at + 12), at / clusterSize);
        }

        return content;
    }

    /// <summary>The table and the clusters, by the offsets of fatgen103, apart from the product's reader.</summary>
    private sealed class Table
    {
        private readonly BlockDevice _device;
        private readonly FatType _type;
        private readonly long _fat;
        private readonly long _fatLength;
        private readonly long _root;
        private readonly long _data;
        private readonly int _clusterSize;
        private readonly long _info;

        public Table(BlockDevice device, FatType type)
        {
            _device = device;
            _type = type;
            var boot = Read(0, 512);
            var sector = BinaryPrimitives.ReadUInt16LittleEndian(boot.AsSpan(11));
            _clusterSize = sector * boot[13];
            _fat = (long)BinaryPrimitives.ReadUInt16LittleEndian(boot.AsSpan(14)) * sector;
            var sectors = BinaryPrimitives.ReadUInt16LittleEndian(boot.AsSpan(22)) is var small and not 0 ? small
                : BinaryPrimitives.ReadUInt32LittleEndian(boot.AsSpan(36));
            _fatLength = sectors * sector;
            var rootBytes = BinaryPrimitives.ReadUInt16LittleEndian(boot.AsSpan(17)) * 32;
            _data = _fat + (boot[16] * _fatLength) + rootBytes;
            _root = type == FatType.Fat32 ? Place(BinaryPrimitives.ReadUInt32LittleEndian(boot.AsSpan(44))) : _data - rootBytes;
            _info = type == FatType.Fat32 ? (long)BinaryPrimitives.ReadUInt16LittleEndian(boot.AsSpan(48)) * sector : 0;
            Clusters = (uint)((device.Length - _data) / _clusterSize);
        }

        public uint Clusters { get; }

        public uint End => _type switch { FatType.Fat12 => 0xFFF, FatType.Fat16 => 0xFFFF, _ => 0x0FFFFFFF };

        /// <summary>Every cluster that says whose it is, and is in use.</summary>
        public Dictionary<uint, (int File, int Part)> Owners()
        {
            var owners = new Dictionary<uint, (int, int)>();
            for (var cluster = 2u; cluster - 2 < Clusters; cluster++)
            {
                if (Get(cluster) != 0 && Tag(cluster) is { } tag)
                {
                    owners.Add(cluster, tag);
                }
            }

            return owners;
        }

        public (int File, int Part)? Tag(uint cluster)
        {
            var start = Read(Place(cluster), 16);
            return start.AsSpan().StartsWith("OWNER"u8)
                ? (BinaryPrimitives.ReadInt32LittleEndian(start.AsSpan(8)), BinaryPrimitives.ReadInt32LittleEndian(start.AsSpan(12)))
                : null;
        }

        public uint Get(uint cluster)
        {
            switch (_type)
            {
                case FatType.Fat12:
                    var pair = BinaryPrimitives.ReadUInt16LittleEndian(Read(_fat + cluster + (cluster / 2), 2));
                    return (uint)((cluster & 1) == 0 ? pair & 0xFFF : pair >> 4);
                case FatType.Fat16:
                    return BinaryPrimitives.ReadUInt16LittleEndian(Read(_fat + (cluster * 2), 2));
                default:
                    return BinaryPrimitives.ReadUInt32LittleEndian(Read(_fat + (cluster * 4), 4)) & 0x0FFFFFFF;
            }
        }

        /// <summary>Sets an entry in both copies.</summary>
        public void Set(uint cluster, uint value)
        {
            for (var copy = 0; copy < 2; copy++)
            {
                var bytes = new byte[_type == FatType.Fat32 ? 4 : 2];
                var at = _fat + (copy * _fatLength)
                    + (_type switch { FatType.Fat12 => cluster + (cluster / 2), FatType.Fat16 => cluster * 2, _ => cluster * 4 });
                switch (_type)
                {
                    case FatType.Fat12:
                        int pair = BinaryPrimitives.ReadUInt16LittleEndian(Read(at, 2));
                        pair = (cluster & 1) == 0 ? (pair & 0xF000) | (int)value : (pair & 0xF) | ((int)value << 4);
                        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)pair);
                        break;
                    case FatType.Fat16:
                        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)value);
                        break;
                    default:
                        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
                        break;
                }

                _device.Write(at, bytes);
            }
        }

        /// <summary>Lets the entry of a file in the root directory begin at another cluster.</summary>
        public void SetFirstCluster(int file, uint cluster)
        {
            var name = System.Text.Encoding.ASCII.GetBytes($"FILE{file:d2}  BIN");
            for (var at = _root; ; at += 32)
            {
                if (Read(at, 11).AsSpan().SequenceEqual(name))
                {
                    var bytes = new byte[2];
                    BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)cluster);
                    _device.Write(at + 26, bytes);
                    BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)(cluster >> 16));
                    _device.Write(at + 20, bytes);
                    return;
                }
            }
        }

        /// <summary>FSInfo names another number of free clusters, and where to look for the next.</summary>
        public void LieAboutTheFreeCount(Random random)
        {
            if (_info != 0)
            {
                var bytes = new byte[8];
                BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)random.Next());
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), (uint)random.Next((int)Clusters));
                _device.Write(_info + 488, bytes);
            }
        }

        private long Place(uint cluster) => _data + ((long)(cluster - 2) * _clusterSize);

        private byte[] Read(long offset, int count)
        {
            var bytes = new byte[count];
            _device.Read(offset, bytes);
            return bytes;
        }
    }
}
