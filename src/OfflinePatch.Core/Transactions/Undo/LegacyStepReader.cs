using System.Buffers.Binary;
using System.Text;
using System.Buffers;
using System.IO.Hashing;

namespace OfflinePatch.Core.Transactions.Undo;

/// <summary>
/// Reads undo files of version 2, which are no longer written. They carry no code of their writer and no identity of the files, one hash
/// for each range, and a hash of some blocks that the change leaves alone. So they undo a complete change when the user says so, and are
/// never applied without being asked.
/// </summary>
internal sealed class LegacyStepReader(IHostHandle input, StepHeader header)
{
    public const uint Version = 2;

    private readonly long _end = StepLayout.Header.Size + header.BodyLength;
    private long _position = StepLayout.Header.Size;
    private int _rangeCount;

    private static class File
    {
        public const int OldLength = 0x00;    // u64
        public const int NewLength = 0x08;    // u64
        public const int OldWriteTime = 0x10; // u64, ticks of DateTime, UTC
        public const int RangeCount = 0x18;   // u32
        public const int NameLength = 0x1C;   // u32, bytes of UTF-8 that follow
        public const int Samples = 0x20;      // 16 bytes, see LegacySamples
        public const int Size = 0x30;
    }

    private static class Range
    {
        public const int Offset = 0x00;    // u64
        public const int NewLength = 0x08; // u32
        public const int OldLength = 0x0C; // u32
        public const int OldIsZero = 0x10; // u32, 1 where the old bytes were zeros, and do not follow
        public const int NewHash = 0x18;   // 16 bytes, XXH3-128 of what the change wrote
        public const int Size = 0x28;
    }

    // Where version 2 keeps the hash of the body: XXH3-128.
    private const int BodyHash = 0x28;

    /// <summary>The files that the change writes.</summary>
    /// <exception cref="CorruptImageException"><c>CORE-0023</c>: the undo file is damaged.</exception>
    public IReadOnlyList<StepRecord> Read()
    {
        CheckBody();
        var records = new List<StepRecord>();
        for (var i = 0; i < header.FileCount; i++)
        {
            records.Add(ReadFile(i));
        }

        return records;
    }

    private StepRecord ReadFile(int index)
    {
        var record = Take(File.Size);
        var nameLength = Number(record, File.NameLength, 1, StepLayout.MaxName, "name length");
        var rangeCount = Number(record, File.RangeCount, 0,
            (int)Math.Min(StepLayout.MaxRanges - _rangeCount, (_end - _position) / Range.Size), "range count");
        _rangeCount += rangeCount;
        var oldLength = LongNumber(record, File.OldLength, 0, long.MaxValue, "old length");
        var newLength = LongNumber(record, File.NewLength, 0, long.MaxValue, "new length");
        var ticks = LongNumber(record, File.OldWriteTime, 0, DateTime.MaxValue.Ticks, "write time");
        var name = Encoding.UTF8.GetString(Take(nameLength));
        if (!HostNames.IsPlainHere(name))
        {
            throw Damaged(_position - nameLength, "a file in the folder of the image", name);
        }

        var ranges = new StepRange[rangeCount];
        var end = 0L;
        for (var i = 0; i < rangeCount; i++)
        {
            ranges[i] = ReadRange(oldLength, newLength, end);
            end = ranges[i].Offset + ranges[i].Length;
        }

        return new StepRecord(
            index, name, oldLength, newLength, FileTimestamp.FromUtc(new DateTime(ticks, DateTimeKind.Utc)), null, default, ranges, null,
            record.AsMemory(File.Samples, StepLayout.ShortHashSize));
    }

    private StepRange ReadRange(long oldLength, long newLength, long min)
    {
        var start = _position;
        var record = Take(Range.Size);
        var newCount = Number(record, Range.NewLength, 0, HostFileChange.MaxRange, "range length");
        var oldCount = Number(record, Range.OldLength, 0, HostFileChange.MaxRange, "old range length");
        var isZero = Number(record, Range.OldIsZero, 0, 1, "mark of zeros") == 1;
        var offset = LongNumber(record, Range.Offset, min, long.MaxValue - HostFileChange.MaxRange, "range offset");
        if ((newCount > 0 && offset + newCount > newLength) || (oldCount > 0 && offset + oldCount > oldLength))
        {
            throw Damaged(start, "a range inside the file", $"{Math.Max(newCount, oldCount)} bytes at {offset}");
        }

        return new StepRange(offset, newCount, oldCount, isZero ? OldBytesKind.Zero : OldBytesKind.Stored, start + Range.NewHash,
            isZero ? 0 : Skip(oldCount));
    }

    private void CheckBody()
    {
        var hash = new XxHash128();
        var buffer = ArrayPool<byte>.Shared.Rent(HostFileChange.MaxRange);
        try
        {
            for (var position = _position; position < _end;)
            {
                var count = (int)Math.Min(HostFileChange.MaxRange, _end - position);
                input.Read(position, buffer.AsSpan(0, count));
                hash.Append(buffer.AsSpan(0, count));
                position += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (!hash.GetCurrentHash().AsSpan().SequenceEqual(header.Bytes.Slice(BodyHash, StepLayout.ShortHashSize)))
        {
            throw Damaged(BodyHash, "the checksum of the body", "another one");
        }
    }

    private byte[] Take(int count)
    {
        var bytes = new byte[count];
        input.Read(Skip(count), bytes);
        return bytes;
    }

    private long Skip(int count)
    {
        if (count > _end - _position)
        {
            throw Damaged(_position, $"{count} bytes", $"{_end - _position}");
        }

        _position += count;
        return _position - count;
    }

    private int Number(byte[] record, int offset, int min, int max, string what) =>
        (int)Bound(BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(offset)), min, max, what);

    private long LongNumber(byte[] record, int offset, long min, long max, string what) =>
        Bound(BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(offset)), min, max, what);

    private long Bound(long value, long min, long max, string what) =>
        value >= min && value <= max ? value : throw Damaged(_position, $"a {what} of {min} to {max}", $"{value}");

    private CorruptImageException Damaged(long offset, string expected, string actual) =>
        UndoError.Damaged(input.Path, offset, expected, actual);
}
