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
    private readonly byte[] _new = ArrayPool<byte>.Shared.Rent(HostFileChange.MaxRange);
    private readonly byte[] _old = ArrayPool<byte>.Shared.Rent(HostFileChange.MaxRange);
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
        try
        {
            foreach (var change in changes)
            {
                var status = change.Handle.GetStatus();
                WriteFile(Path.GetFileName(change.Handle.Path), change.Handle.Length, change.NewLength, status.WriteTime, status.Identity,
                    change.Ranges.Count + change.CutOff().Count());
                foreach (var range in change.Ranges)
                {
                    cancellation.ThrowIfCancellationRequested();
                    WriteRange(change, range, range.Length);
                }

                foreach (var range in change.CutOff())
                {
                    cancellation.ThrowIfCancellationRequested();
                    WriteRange(change, range, newLength: 0);
                }
            }
        }
        finally
        {
            _ = evidence.ContinueWith(static t => _ = t.Exception, TaskScheduler.Default); // the first error counts
        }

        foreach (var set in evidence.GetAwaiter().GetResult())
        {
            WriteEvidence(set);
        }

        WriteHeader(StepState.Applying, number, changes.Count, label, created: DateTime.UtcNow, secret);
    }

    /// <summary>
    /// Rewrites a complete step of version 2 as version 3: the same old bytes, and a hash of each sector that its files hold now.
    /// </summary>
    /// <param name="step">The step. Its files hold what it wrote (<see cref="StepProof.WhyNotNew"/>).</param>
    /// <param name="files">Its files, in the order of its records.</param>
    /// <param name="secret">Signs the step; null where there is none.</param>
    public void WriteCopy(StepFile step, IReadOnlyList<IHostHandle> files, byte[]? secret)
    {
        foreach (var (record, file) in step.Records.Zip(files))
        {
            WriteFile(record.Name, record.OldLength, record.NewLength, record.OldTime, file.GetStatus().Identity, record.Ranges.Length);
            foreach (var range in record.Ranges)
            {
                file.Read(range.Offset, _new.AsSpan(0, range.NewLength));
                StepProof.ReadOld(step.Handle, range, _old.AsSpan(0, range.OldLength));
                WriteRange(range.Offset, range.NewLength, range.OldLength, range.OldKind);
            }
        }

        // Version 2 has no list of what its change was based on; what it has in that place was looked at before this.
        foreach (var _ in files)
        {
            WriteEvidence(new StepEvidence([], XxHash128.Hash([])));
        }

        WriteHeader(StepState.Complete, step.Number, files.Count, step.Label, step.Created, secret);
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

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_new);
        ArrayPool<byte>.Shared.Return(_old);
        _hash.Dispose();
    }

    private void WriteHeader(StepState state, int number, int fileCount, string label, DateTime created, byte[]? secret)
    {
        _output.Flush();
        StepHeader.Create(state, number, fileCount, _position - StepLayout.Header.Size, _hash.GetHashAndReset(), label, created)
            .Write(_output, secret);
    }

    private void WriteFile(string name, long oldLength, long newLength, FileTimestamp oldTime, FileIdentity identity, int rangeCount)
    {
        var nameBytes = Encoding.UTF8.GetBytes(name);
        Span<byte> record = stackalloc byte[StepLayout.File.Size];
        record.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(record[StepLayout.File.OldLength..], oldLength);
        BinaryPrimitives.WriteInt64LittleEndian(record[StepLayout.File.NewLength..], newLength);
        BinaryPrimitives.WriteInt64LittleEndian(record[StepLayout.File.WriteSeconds..], oldTime.Seconds);
        BinaryPrimitives.WriteInt32LittleEndian(record[StepLayout.File.WriteNanoseconds..], oldTime.Nanoseconds);
        BinaryPrimitives.WriteInt32LittleEndian(record[StepLayout.File.RangeCount..], rangeCount);
        BinaryPrimitives.WriteUInt64LittleEndian(record[StepLayout.File.Device..], identity.Device);
        BinaryPrimitives.WriteUInt64LittleEndian(record[StepLayout.File.Inode..], identity.Inode);
        if (identity.Birth is { } birth)
        {
            BinaryPrimitives.WriteInt64LittleEndian(record[StepLayout.File.BirthSeconds..], birth.Seconds);
            BinaryPrimitives.WriteInt32LittleEndian(record[StepLayout.File.BirthNanoseconds..], birth.Nanoseconds);
            record[StepLayout.File.HasBirth] = 1;
        }

        BinaryPrimitives.WriteInt32LittleEndian(record[StepLayout.File.NameLength..], nameBytes.Length);
        Append(record);
        Append(nameBytes);
    }

    private void WriteRange(HostFileChange change, ByteRange range, int newLength)
    {
        if (newLength > 0)
        {
            change.ReadNew(range with { Length = newLength }, _new);
        }

        var oldLength = (int)Math.Clamp(change.Handle.Length - range.Offset, 0, range.Length);
        var kind = OldBytesKind.Zero;
        if (oldLength > 0)
        {
            if (range.IsHole)
            {
                kind = OldBytesKind.Hole;
            }
            else
            {
                var old = _old.AsSpan(0, oldLength);
                change.Handle.Read(range.Offset, old);
                kind = old.ContainsAnyExcept((byte)0) ? OldBytesKind.Stored : OldBytesKind.Zero;
            }
        }

        WriteRange(range.Offset, newLength, oldLength, kind);
    }

    /// <summary>Writes a range whose new and old bytes are in the buffers.</summary>
    private void WriteRange(long offset, int newLength, int oldLength, OldBytesKind kind)
    {
        var record =
            new byte[StepLayout.Range.Size + ((newLength + StepLayout.SectorSize - 1) / StepLayout.SectorSize * StepLayout.SectorHashSize)];
        BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(StepLayout.Range.Offset), offset);
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(StepLayout.Range.NewLength), newLength);
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(StepLayout.Range.OldLength), oldLength);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(StepLayout.Range.OldKind), (uint)kind);
        for (var at = 0; at < newLength; at += StepLayout.SectorSize)
        {
            var sector = _new.AsSpan(at, Math.Min(StepLayout.SectorSize, newLength - at));
            BinaryPrimitives.WriteUInt64LittleEndian(
                record.AsSpan(StepLayout.Range.Size + (at / StepLayout.SectorSize * StepLayout.SectorHashSize)),
                XxHash3.HashToUInt64(sector));
        }

        Append(record);
        if (kind == OldBytesKind.Stored)
        {
            Append(_old.AsSpan(0, oldLength));
        }
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
