using System.Buffers;

namespace OfflinePatch.Core.Transactions;

/// <summary>What a commit will do to one host file: the ranges whose bytes really differ, and its new length.</summary>
internal sealed class HostFileChange
{
    /// <summary>Longest range, so that applying it and undoing it need one buffer of this size.</summary>
    public const int MaxRange = 1024 * 1024;

    private readonly TransactionFile _file;
    private readonly OverlayDevice _overlay;

    private HostFileChange(TransactionFile file, List<ByteRange> ranges)
    {
        _file = file;
        _overlay = file.Overlay;
        Ranges = ranges;
    }

    /// <summary>The file.</summary>
    public IHostHandle Handle => _file.Handle;

    /// <summary>Ranges to write, ascending, none longer than <see cref="MaxRange"/>.</summary>
    public IReadOnlyList<ByteRange> Ranges { get; }

    /// <summary>Length after the commit.</summary>
    public long NewLength => _overlay.Length;

    /// <summary>Bytes to write.</summary>
    public long ByteCount => Ranges.Sum(r => (long)r.Length);

    /// <summary>Whether the file stays as it is.</summary>
    public bool IsEmpty => Ranges.Count == 0 && NewLength == Handle.Length;

    /// <summary>Ranges that the commit cuts off, ascending: empty unless the file gets shorter.</summary>
    public IEnumerable<ByteRange> CutOff()
    {
        for (var offset = NewLength; offset < Handle.Length; offset += MaxRange)
        {
            yield return new ByteRange(offset, (int)Math.Min(MaxRange, Handle.Length - offset));
        }
    }

    /// <summary>Compares every touched block with what the file holds.</summary>
    /// <exception cref="RefusedException">As for <see cref="CheckUnchanged"/>.</exception>
    public static HostFileChange Find(TransactionFile file, CancellationToken cancellation)
    {
        file.CheckUnchanged();
        var (handle, overlay) = (file.Handle, file.Overlay);
        var buffers = ArrayPool<byte>.Shared.Rent(2 * MaxRange);
        try
        {
            var ranges = new List<ByteRange>();
            var extent = default(DeviceExtent);
            var blocks = overlay.TouchedBlocks;
            for (var i = 0; i < blocks.Length;)
            {
                cancellation.ThrowIfCancellationRequested();
                var first = i;
                for (i++; i < blocks.Length && blocks[i] == blocks[i - 1] + 1 && i - first < MaxRange / OverlayDevice.BlockSize; i++)
                {
                }

                Compare(blocks[first] * OverlayDevice.BlockSize, (i - first) * OverlayDevice.BlockSize, ref extent);
            }

            return new HostFileChange(file, ranges);

            void Compare(long start, int longest, ref DeviceExtent extent)
            {
                var length = (int)Math.Min(longest, overlay.Length - start);
                var changed = buffers.AsSpan(0, length);
                overlay.Read(start, changed);
                var old = buffers.AsSpan(MaxRange, length);
                var kept = (int)Math.Clamp(handle.Length - start, 0, length);
                handle.Read(start, old[..kept]);
                old[kept..].Clear(); // past the old end the file will read as zeros once it has grown
                for (var at = 0; at < length; at += OverlayDevice.BlockSize)
                {
                    var count = Math.Min(OverlayDevice.BlockSize, length - at);
                    if (!changed.Slice(at, count).SequenceEqual(old.Slice(at, count)))
                    {
                        var inFile = Math.Min(kept - at, count);
                        Add(ranges, start + at, count, inFile > 0 && IsHole(handle, start + at, inFile, ref extent));
                    }
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffers);
        }
    }

    /// <summary>Reads the new bytes of a range.</summary>
    public void ReadNew(ByteRange range, Span<byte> buffer) => _overlay.Read(range.Offset, buffer[..range.Length]);

    /// <summary>Hashes what the change was based on and does not write. Reads the file; nothing may write it meanwhile.</summary>
    public StepEvidence HashEvidence() => (_file.Read ?? new ReadSet(0)).Hash(Handle, Math.Min(Handle.Length, NewLength), Ranges);

    /// <inheritdoc cref="TransactionFile.CheckUnchanged"/>
    public void CheckUnchanged() => _file.CheckUnchanged();

    /// <summary>The file has the new content: what is written from now on is no longer this change.</summary>
    public void NoteWritten() => _file.NoteWriteTime();

    /// <summary>Reserves the space that the change needs, where the file system can; the file reads as before.</summary>
    /// <exception cref="HostIOException"><c>CORE-0018</c>: there is not enough.</exception>
    public void Reserve()
    {
        foreach (var range in Ranges)
        {
            var isNew = range.Offset + range.Length > Handle.Length;
            if ((range.IsHole || isNew) && !Handle.TryReserve(range.Offset, range.Length))
            {
                return;
            }
        }
    }

    /// <summary>Writes the change to the file and flushes it to the medium.</summary>
    public void Apply()
    {
        if (IsEmpty)
        {
            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(MaxRange);
        try
        {
            if (NewLength > Handle.Length)
            {
                Handle.SetLength(NewLength);
            }

            foreach (var range in Ranges)
            {
                ReadNew(range, buffer);
                Handle.Write(range.Offset, buffer.AsSpan(0, range.Length));
            }

            if (NewLength < Handle.Length)
            {
                Handle.SetLength(NewLength);
            }

            Handle.Flush();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static bool IsHole(IHostHandle handle, long offset, int length, ref DeviceExtent extent)
    {
        if (offset < extent.Offset || offset >= extent.Offset + extent.Length)
        {
            extent = handle.GetExtent(offset);
        }

        return extent.IsZero && extent.Offset + extent.Length >= offset + length;
    }

    private static void Add(List<ByteRange> ranges, long offset, int length, bool isHole)
    {
        if (ranges.Count > 0 && ranges[^1] is var last && last.Offset + last.Length == offset && last.Length + length <= MaxRange
            && last.IsHole == isHole)
        {
            ranges[^1] = last with { Length = last.Length + length };
        }
        else
        {
            ranges.Add(new ByteRange(offset, length, isHole));
        }
    }
}

/// <summary>A range of a host file.</summary>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Bytes, at most <see cref="HostFileChange.MaxRange"/>.</param>
/// <param name="IsHole">Whether the file has no room allocated for it: it reads as zeros.</param>
internal readonly record struct ByteRange(long Offset, int Length, bool IsHole = false);
