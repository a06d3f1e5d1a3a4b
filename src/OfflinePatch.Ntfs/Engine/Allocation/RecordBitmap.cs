using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Engine.Storage;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Engine.Allocation;

/// <summary>$MFT's bitmap: which FILE records are in use. Read as a whole when first needed; <see cref="MftGrowth"/> writes it.</summary>
internal sealed class RecordBitmap(RecordStore records, NodeCache nodes, RunDevice device)
{
    /// <summary>Largest $MFT bitmap that is held in memory: 2^32 records, more than NTFS has.</summary>
    private const int MaxSize = 512 * 1024 * 1024;

    private byte[]? _bits;

    /// <summary>Whether it must be written.</summary>
    public bool IsChanged { get; set; }

    /// <summary>Where the search for a free record begins: after the last that was taken, or at one that was freed.</summary>
    public long Cursor { get; set; } = FileReference.FirstUserRecord;

    /// <summary>The bits, record 0 first.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-0140</c>: it is shorter than $MFT, or missing.</exception>
    public byte[] Bits => _bits ??= Read();

    /// <summary>$BITMAP of $MFT.</summary>
    public NodeAttribute Attribute =>
        nodes.Get(FileReference.MftRecord).Find(AttributeType.Bitmap, "") ?? throw NtfsError.BadMetafile("$MFT", "no $BITMAP");

    /// <summary>Whether a record is marked as in use.</summary>
    public bool IsAllocated(long number) => (Bits[number / 8] >> (int)(number % 8) & 1) != 0;

    /// <summary>The first free record from <paramref name="from"/> on, or -1.</summary>
    public long FindFree(long from)
    {
        var bits = Bits;
        var count = records.Count;
        for (var number = from; number < count; number++)
        {
            if (number % 8 == 0)
            {
                while (number + 8 <= count && bits[number / 8] == 0xFF)
                {
                    number += 8;
                }

                if (number >= count)
                {
                    return -1;
                }
            }

            if ((bits[number / 8] >> (int)(number % 8) & 1) == 0)
            {
                return number;
            }
        }

        return -1;
    }

    /// <summary>Marks a record.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-0140</c>: it is marked so already.</exception>
    public void Set(long number, bool value)
    {
        var mask = 1 << (int)(number % 8);
        if ((Bits[number / 8] & mask) != 0 == value)
        {
            throw NtfsError.BadMetafile("$MFT", $"record {number} is {(value ? "taken" : "free")} already in the bitmap");
        }

        Bits[number / 8] ^= (byte)mask;
        IsChanged = true;
    }

    /// <summary>Makes it longer; new records are free.</summary>
    public void Grow(int size)
    {
        var bits = Bits;
        Array.Resize(ref bits, size);
        _bits = bits;
        IsChanged = true;
    }

    private byte[] Read()
    {
        var bits = Attribute.ReadAll(device, FileReference.MftRecord, MaxSize, "$MFT's bitmap");
        return bits.Length * 8L >= records.Count ? bits
            : throw NtfsError.BadMetafile("$MFT", $"a bitmap of {bits.Length * 8L} bits for {records.Count} records");
    }
}
