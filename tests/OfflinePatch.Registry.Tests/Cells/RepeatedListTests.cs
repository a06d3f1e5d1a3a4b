using System.Buffers.Binary;
using System.Diagnostics;
using OfflinePatch.Core;
using OfflinePatch.Registry.Check;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.Logs;

namespace OfflinePatch.Registry.Tests.Cells;

/// <summary>A hive of 725 KB whose index root names one leaf 60,000 times, which names one key 60,000 times: 3.6 billion entries.</summary>
[Trait("tier", "unit")]
public sealed class RepeatedListTests
{
    private const int Count = 60_000;

    private static byte[] Bomb()
    {
        var hive = Hive.Create(3); // data of any length in one cell
        hive.Create("A");
        var key = hive.Root.Find("A")!.Cell.Value;
        var leaf = new byte[4 + (Count * 8)];
        var root = new byte[4 + (Count * 4)];
        "lh"u8.CopyTo(leaf);
        "ri"u8.CopyTo(root);
        BinaryPrimitives.WriteUInt16LittleEndian(leaf.AsSpan(2), Count);
        BinaryPrimitives.WriteUInt16LittleEndian(root.AsSpan(2), Count);
        hive.Root.SetBinary("leaf", leaf);
        hive.Root.SetBinary("root", root);
        var (leafCell, rootCell) = (hive.Root.FindValue("leaf")!.Stored.Data, hive.Root.FindValue("root")!.Stored.Data);
        var file = hive.ToArray();
        for (var i = 0; i < Count; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan((int)leafCell.FileOffset + 8 + (i * 8)), key);
            BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan((int)leafCell.FileOffset + 12 + (i * 8)), NameHash.Hash("B"));
            BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan((int)rootCell.FileOffset + 8 + (i * 4)), leafCell.Value);
        }

        new KeyNodeWriter(file.AsSpan((int)hive.RootCell.FileOffset + 4)).SetSubkeys(uint.MaxValue, rootCell);
        return file;
    }

    [Fact]
    public void Each_list_is_walked_once()
    {
        var file = Bomb();
        var watch = Stopwatch.StartNew();
        var hive = Hive.Open(file);
        for (var i = 0; i < 20; i++)
        {
            Assert.Null(hive.Find("B")); // a miss, whose hash is in every entry
        }

        Assert.StartsWith("REG-03", Assert.Throws<CorruptImageException>(() => hive.Root.SubKeys.Count()).Code, StringComparison.Ordinal);
        Assert.Contains(hive.Check(), f => f.Severity == HiveFindingSeverity.Error);
        var salvage = Hive.Open(file, options: new HiveOpenOptions { Salvage = true });
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal("A", Assert.Single(salvage.Root.SubKeys).Name);
            Assert.Null(salvage.Find("B"));
        }

        Assert.InRange(salvage.Skipped.Count, 1, 1000);
        Assert.True(watch.ElapsedMilliseconds < 5000, $"{watch.ElapsedMilliseconds} ms");
    }
}
