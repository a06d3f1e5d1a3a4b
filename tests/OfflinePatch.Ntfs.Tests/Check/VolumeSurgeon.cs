using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Tests.Check;

/// <summary>
/// Changes single fields of a volume below all engines: records and index blocks are decoded, changed, and protected again.
/// </summary>
internal sealed class VolumeSurgeon
{
    private readonly List<(long Vcn, long Lcn, long Count)> _mft;

    public VolumeSurgeon(BlockDevice device)
    {
        Device = device;
        var boot = new byte[512];
        device.Read(0, boot);
        Sectors = BinaryPrimitives.ReadInt64LittleEndian(boot.AsSpan(0x28));
        SectorSize = BinaryPrimitives.ReadUInt16LittleEndian(boot.AsSpan(0x0B));
        ClusterSize = SectorSize * (boot[0x0D] <= 128 ? boot[0x0D] : 1 << (256 - boot[0x0D]));
        RecordSize = boot[0x40] >= 128 ? 1 << (256 - boot[0x40]) : boot[0x40] * ClusterSize;
        Mirror = BinaryPrimitives.ReadInt64LittleEndian(boot.AsSpan(0x38)) * ClusterSize;
        var record = new byte[RecordSize];
        device.Read(BinaryPrimitives.ReadInt64LittleEndian(boot.AsSpan(0x30)) * ClusterSize, record);
        Assert.True(UpdateSequence.TryDecode(record));
        _mft = Runs(record, Attribute(record, AttributeType.Data));
        RecordCount = BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(Attribute(record, AttributeType.Data) + 0x30)) / RecordSize;
    }

    public BlockDevice Device { get; }

    public long Sectors { get; }

    public int SectorSize { get; }

    public int ClusterSize { get; }

    public int RecordSize { get; }

    public long Mirror { get; }

    public long RecordCount { get; }

    public long Position(long number)
    {
        var at = number * RecordSize;
        var run = _mft.First(r => at >= r.Vcn * ClusterSize && at < (r.Vcn + r.Count) * ClusterSize);
        return (run.Lcn * ClusterSize) + at - (run.Vcn * ClusterSize);
    }

    public byte[] Record(long number)
    {
        var record = new byte[RecordSize];
        Device.Read(Position(number), record);
        Assert.True(UpdateSequence.TryDecode(record));
        return record;
    }

    /// <summary>Changes a record; the mirror follows, so that nothing else is wrong.</summary>
    public void Edit(long number, Action<byte[]> change)
    {
        var record = Record(number);
        change(record);
        Assert.True(UpdateSequence.TryEncode(record));
        Device.Write(Position(number), record);
        if (number < 4)
        {
            Device.Write(Mirror + (number * RecordSize), record);
        }
    }

    /// <summary>Offset of an attribute in a decoded record.</summary>
    public static int Attribute(byte[] record, AttributeType type, string name = "")
    {
        var offset = BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(0x14));
        foreach (var attribute in FileRecord.Create(record, 0))
        {
            if (attribute.Type == type && attribute.HasName(name))
            {
                return offset;
            }

            offset += (ushort)attribute.Length;
        }

        throw new InvalidOperationException($"no {type}:{name}");
    }

    public static bool Has(byte[] record, AttributeType type, string name = "") => FileRecord.Create(record, 0).TryFind(type, name, out _);

    /// <summary>Offset of a resident value in the record.</summary>
    public static int Value(byte[] record, AttributeType type, string name = "")
    {
        var at = Attribute(record, type, name);
        return at + BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(at + 0x14));
    }

    /// <summary>The first record from <paramref name="from"/> on that is in use and fits.</summary>
    public long Find(long from, Func<byte[], bool> fits)
    {
        for (var number = from; number < RecordCount; number++)
        {
            var raw = new byte[RecordSize];
            Device.Read(Position(number), raw);
            if (raw.AsSpan(0, 4).SequenceEqual("FILE"u8) && (raw[0x16] & 1) != 0 && UpdateSequence.TryDecode(raw) && fits(raw))
            {
                return number;
            }
        }

        throw new InvalidOperationException("no such record");
    }

    public List<(long Vcn, long Lcn, long Count)> Runs(byte[] record, int attribute)
    {
        var at = attribute + BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(attribute + 0x20));
        var runs = new List<(long, long, long)>();
        long vcn = 0, lcn = 0;
        while (record[at] != 0)
        {
            int lengthBytes = record[at] & 15, offsetBytes = record[at] >> 4;
            long count = 0, delta = offsetBytes > 0 && record[at + lengthBytes + offsetBytes] >= 0x80 ? -1 : 0;
            for (var i = lengthBytes; i > 0; i--)
            {
                count = (count << 8) | record[at + i];
            }

            for (var i = offsetBytes; i > 0; i--)
            {
                delta = (delta << 8) | record[at + lengthBytes + i];
            }

            lcn += delta;
            runs.Add((vcn, offsetBytes == 0 ? -1 : lcn, count));
            vcn += count;
            at += 1 + lengthBytes + offsetBytes;
        }

        return runs;
    }

    /// <summary>Where byte <paramref name="offset"/> of a non-resident stream is on the device.</summary>
    public long Locate(long number, AttributeType type, string name, long offset)
    {
        var record = Record(number);
        foreach (var (vcn, lcn, count) in Runs(record, Attribute(record, type, name)))
        {
            if (offset < (vcn + count) * ClusterSize)
            {
                return (lcn * ClusterSize) + offset - (vcn * ClusterSize);
            }
        }

        throw new InvalidOperationException("outside");
    }

    /// <summary>Changes the first INDX block of a directory that fits: block, and offsets of its entries without the last.</summary>
    public void EditBlock(long number, Func<byte[], List<int>, bool> change, string name = "$I30")
    {
        var record = Record(number);
        var size = BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(Attribute(record, AttributeType.IndexAllocation, name) + 0x30));
        for (long at = 0; at < size; at += 4096)
        {
            var position = Locate(number, AttributeType.IndexAllocation, name, at);
            var block = new byte[4096];
            Device.Read(position, block);
            if (!block.AsSpan(0, 4).SequenceEqual("INDX"u8) || !UpdateSequence.TryDecode(block) || !change(block, Entries(block)))
            {
                continue;
            }

            Assert.True(UpdateSequence.TryEncode(block));
            Device.Write(position, block);
            return;
        }

        throw new InvalidOperationException("no such block");
    }

    public static List<int> Entries(byte[] block)
    {
        var entries = new List<int>();
        var at = 0x18 + BinaryPrimitives.ReadInt32LittleEndian(block.AsSpan(0x18));
        while ((block[at + 12] & 2) == 0)
        {
            entries.Add(at);
            at += BinaryPrimitives.ReadUInt16LittleEndian(block.AsSpan(at + 8));
        }

        return entries;
    }

    public void Xor(long position, byte mask)
    {
        var one = new byte[1];
        Device.Read(position, one);
        one[0] ^= mask;
        Device.Write(position, one);
    }

    public void SetClusterBit(long cluster, bool value) =>
        SetBit(Locate(6, AttributeType.Data, "", cluster / 8), (int)(cluster % 8), value);

    public void SetRecordBit(long number, bool value) => SetBit(Locate(0, AttributeType.Bitmap, "", number / 8), (int)(number % 8), value);

    public bool ClusterBit(long cluster)
    {
        var one = new byte[1];
        Device.Read(Locate(6, AttributeType.Data, "", cluster / 8), one);
        return (one[0] & (1 << (int)(cluster % 8))) != 0;
    }

    private void SetBit(long position, int bit, bool value)
    {
        var one = new byte[1];
        Device.Read(position, one);
        one[0] = (byte)(value ? one[0] | (1 << bit) : one[0] & ~(1 << bit));
        Device.Write(position, one);
    }
}
