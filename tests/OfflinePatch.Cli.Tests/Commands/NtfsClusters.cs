using System.Buffers.Binary;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>
/// The clusters of files on an NTFS volume in a host file, and their bits in $Bitmap; by the offsets of the format alone. For volumes whose
/// $MFT begins with one run that is long enough.
/// </summary>
internal sealed class NtfsClusters : IDisposable
{
    private readonly FileStream _file;
    private readonly long _start;
    private readonly int _clusterSize;
    private readonly long _mft;
    private readonly int _recordSize;

    /// <param name="path">The image, raw.</param>
    /// <param name="start">First byte of the volume.</param>
    public NtfsClusters(string path, long start = 0)
    {
        _file = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        _start = start;
        var boot = Read(0, 512);
        _clusterSize = BinaryPrimitives.ReadUInt16LittleEndian(boot.AsSpan(0x0B)) * boot[0x0D];
        _mft = BinaryPrimitives.ReadInt64LittleEndian(boot.AsSpan(0x30)) * _clusterSize;
        _recordSize = boot[0x40] > 127 ? 1 << (256 - boot[0x40]) : boot[0x40] * _clusterSize;
    }

    public void Dispose() => _file.Dispose();

    /// <summary>The bytes of a non-resident unnamed $DATA where they lie.</summary>
    public byte[] Stored(long record) => [.. Runs(record).SelectMany(r => Read(r.Lcn * _clusterSize, (int)(r.Count * _clusterSize)))];

    /// <summary>Marks every cluster of a file as free, and returns how many there are.</summary>
    public long MarkFree(long record)
    {
        var bitmap = Runs(6)[0].Lcn * _clusterSize;
        var count = 0L;
        foreach (var (lcn, length) in Runs(record))
        {
            for (var cluster = lcn; cluster < lcn + length; cluster++, count++)
            {
                var one = Read(bitmap + (cluster / 8), 1);
                one[0] &= (byte)(0xFF ^ (1 << (int)(cluster % 8)));
                _file.Seek(_start + bitmap + (cluster / 8), SeekOrigin.Begin);
                _file.Write(one);
            }
        }

        return count;
    }

    private List<(long Lcn, long Count)> Runs(long number)
    {
        var record = Read(_mft + (number * _recordSize), _recordSize);
        int array = BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(4));
        for (var i = 1; i < BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(6)); i++)
        {
            record.AsSpan(array + (2 * i), 2).CopyTo(record.AsSpan((i * 512) - 2));
        }

        int at = BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(20));
        while (BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(at)) != 0x80 || record[at + 9] != 0)
        {
            at += BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(at + 4));
        }

        Assert.Equal(1, record[at + 8]);
        at += BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(at + 32));
        var runs = new List<(long, long)>();
        for (var lcn = 0L; record[at] != 0;)
        {
            int lengthBytes = record[at] & 15, offsetBytes = record[at] >> 4;
            lcn += Number(record.AsSpan(at + 1 + lengthBytes, offsetBytes));
            if (offsetBytes > 0)
            {
                runs.Add((lcn, Number(record.AsSpan(at + 1, lengthBytes))));
            }

            at += 1 + lengthBytes + offsetBytes;
        }

        return runs;
    }

    private static long Number(ReadOnlySpan<byte> bytes)
    {
        var value = bytes.Length > 0 && bytes[^1] >= 0x80 ? -1L : 0;
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            value = (value << 8) | bytes[i];
        }

        return value;
    }

    private byte[] Read(long offset, int count)
    {
        var bytes = new byte[count];
        _file.Seek(_start + offset, SeekOrigin.Begin);
        _file.ReadExactly(bytes);
        return bytes;
    }
}
