using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using OfflinePatch.Core.Hosting;

namespace OfflinePatch.Core.Undo;

/// <summary>Writes an undo file: the old bytes of everything that a commit will change.</summary>
internal sealed class UndoWriter(IHostHandle output)
{
    private readonly XxHash128 _hash = new();
    private long _position = UndoLayout.HeaderSize;

    /// <summary>Writes the body, then the header, and makes both durable.</summary>
    public void Write(IReadOnlyList<FileChange> changes, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(FileChange.MaxRange);
        try
        {
            foreach (var change in changes)
            {
                WriteFile(change);
                foreach (var range in change.Ranges)
                {
                    cancellation.ThrowIfCancellationRequested();
                    WriteRange(change, range, range.Length, buffer);
                }

                foreach (var range in change.CutOff())
                {
                    WriteRange(change, range, written: 0, buffer);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        output.Flush();
        Span<byte> header = stackalloc byte[UndoLayout.HeaderSize];
        header.Clear();
        UndoLayout.Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[UndoLayout.Header.Version..], UndoLayout.Version);
        BinaryPrimitives.WriteInt64LittleEndian(header[UndoLayout.Header.BodyLength..], _position - UndoLayout.HeaderSize);
        BinaryPrimitives.WriteInt32LittleEndian(header[UndoLayout.Header.FileCount..], changes.Count);
        BinaryPrimitives.WriteInt64LittleEndian(header[UndoLayout.Header.Created..], DateTime.UtcNow.Ticks);
        _hash.GetCurrentHash(header[UndoLayout.Header.BodyHash..]);
        WriteState(output, header, UndoState.Applying);
    }

    /// <summary>Sets the state in a header, signs it, and makes it durable: one write of one sector.</summary>
    public static void WriteState(IHostHandle output, Span<byte> header, UndoState state)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header[UndoLayout.Header.State..], (uint)state);
        XxHash128.Hash(header[..UndoLayout.Header.HeaderHash], header[UndoLayout.Header.HeaderHash..]);
        output.Write(0, header);
        output.Flush();
    }

    private void WriteFile(FileChange change)
    {
        var path = Encoding.UTF8.GetBytes(Path.GetFileName(change.Handle.Path));
        Span<byte> record = stackalloc byte[UndoLayout.File.Size];
        record.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(record[UndoLayout.File.OldLength..], change.Handle.Length);
        BinaryPrimitives.WriteInt64LittleEndian(record[UndoLayout.File.NewLength..], change.NewLength);
        BinaryPrimitives.WriteInt64LittleEndian(record[UndoLayout.File.OldWriteTime..], change.Handle.LastWriteTimeUtc.Ticks);
        BinaryPrimitives.WriteInt32LittleEndian(record[UndoLayout.File.RangeCount..], change.Ranges.Count + change.CutOff().Count());
        BinaryPrimitives.WriteInt32LittleEndian(record[UndoLayout.File.PathLength..], path.Length);
        ImageSamples.Hash(change.Handle, Math.Min(change.Handle.Length, change.NewLength), change.Ranges, record[UndoLayout.File.Samples..]);
        Append(record);
        Append(path);
    }

    private void WriteRange(FileChange change, ByteRange range, int written, byte[] buffer)
    {
        var kept = (int)Math.Clamp(change.Handle.Length - range.Offset, 0, range.Length);
        Span<byte> record = stackalloc byte[UndoLayout.Range.Size];
        record.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(record[UndoLayout.Range.Offset..], range.Offset);
        BinaryPrimitives.WriteInt32LittleEndian(record[UndoLayout.Range.Length..], written);
        BinaryPrimitives.WriteInt32LittleEndian(record[UndoLayout.Range.OldLength..], kept);
        if (written > 0)
        {
            change.ReadNew(range with { Length = written }, buffer); // what is cut off has no new bytes
        }

        XxHash128.Hash(buffer.AsSpan(0, written), record[UndoLayout.Range.NewHash..]);
        var old = buffer.AsSpan(0, kept);
        var isZero = kept > 0 && change.Handle.GetExtent(range.Offset) is { IsZero: true } hole && hole.Length >= kept;
        if (!isZero)
        {
            change.Handle.Read(range.Offset, old);
            isZero = !old.ContainsAnyExcept((byte)0);
        }

        record[UndoLayout.Range.OldIsZero] = isZero ? (byte)1 : (byte)0;
        Append(record);
        if (!isZero)
        {
            Append(old);
        }
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        output.Write(_position, bytes);
        _hash.Append(bytes);
        _position += bytes.Length;
    }
}
