using OfflinePatch.Core;

namespace OfflinePatch.Cli.Registry;

/// <summary>Writes a hive over its older self: only the pieces that differ, so that the transaction stays small.</summary>
internal static class HiveFileWriter
{
    private const int Piece = 4096;
    private const int Block = 256 * 1024;

    public static void Write(ResizableDevice device, ReadOnlySpan<byte> hive)
    {
        device.EnsureLength(hive.Length);
        var old = new byte[Block];
        for (var start = 0; start < hive.Length; start += Block)
        {
            var block = hive[start..Math.Min(start + Block, hive.Length)];
            device.Read(start, old.AsSpan(0, block.Length));
            for (var piece = 0; piece < block.Length; piece += Piece)
            {
                var part = block[piece..Math.Min(piece + Piece, block.Length)];
                if (!part.SequenceEqual(old.AsSpan(piece, part.Length)))
                {
                    device.Write(start + piece, part);
                }
            }
        }
    }
}
