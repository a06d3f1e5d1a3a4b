using System.Collections.Concurrent;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Conversion;

/// <summary>
/// Read, encode, append: one thread reads, skips holes and looks for zeros, the pool compresses where the format does, the caller's thread
/// appends in order. Memory is bounded by the number of chunks in flight.
/// </summary>
internal sealed class ConversionPipeline(BlockDevice source, DiskWriter writer, Action<long, long> report, CancellationToken cancellation)
{
    // Large enough that the work on a chunk far outweighs handing it over, small enough that 2 x cores of them stay below 64 MiB.
    private const int ChunkTarget = 1024 * 1024;
    private const int ChunksAhead = 8; // keeps a device busy that has a queue
    private const long MemoryInFlight = 64L * 1024 * 1024;

    private readonly ConcurrentBag<Memory<byte>> _buffers = [];
    private long _stored;

    private sealed record EncodedChunk(Memory<byte> Buffer, long End, int Length,
        List<(long Offset, ReadOnlyMemory<byte> Stored, int Length)> Parts);

    /// <summary>Guest bytes that were read.</summary>
    public long DataBytes { get; private set; }

    /// <summary>Guest bytes that were stored.</summary>
    public long StoredBytes => _stored;

    private int ChunkSize => Math.Max(1, ChunkTarget / writer.UnitSize) * writer.UnitSize;

    /// <summary>Runs to the end of the source.</summary>
    public void Run()
    {
        var inFlight = (int)Math.Clamp(MemoryInFlight / ChunkSize, 2, (Environment.ProcessorCount * 2) + 2);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var slots = new SemaphoreSlim(inFlight);
        using var queue = new BlockingCollection<Task<EncodedChunk>>();
        var reading = Task.Factory.StartNew(() => ReadAll(queue, slots, stop.Token), CancellationToken.None,
            TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            foreach (var task in queue.GetConsumingEnumerable(stop.Token))
            {
                Append(task.GetAwaiter().GetResult());
                slots.Release();
                cancellation.ThrowIfCancellationRequested();
            }

            reading.GetAwaiter().GetResult();
        }
        finally
        {
            stop.Cancel();
            WaitQuietly(reading);
            while (queue.TryTake(out var left))
            {
                WaitQuietly(left);
            }
        }
    }

    private void ReadAll(BlockingCollection<Task<EncodedChunk>> queue, SemaphoreSlim slots, CancellationToken stop)
    {
        try
        {
            var ahead = new Queue<(long Offset, int Length)>();
            foreach (var chunk in Chunks(stop))
            {
                source.Prefetch(chunk.Offset, chunk.Length);
                ahead.Enqueue(chunk);
                if (ahead.Count > ChunksAhead)
                {
                    Read(ahead.Dequeue());
                }
            }

            while (ahead.TryDequeue(out var chunk))
            {
                Read(chunk);
            }
        }
        finally
        {
            queue.CompleteAdding();
        }

        void Read((long Offset, int Length) chunk)
        {
            slots.Wait(stop);
            var buffer = _buffers.TryTake(out var free) ? free : AlignedBuffer.Allocate(ChunkSize);
            source.Read(chunk.Offset, buffer.Span[..chunk.Length]);
            var encoded = writer.Encodes
                ? Task.Run(() => Encode(buffer, chunk.Offset, chunk.Length, stop), CancellationToken.None)
                : Task.FromResult(FindRuns(buffer, chunk.Offset, chunk.Length));
            queue.Add(encoded, CancellationToken.None);
        }
    }

    /// <summary>The parts of the disk that may hold data, in whole units but for the last one.</summary>
    private IEnumerable<(long Offset, int Length)> Chunks(CancellationToken stop)
    {
        var unit = writer.UnitSize;
        var run = default(DeviceExtent);
        for (var offset = 0L; offset < source.Length;)
        {
            stop.ThrowIfCancellationRequested();
            if (offset >= run.Offset + run.Length)
            {
                run = source.GetExtent(offset);
            }

            var end = Math.Min(run.Offset + run.Length, source.Length);
            if (run.IsZero && (end == source.Length || end - offset >= unit))
            {
                offset = end == source.Length ? end : end / unit * unit;
                continue;
            }

            // A unit of which only a part is a hole is read whole.
            var wanted = Math.Min(offset + ChunkSize, (end + unit - 1) / unit * unit);
            var length = (int)(Math.Min(wanted, source.Length) - offset);
            yield return (offset, length);
            offset += length;
        }
    }

    /// <summary>Compresses the units that are not zero.</summary>
    private EncodedChunk Encode(Memory<byte> buffer, long start, int length, CancellationToken stop)
    {
        var unit = writer.UnitSize;
        var parts = new List<(long, ReadOnlyMemory<byte>, int)>((length / unit) + 1);
        for (var at = 0; at < length; at += unit)
        {
            stop.ThrowIfCancellationRequested();
            var part = buffer.Slice(at, Math.Min(unit, length - at));
            if (part.Span.ContainsAnyExcept((byte)0))
            {
                parts.Add((start + at, writer.Encode(start + at, part), part.Length));
            }
        }

        return new EncodedChunk(buffer, start + length, length, parts);
    }

    /// <summary>Neighbouring units that are not zero, in one piece each.</summary>
    private EncodedChunk FindRuns(Memory<byte> buffer, long start, int length)
    {
        var unit = writer.UnitSize;
        var parts = new List<(long, ReadOnlyMemory<byte>, int)>();
        for (var at = 0; at < length;)
        {
            var end = at;
            while (end < length && buffer.Span.Slice(end, Math.Min(unit, length - end)).ContainsAnyExcept((byte)0))
            {
                end = Math.Min(end + unit, length);
            }

            if (end > at)
            {
                parts.Add((start + at, buffer[at..end], end - at));
            }

            at = end + unit; // the unit at the end is zero, or there is none
        }

        return new EncodedChunk(buffer, start + length, length, parts);
    }

    private void Append(EncodedChunk chunk)
    {
        foreach (var (offset, stored, length) in chunk.Parts)
        {
            if (writer.Encodes)
            {
                writer.Append(offset, stored);
            }
            else
            {
                writer.AppendRun(offset, stored);
            }

            _stored += length;
        }

        _buffers.Add(chunk.Buffer);
        DataBytes += chunk.Length;
        report(chunk.End, DataBytes);
    }

    private static void WaitQuietly(Task task)
    {
        try
        {
            task.GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or CorruptImageException or UnsupportedImageException
            or RefusedException)
        {
            // The error that ended the conversion is on its way already; this one came after it.
        }
    }
}
