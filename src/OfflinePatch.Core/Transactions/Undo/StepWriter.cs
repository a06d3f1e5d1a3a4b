using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;

namespace OfflinePatch.Core.Transactions.Undo;

/// <summary>Writes the undo file of a step: the old bytes of everything that the change will overwrite or cut.</summary>
internal sealed class StepWriter : IDisposable
{
    private readonly IHostHandle _output;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _position = StepLayout.Header.Size;

    public StepWriter(IHostHandle output) => _output = output;

    /// <summary>
    /// Writes the body, then the header in state <see cref="StepState.Applying"/>, and makes both durable. The names do not have to be.
    /// </summary>
    /// <param name="changes">What will change, the file that was named first.</param>
    /// <param name="number">Place of the step in the history.</param>
    /// <param name="label">The command.</param>
    /// <param name="secret">Signs the step; null where there is none.</param>
    /// <param name="cancellation">Looked at between ranges.</param>
    public void Write(IReadOnlyList<HostFileChange> changes, int number, string label, byte[]? secret, CancellationToken cancellation)
    {
        // Reading what the change was based on needs the processor, writing the old bytes waits for the disk.
        var evidence = Task.Run(() => changes.Select(c => c.HashEvidence()).ToList(), CancellationToken.None);
        var buffer = ArrayPool<byte>.Shared.Rent(HostFileChange.MaxRange);
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
                    cancellation.ThrowIfCancellationRequested();
                    WriteRange(change, range, newLength: 0, buffer);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _ = evidence.ContinueWith(static t => _ = t.Exception, TaskScheduler.Default); // the first error counts
        }

        foreach (var set in evidence.GetAwaiter().GetResult())
        {
            WriteEvidence(set);
        }

        _output.Flush();
        var header = StepHeader.Create(number, changes.Count, _position - StepLayout.Header.Size, _hash.GetHashAndReset(), label);
        header.Write(_output, secret);
    }

    /// <summary>Adds the times that the files have after the change, and sets the state to complete, durably.</summary>
    public static void Complete(IHostHandle step, IReadOnlyList<IHostHandle> files, byte[]? secret)
    {
        var header = StepHeader.Read(step);
        var tail = new byte[files.Count * StepLayout.Tail.Size];
        for (var i = 0; i < files.Count; i++)
        {
            var time = files[i].GetStatus().WriteTime;
            BinaryPrimitives.WriteInt64LittleEndian(tail.AsSpan((i * StepLayout.Tail.Size) + StepLayout.Tail.WriteSeconds), time.Seconds);
            BinaryPrimitives.WriteInt32LittleEndian(tail.AsSpan((i * StepLayout.Tail.Size) + StepLayout.Tail.WriteNanoseconds),
                time.Nanoseconds);
        }

        step.Write(StepLayout.Header.Size + header.BodyLength, tail);
        step.Flush();
        header.SetTail(tail);
        header.State = StepState.Complete;
        header.Write(step, secret);
    }

    public void Dispose() => _hash.Dispose();

    private void WriteFile(HostFileChange change)
    {
        var name = Encoding.UTF8.GetBytes(Path.GetFileName(change.Handle.Path));
        var status = change.Handle.GetStatus();
        Span<byte> record = stackalloc byte[StepLayout.File.Size];
        record.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(record[StepLayout.File.OldLength..], change.Handle.Length);
        BinaryPrimitives.WriteInt64LittleEndian(record[StepLayout.File.NewLength..], change.NewLength);
        BinaryPrimitives.WriteInt64LittleEndian(record[StepLayout.File.WriteSeconds..], status.WriteTime.Seconds);
        BinaryPrimitives.WriteInt32LittleEndian(record[StepLayout.File.WriteNanoseconds..], status.WriteTime.Nanoseconds);
        BinaryPrimitives.WriteInt32LittleEndian(record[StepLayout.File.RangeCount..], change.Ranges.Count + change.CutOff().Count());
        BinaryPrimitives.WriteUInt64LittleEndian(record[StepLayout.File.Device..], status.Identity.Device);
        BinaryPrimitives.WriteUInt64LittleEndian(record[StepLayout.File.Inode..], status.Identity.Inode);
        if (status.Identity.Birth is { } birth)
        {
            BinaryPrimitives.WriteInt64LittleEndian(record[StepLayout.File.BirthSeconds..], birth.Seconds);
            BinaryPrimitives.WriteInt32LittleEndian(record[StepLayout.File.BirthNanoseconds..], birth.Nanoseconds);
            record[StepLayout.File.HasBirth] = 1;
        }

        BinaryPrimitives.WriteInt32LittleEndian(record[StepLayout.File.NameLength..], name.Length);
        Append(record);
        Append(name);
    }

    private void WriteRange(HostFileChange change, ByteRange range, int newLength, byte[] buffer)
    {
        var oldLength = (int)Math.Clamp(change.Handle.Length - range.Offset, 0, range.Length);
        var hashes = RecordWithHashes(change, range, newLength, buffer);
        var old = buffer.AsSpan(0, oldLength);
        var kind = OldBytesKind.Zero;
        if (oldLength > 0)
        {
            if (range.IsHole)
            {
                kind = OldBytesKind.Hole;
            }
            else
            {
                change.Handle.Read(range.Offset, old);
                kind = old.ContainsAnyExcept((byte)0) ? OldBytesKind.Stored : OldBytesKind.Zero;
            }
        }

        var record = hashes.AsSpan(0, StepLayout.Range.Size);
        BinaryPrimitives.WriteInt64LittleEndian(record[StepLayout.Range.Offset..], range.Offset);
        BinaryPrimitives.WriteInt32LittleEndian(record[StepLayout.Range.NewLength..], newLength);
        BinaryPrimitives.WriteInt32LittleEndian(record[StepLayout.Range.OldLength..], oldLength);
        BinaryPrimitives.WriteUInt32LittleEndian(record[StepLayout.Range.OldKind..], (uint)kind);
        Append(hashes);
        if (kind == OldBytesKind.Stored)
        {
            Append(old);
        }
    }

    /// <summary>Room for the record of a range, then the hash of each sector that the change writes.</summary>
    private static byte[] RecordWithHashes(HostFileChange change, ByteRange range, int newLength, byte[] buffer)
    {
        var hashes =
            new byte[StepLayout.Range.Size + ((newLength + StepLayout.SectorSize - 1) / StepLayout.SectorSize * StepLayout.SectorHashSize)];
        if (newLength > 0)
        {
            change.ReadNew(range with { Length = newLength }, buffer);
        }

        for (var at = 0; at < newLength; at += StepLayout.SectorSize)
        {
            var sector = buffer.AsSpan(at, Math.Min(StepLayout.SectorSize, newLength - at));
            BinaryPrimitives.WriteUInt64LittleEndian(
                hashes.AsSpan(StepLayout.Range.Size + (at / StepLayout.SectorSize * StepLayout.SectorHashSize)),
                    XxHash3.HashToUInt64(sector));
        }

        return hashes;
    }

    private void WriteEvidence(StepEvidence evidence)
    {
        var record = new byte[StepLayout.ReadSet.Size + (evidence.Runs.Count * StepLayout.ReadSet.RunSize)];
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(StepLayout.ReadSet.RunCount), evidence.Runs.Count);
        evidence.Hash.Span.CopyTo(record.AsSpan(StepLayout.ReadSet.Hash));
        for (var i = 0; i < evidence.Runs.Count; i++)
        {
            var at = StepLayout.ReadSet.Size + (i * StepLayout.ReadSet.RunSize);
            BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(at), evidence.Runs[i].Offset);
            BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(at + 8), evidence.Runs[i].Length);
        }

        Append(record);
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        _output.Write(_position, bytes);
        _hash.AppendData(bytes);
        _position += bytes.Length;
    }
}
