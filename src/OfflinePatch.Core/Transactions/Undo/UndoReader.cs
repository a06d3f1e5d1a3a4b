using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using OfflinePatch.Core.Hosting;

namespace OfflinePatch.Core.Undo;

/// <summary>Reads an undo file after checking all of it: a damaged one must never be written over an image.</summary>
internal sealed class UndoReader
{
    private readonly IHostHandle _input;
    private readonly byte[] _header = new byte[UndoLayout.HeaderSize];
    private readonly long _end;
    private long _position = UndoLayout.HeaderSize;

    /// <exception cref="CorruptImageException"><c>CORE-0023</c>: the undo file is damaged.</exception>
    public UndoReader(IHostHandle input)
    {
        _input = input;
        if (input.Length < UndoLayout.HeaderSize)
        {
            throw Damaged(0, $"at least {UndoLayout.HeaderSize} bytes", $"{input.Length}");
        }

        input.Read(0, _header);
        if (!_header.AsSpan().StartsWith(UndoLayout.Magic))
        {
            throw Damaged(0, "the signature of an undo file", "something else");
        }

        Span<byte> hash = stackalloc byte[UndoLayout.HashSize];
        XxHash128.Hash(_header.AsSpan(0, UndoLayout.Header.HeaderHash), hash);
        if (!hash.SequenceEqual(_header.AsSpan(UndoLayout.Header.HeaderHash, hash.Length)))
        {
            throw Damaged(UndoLayout.Header.HeaderHash, "the checksum of the header", "another one");
        }

        var version = BinaryPrimitives.ReadUInt32LittleEndian(_header.AsSpan(UndoLayout.Header.Version));
        if (version != UndoLayout.Version)
        {
            throw Damaged(UndoLayout.Header.Version, $"version {UndoLayout.Version}", $"version {version}");
        }

        var bodyLength = BinaryPrimitives.ReadInt64LittleEndian(_header.AsSpan(UndoLayout.Header.BodyLength));
        if (bodyLength < 0 || bodyLength > input.Length - UndoLayout.HeaderSize)
        {
            throw Damaged(UndoLayout.Header.BodyLength, $"at most {input.Length - UndoLayout.HeaderSize}", $"{bodyLength}");
        }

        _end = UndoLayout.HeaderSize + bodyLength;
        CheckBody();
    }

    public UndoState State => (UndoState)BinaryPrimitives.ReadUInt32LittleEndian(_header.AsSpan(UndoLayout.Header.State));

    /// <summary>The header, to be written back with another state.</summary>
    public Span<byte> Header => _header;

    /// <summary>The files in order; each must be read to its end before the next.</summary>
    public IEnumerable<UndoFileRecord> Files()
    {
        _position = UndoLayout.HeaderSize;
        var count = BinaryPrimitives.ReadInt32LittleEndian(_header.AsSpan(UndoLayout.Header.FileCount));
        Bound(count, 1, UndoLayout.MaxFiles, "file count");
        for (var i = 0; i < count; i++)
        {
            var record = Take(UndoLayout.File.Size);
            var pathLength = BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(UndoLayout.File.PathLength));
            Bound(pathLength, 1, UndoLayout.MaxPath, "path length");
            var oldLength = BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(UndoLayout.File.OldLength));
            var newLength = BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(UndoLayout.File.NewLength));
            var ticks = BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(UndoLayout.File.OldWriteTime));
            Bound(oldLength, 0, long.MaxValue, "old length");
            Bound(newLength, 0, long.MaxValue, "new length");
            Bound(ticks, 0, DateTime.MaxValue.Ticks, "write time");
            var ranges = BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(UndoLayout.File.RangeCount));
            Bound(ranges, 0, (_end - _position) / UndoLayout.Range.Size, "range count");
            var name = Encoding.UTF8.GetString(Take(pathLength));
            if (!HostNames.IsPlain(name))
            {
                // Every part of an image lies in its folder: an undo file that reaches elsewhere was not written by a commit.
                throw Damaged(_position - pathLength, "a file in the folder of the image", name);
            }

            yield return new UndoFileRecord(
                name, oldLength, newLength, new DateTime(ticks, DateTimeKind.Utc), ranges, record.AsMemory(UndoLayout.File.Samples, UndoLayout.HashSize));
        }
    }

    /// <summary>The ranges of the file that <see cref="Files"/> returned last, with their old bytes.</summary>
    public IEnumerable<UndoRange> Ranges(UndoFileRecord file)
    {
        for (var i = 0; i < file.RangeCount; i++)
        {
            var (range, oldLength, isZero, newHash) = TakeRange(file);
            yield return new UndoRange(range, isZero ? new byte[oldLength] : Take(oldLength), newHash);
        }
    }

    /// <summary>What the commit wrote to the file that <see cref="Files"/> returned last, without a look at the old bytes.</summary>
    public List<ByteRange> WrittenRanges(UndoFileRecord file)
    {
        var ranges = new List<ByteRange>(file.RangeCount);
        for (var i = 0; i < file.RangeCount; i++)
        {
            var (range, oldLength, isZero, _) = TakeRange(file);
            Skip(isZero ? 0 : oldLength);
            if (range.Length > 0)
            {
                ranges.Add(range);
            }
        }

        return ranges;
    }

    private (ByteRange Range, int OldLength, bool IsZero, ReadOnlyMemory<byte> NewHash) TakeRange(UndoFileRecord file)
    {
        var record = Take(UndoLayout.Range.Size);
        var offset = BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(UndoLayout.Range.Offset));
        var length = BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(UndoLayout.Range.Length));
        var oldLength = BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(UndoLayout.Range.OldLength));
        var isZero = BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(UndoLayout.Range.OldIsZero));
        Bound(length, 0, FileChange.MaxRange, "range length");
        Bound(oldLength, 0, FileChange.MaxRange, "old range length");
        Bound(isZero, 0, 1, "mark of zeros");
        Bound(offset, 0, Math.Max(file.NewLength - length, file.OldLength - oldLength), "range offset"); // what was cut off lies past the new end
        return (new ByteRange(offset, length), oldLength, isZero == 1, record.AsMemory(UndoLayout.Range.NewHash, UndoLayout.HashSize));
    }

    private byte[] Take(int count)
    {
        var bytes = new byte[count];
        var start = Skip(count);
        _input.Read(start, bytes);
        return bytes;
    }

    /// <summary>Passes over bytes of the body; returns where they start.</summary>
    private long Skip(int count)
    {
        if (count > _end - _position)
        {
            throw Damaged(_position, $"{count} bytes", $"{_end - _position}");
        }

        _position += count;
        return _position - count;
    }

    private void CheckBody()
    {
        var hash = new XxHash128();
        var buffer = ArrayPool<byte>.Shared.Rent(FileChange.MaxRange);
        for (long position = UndoLayout.HeaderSize; position < _end;)
        {
            var count = (int)Math.Min(FileChange.MaxRange, _end - position);
            _input.Read(position, buffer.AsSpan(0, count));
            hash.Append(buffer.AsSpan(0, count));
            position += count;
        }

        ArrayPool<byte>.Shared.Return(buffer);
        if (!hash.GetCurrentHash().AsSpan().SequenceEqual(_header.AsSpan(UndoLayout.Header.BodyHash, UndoLayout.HashSize)))
        {
            throw Damaged(UndoLayout.Header.BodyHash, "the checksum of the body", "another one");
        }
    }

    private void Bound(long value, long least, long most, string what)
    {
        if (value < least || value > most)
        {
            throw Damaged(_position, $"a {what} of {least} to {most}", $"{value}");
        }
    }

    private CorruptImageException Damaged(long offset, string expected, string actual) =>
        CoreError.DamagedUndoFile(_input.Path, offset, expected, actual);
}

/// <summary>One host file in an undo file.</summary>
/// <param name="FileName">Its name in the image's folder.</param>
/// <param name="OldLength">Bytes before the commit.</param>
/// <param name="NewLength">Bytes after it.</param>
/// <param name="OldWriteTimeUtc">Its time before the commit.</param>
/// <param name="RangeCount">How many ranges follow.</param>
/// <param name="Samples">Hash of blocks that the commit left alone.</param>
internal sealed record UndoFileRecord(string FileName, long OldLength, long NewLength, DateTime OldWriteTimeUtc, int RangeCount, ReadOnlyMemory<byte> Samples);

/// <summary>One range in an undo file.</summary>
/// <param name="Range">What the commit wrote.</param>
/// <param name="OldBytes">What was there; shorter where the file ended.</param>
/// <param name="NewHash">Hash of what the commit wrote.</param>
internal sealed record UndoRange(ByteRange Range, byte[] OldBytes, ReadOnlyMemory<byte> NewHash);
