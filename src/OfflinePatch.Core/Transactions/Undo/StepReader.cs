using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace OfflinePatch.Core.Transactions.Undo;

/// <summary>
/// Reads the records of an undo file of version 3, after checking all of it: a damaged one must never be written over an image.
/// </summary>
internal sealed class StepReader
{
    private const int MaxNanoseconds = 999_999_999;

    private readonly IHostHandle _input;
    private readonly StepHeader _header;
    private readonly long _end;
    private long _position = StepLayout.Header.Size;
    private int _rangeCount;
    private int _runCount;

    private StepReader(IHostHandle input, StepHeader header)
    {
        _input = input;
        _header = header;
        _end = StepLayout.Header.Size + header.BodyLength;
    }

    /// <summary>The files of a step, the one that was named first.</summary>
    /// <exception cref="CorruptImageException"><c>CORE-0023</c>: the undo file is damaged.</exception>
    public static IReadOnlyList<StepRecord> Read(IHostHandle input, StepHeader header)
    {
        if (header.Version == LegacyStepReader.Version)
        {
            return new LegacyStepReader(input, header).Read();
        }

        var reader = new StepReader(input, header);
        CheckHash(input, StepLayout.Header.Size, header.BodyLength, header.BodyHash, StepLayout.Header.BodyHash);
        return reader.ReadRecords();
    }

    /// <summary>
    /// Which file was named when the step was made, as its undo file says: nothing is checked, so this only tells which undo files are
    /// worth reading.
    /// </summary>
    public static FileIdentity ReadMainIdentity(IHostHandle input)
    {
        var record = new byte[StepLayout.File.Size];
        input.Read(StepLayout.Header.Size, record);
        return ReadIdentity(record);
    }

    private List<StepRecord> ReadRecords()
    {
        var records = new List<StepRecord>();
        for (var i = 0; i < _header.FileCount; i++)
        {
            records.Add(ReadFile(i));
        }

        for (var i = 0; i < records.Count; i++)
        {
            records[i] = records[i] with { Evidence = ReadEvidence(records[i]) };
        }

        return ReadTail() is { } tail
            ? records.ConvertAll(r => r with
            {
                NewTime = ReadTime(tail.AsSpan(r.Index * StepLayout.Tail.Size), StepLayout.Tail.WriteSeconds,
                    StepLayout.Tail.WriteNanoseconds),
            })
            : records;
    }

    private StepRecord ReadFile(int index)
    {
        var record = Take(StepLayout.File.Size);
        var oldLength = ReadInt64(record, StepLayout.File.OldLength, 0, long.MaxValue, "old length");
        var newLength = ReadInt64(record, StepLayout.File.NewLength, 0, long.MaxValue, "new length");
        var nameLength = ReadInt32(record, StepLayout.File.NameLength, 1, StepLayout.MaxName, "name length");
        var rangeCount = ReadInt32(record, StepLayout.File.RangeCount, 0, StepLayout.MaxRanges - _rangeCount, "range count");
        Bound(rangeCount, 0, (_end - _position) / StepLayout.Range.Size, "range count");
        _rangeCount += rangeCount;
        var identity = ReadIdentity(record);
        Bound(identity.Birth?.Nanoseconds ?? 0, 0, MaxNanoseconds, "number of nanoseconds");
        var name = Encoding.UTF8.GetString(Take(nameLength));
        if (!HostNames.IsPlainHere(name))
        {
            // Every part of an image lies in its folder: an undo file that reaches elsewhere was not written by a commit.
            throw Damaged(_position - nameLength, "a file in the folder of the image", name);
        }

        var ranges = new StepRange[rangeCount];
        var end = 0L;
        for (var i = 0; i < rangeCount; i++)
        {
            ranges[i] = ReadRange(oldLength, newLength, end);
            end = ranges[i].Offset + ranges[i].Length;
        }

        // What the change cuts off is in ranges of their own, all of it. Else the file would get a length whose bytes nobody has.
        var restored = newLength;
        foreach (var range in ranges)
        {
            restored += range.NewLength == 0 && range.Offset == restored ? range.OldLength : 0;
        }

        if (restored < oldLength)
        {
            throw Damaged(_position, $"the old bytes from {newLength} to {oldLength}", $"those up to {restored}");
        }

        var time = ReadTime(record, StepLayout.File.WriteSeconds, StepLayout.File.WriteNanoseconds);
        return new StepRecord(index, name, oldLength, newLength, time, null, identity, ranges, null);
    }

    private StepRange ReadRange(long oldLength, long newLength, long min)
    {
        var record = Take(StepLayout.Range.Size);
        var newCount = ReadInt32(record, StepLayout.Range.NewLength, 0, HostFileChange.MaxRange, "range length");
        var oldCount = ReadInt32(record, StepLayout.Range.OldLength, 0, HostFileChange.MaxRange, "old range length");
        var offset = ReadInt64(record, StepLayout.Range.Offset, min, long.MaxValue - HostFileChange.MaxRange, "range offset");
        Bound(offset + newCount, 0, newCount == 0 ? long.MaxValue : newLength, "range end");
        Bound(offset + oldCount, 0, oldCount == 0 ? long.MaxValue : oldLength, "range end");
        var kind = (OldBytesKind)ReadInt32(record, StepLayout.Range.OldKind, 0, (int)OldBytesKind.Hole, "kind of old bytes");
        var hashes = Skip((newCount + StepLayout.SectorSize - 1) / StepLayout.SectorSize * StepLayout.SectorHashSize);
        return new StepRange(offset, newCount, oldCount, kind, hashes, kind == OldBytesKind.Stored ? Skip(oldCount) : 0);
    }

    private StepEvidence ReadEvidence(StepRecord file)
    {
        var record = Take(StepLayout.ReadSet.Size);
        var count = ReadInt32(record, StepLayout.ReadSet.RunCount, 0,
            (int)Math.Min(StepLayout.MaxRanges, (_end - _position) / StepLayout.ReadSet.RunSize), "run count");
        Bound(_runCount += count, 0, StepLayout.MaxRanges, "run count");
        var hash = record.AsMemory(StepLayout.ReadSet.Hash, StepLayout.ShortHashSize);
        var runs = new ByteRange[count];
        for (var i = 0; i < count; i++)
        {
            var run = Take(StepLayout.ReadSet.RunSize);
            var length = ReadInt32(run, 8, 0, HostFileChange.MaxRange, "run length");
            runs[i] = new ByteRange(ReadInt64(run, 0, 0, Math.Max(0, Math.Min(file.OldLength, file.NewLength) - length), "run offset"),
                length);
        }

        return new StepEvidence(runs, hash);
    }

    private byte[]? ReadTail()
    {
        if (_header.TailLength != _header.FileCount * StepLayout.Tail.Size)
        {
            return _header.TailLength == 0 ? null
                : throw Damaged(StepLayout.Header.TailLength, $"{_header.FileCount} times", $"{_header.TailLength} bytes");
        }

        CheckHash(_input, _end, _header.TailLength, _header.TailHash, StepLayout.Header.TailHash);
        var tail = new byte[_header.TailLength];
        _input.Read(_end, tail);
        return tail;
    }

    private static void CheckHash(IHostHandle input, long start, long length, ReadOnlySpan<byte> expected, int field)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(HostFileChange.MaxRange);
        try
        {
            for (var done = 0L; done < length;)
            {
                var count = (int)Math.Min(HostFileChange.MaxRange, length - done);
                input.Read(start + done, buffer.AsSpan(0, count));
                hash.AppendData(buffer, 0, count);
                done += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (!expected.SequenceEqual(hash.GetHashAndReset()))
        {
            throw UndoError.Damaged(input.Path, field, "the checksum of the content", "another one");
        }
    }

    private static FileIdentity ReadIdentity(ReadOnlySpan<byte> record) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(record[StepLayout.File.Device..]),
        BinaryPrimitives.ReadUInt64LittleEndian(record[StepLayout.File.Inode..]),
        record[StepLayout.File.HasBirth] == 0 ? null : new FileTimestamp(
            BinaryPrimitives.ReadInt64LittleEndian(record[StepLayout.File.BirthSeconds..]),
            BinaryPrimitives.ReadInt32LittleEndian(record[StepLayout.File.BirthNanoseconds..])));

    private FileTimestamp ReadTime(ReadOnlySpan<byte> record, int seconds, int nanoseconds)
    {
        var fraction = BinaryPrimitives.ReadInt32LittleEndian(record[nanoseconds..]);
        Bound(fraction, 0, MaxNanoseconds, "number of nanoseconds");
        return new FileTimestamp(BinaryPrimitives.ReadInt64LittleEndian(record[seconds..]), fraction);
    }

    private long ReadInt64(byte[] record, int offset, long min, long max, string what)
    {
        var value = BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(offset));
        Bound(value, min, max, what);
        return value;
    }

    private int ReadInt32(byte[] record, int offset, int min, int max, string what)
    {
        var value = BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(offset));
        Bound(value, min, max, what);
        return value;
    }

    private byte[] Take(int count)
    {
        var bytes = new byte[count];
        _input.Read(Skip(count), bytes);
        return bytes;
    }

    /// <summary>Skips bytes of the body; returns where they start.</summary>
    private long Skip(int count)
    {
        if (count > _end - _position)
        {
            throw Damaged(_position, $"{count} bytes", $"{_end - _position}");
        }

        _position += count;
        return _position - count;
    }

    private void Bound(long value, long min, long max, string what)
    {
        if (value < min || value > max)
        {
            throw Damaged(_position, $"a {what} of {min} to {max}", $"{value}");
        }
    }

    private CorruptImageException Damaged(long offset, string expected, string actual) =>
        UndoError.Damaged(_input.Path, offset, expected, actual);
}
