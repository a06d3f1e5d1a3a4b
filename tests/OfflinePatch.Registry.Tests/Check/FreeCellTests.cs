using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Registry.Tests.Check;

/// <summary>
/// A hive's free map is the sign of each cell's size. A cell that is in use and marked as free would be given away by the next edit.
/// </summary>
[Trait("tier", "unit")]
public sealed class FreeCellTests
{
    private const int FirstBin = 4096;
    private const int BinHeader = 32;

    [Fact]
    public void No_cell_in_use_is_given_away()
    {
        var original = Sample();
        var cells = AllocatedCells(original);
        Assert.True(cells.Count > 60, $"{cells.Count} cells");
        foreach (var cell in cells)
        {
            var bytes = (byte[])original.Clone();
            var size = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(cell));
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(cell), -size);
            var error = Assert.ThrowsAny<Exception>(() =>
            {
                var hive = Hive.Open(bytes);
                for (var i = 0; i < 50; i++)
                {
                    hive.Root.CreateSubKey($"new {i}").SetString("value", new string('x', 40 * i));
                }
            });
            Assert.True(error is CorruptImageException or RefusedException, $"cell 0x{cell:X}: {error}");
        }
    }

    private static byte[] Sample()
    {
        var hive = Hive.Create();
        for (var i = 0; i < 12; i++)
        {
            var key = hive.Create($@"Software\Sample {i}\Inner");
            key.SetDword("number", (uint)i);
            key.SetString("text", $"a text that needs a cell of its own, number {i}");
        }

        hive.Create("Large").SetBinary("big", new byte[40_000]);
        return hive.ToArray();
    }

    private static List<int> AllocatedCells(byte[] hive)
    {
        var cells = new List<int>();
        for (var bin = FirstBin; bin < hive.Length && hive.AsSpan(bin, 4).SequenceEqual("hbin"u8);)
        {
            var end = bin + BinaryPrimitives.ReadInt32LittleEndian(hive.AsSpan(bin + 8));
            for (var at = bin + BinHeader; at < end;)
            {
                var size = BinaryPrimitives.ReadInt32LittleEndian(hive.AsSpan(at));
                if (size < 0)
                {
                    cells.Add(at);
                }

                at += Math.Abs(size);
            }

            bin = end;
        }

        return cells;
    }
}
