using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Tests.Replay;

/// <summary>Fills a buffer from an offset.</summary>
internal delegate void ReadAt(long offset, Span<byte> buffer);

/// <summary>
/// Compares a volume before and after: FILE records and index blocks decoded, up to the bytes in use and without LSN; everything else byte
/// for byte.
/// </summary>
internal static class VolumeComparison
{
    /// <param name="unlogged">Positions of FILE records whose resident content Windows wrote without logging it.</param>
    /// <param name="ignored">Offsets from and to that are not compared: the log itself.</param>
    public static (int Count, string Example) Differences(BlockDevice before, ReadAt after, VolumeGeometry geometry, HashSet<long> unlogged,
        List<(long From, long To)>? ignored = null)
    {
        var count = 0;
        var example = "";
        var a = new byte[4096];
        var b = new byte[4096];
        for (long at = 0; at + 4096 <= before.Length; at += 4096)
        {
            if (at % 65536 == 0 && before.GetExtent(at) is { IsZero: true } zeros && zeros.Length >= 65536 && ignored is null)
            {
                at += (zeros.Length / 4096 * 4096) - 4096; // nothing was ever written there, and no change of a log leads there
                continue;
            }

            before.Read(at, a);
            after(at, b);
            if (a.AsSpan().SequenceEqual(b) || ignored?.Any(r => at >= r.From && at < r.To) == true)
            {
                continue;
            }

            for (var i = 0; i < 4096;)
            {
                var size = a.AsSpan(i, 4).SequenceEqual("FILE"u8) ? geometry.RecordSize : a.AsSpan(i, 4).SequenceEqual("INDX"u8) ? 4096
                    : 512;
                var (x, y) = (a.AsSpan(i, size).ToArray(), b.AsSpan(i, size).ToArray());
                if (!unlogged.Contains(at + i) && !Same(x, y))
                {
                    count++;
                    example = example.Length == 0 ? $"0x{at + i:X}: {Describe(x, y)}" : example;
                }

                i += size;
            }
        }

        return (count, example);
    }

    private static string Describe(byte[] a, byte[] b)
    {
        var first = Enumerable.Range(16, a.Length - 16).FirstOrDefault(i => a[i] != b[i] && (i < 0x28 || i > 0x3C));
        return $"{System.Text.Encoding.ASCII.GetString(a, 0, 4)} record {BitConverter.ToUInt32(a, 0x2C)} at 0x{first:X}: {a[first]:X2} "
            + $"{b[first]:X2}, used 0x{BitConverter.ToInt32(a, 0x18):X} 0x{BitConverter.ToInt32(b, 0x18):X}";
    }

    private static bool Same(byte[] a, byte[] b)
    {
        if (a.Length == 512)
        {
            // one volume was filled with a pattern: Windows logged it as padding between security descriptors, and put zeros there in the
            // end
            return Enumerable.Range(0, 512).All(i => a[i] == b[i] || (a[i] == 0 && "PTRN".Contains((char)b[i], StringComparison.Ordinal)));
        }

        if (!UpdateSequence.TryDecode(a) || !UpdateSequence.TryDecode(b))
        {
            return false;
        }

        var isFile = a[0] == (byte)'F';
        if (isFile && (a[0x16] & 1) == 0 && (b[0x16] & 1) == 0)
        {
            return a.AsSpan(0x10, 2).SequenceEqual(b.AsSpan(0x10, 2)); // a free record: its old content does not matter
        }

        var used = isFile ? BitConverter.ToInt32(a, 0x18) : 0x18 + BitConverter.ToInt32(a, 0x1C);
        var array = 2 * BitConverter.ToUInt16(a, 6);
        foreach (var bytes in new[] { a, b })
        {
            bytes.AsSpan(8, 8).Clear();
            bytes.AsSpan(isFile ? 0x30 : 0x28, array).Clear();
            bytes.AsSpan(isFile ? 0x28 : 0x24, isFile ? 2 : 4).Clear(); // the next attribute id only grows
        }

        return a.AsSpan(0, used).SequenceEqual(b.AsSpan(0, used));
    }
}
