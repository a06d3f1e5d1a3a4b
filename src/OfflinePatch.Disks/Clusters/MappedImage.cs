using OfflinePatch.Core;

namespace OfflinePatch.Disks.Clusters;

/// <summary>
/// A container whose tables say where each unit of the guest (a cluster, a block) is. Reading, the search for holes and splitting a write
/// along the units are the same for all of them; a format says where a unit is and how one is written. Several threads may read at once as
/// long as none writes.
/// </summary>
internal abstract class MappedImage : DiskImage
{
    private const int MaxRunsPerExtent = 4096;
    private const int MaxUnitsPerRun = 4096;

    /// <summary>The disk below, which provides what this image does not hold; null when there is none.</summary>
    protected DiskImage? Parent { get; init; }

    /// <summary>The host file that holds stored runs.</summary>
    protected abstract ResizableDevice StoredFile { get; }

    /// <summary>Bytes of the guest that the map places as one piece.</summary>
    protected abstract int UnitSize { get; }

    /// <summary>
    /// The run that starts at <paramref name="offset"/>, inside one unit; or a longer one where the map shows it at once. The offset is
    /// inside the disk; what the run says beyond <paramref name="limit"/> bytes is not used.
    /// </summary>
    protected abstract DiskRun MapInUnit(long offset, long limit);

    /// <summary>Stores <paramref name="content"/>, which lies inside one unit.</summary>
    protected abstract void WriteInUnit(long offset, ReadOnlySpan<byte> content);

    /// <summary>
    /// The run that starts at <paramref name="offset"/>; at most <paramref name="limit"/> bytes long. The offset is inside the disk.
    /// </summary>
    protected DiskRun Map(long offset, long limit)
    {
        limit = Math.Min(limit, Length - offset);
        var run = MapInUnit(offset, limit);
        for (var units = 1; run.Length < limit && units < MaxUnitsPerRun; units++)
        {
            var next = MapInUnit(offset + run.Length, limit - run.Length);
            if (!run.Continues(next))
            {
                break;
            }

            run = run with { Length = run.Length + next.Length };
        }

        return run with { Length = Math.Min(run.Length, limit) };
    }

    /// <summary>
    /// Reads a compressed run that starts at <paramref name="offset"/>, and optionally runs after it.
    /// </summary>
    /// <param name="run">The first run; <paramref name="buffer"/> holds it whole.</param>
    /// <param name="offset">Guest offset of the run.</param>
    /// <param name="buffer">What to read from there on.</param>
    /// <returns>The bytes that were read, at least the run's.</returns>
    protected virtual int ReadCompressed(DiskRun run, long offset, Span<byte> buffer) =>
        throw new InvalidOperationException("this format has no compressed clusters");

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        while (buffer.Length > 0)
        {
            var run = Map(offset, buffer.Length);
            var part = buffer[..(int)run.Length];
            switch (run.Kind)
            {
                case RunKind.Zero:
                    part.Clear();
                    break;
                case RunKind.Stored:
                    ReadStored(StoredFile, run.Position, part);
                    break;
                case RunKind.Parent:
                    ReadParent(offset, part);
                    break;
                default:
                    part = buffer[..ReadCompressed(run, offset, buffer)];
                    break;
            }

            offset += part.Length;
            buffer = buffer[part.Length..];
        }
    }

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        while (buffer.Length > 0)
        {
            var part = buffer[..(int)Math.Min(buffer.Length, UnitSize - (offset % UnitSize))];
            if (!IsZeroOverZero(offset, part))
            {
                WriteInUnit(offset, part);
            }

            offset += part.Length;
            buffer = buffer[part.Length..];
        }
    }

    /// <inheritdoc/>
    public override void Flush() => StoredFile.Flush();

    /// <inheritdoc/>
    public override void Prefetch(long offset, long length)
    {
        for (var end = offset + length; offset < end;)
        {
            var run = Map(offset, end - offset);
            if (run.Kind == RunKind.Stored)
            {
                StoredFile.Prefetch(run.Position, run.Length);
            }

            offset += run.Length;
        }
    }

    /// <inheritdoc/>
    public override DeviceExtent GetExtent(long offset)
    {
        CheckRange(offset, 1);
        var first = ExtentOf(offset);
        var end = offset + first.Length;
        for (var runs = 1; runs < MaxRunsPerExtent && end < Length; runs++)
        {
            var next = ExtentOf(end);
            if (next.IsZero != first.IsZero)
            {
                break;
            }

            end += next.Length;
        }

        return new DeviceExtent(offset, end - offset, first.IsZero);
    }

    /// <summary>Reads from the parent; what lies past its end is zero.</summary>
    protected void ReadParent(long offset, Span<byte> buffer)
    {
        var available = Parent is null ? 0 : (int)Math.Clamp(Parent.Length - offset, 0, buffer.Length);
        if (available > 0)
        {
            Parent!.Read(offset, buffer[..available]);
        }

        buffer[available..].Clear();
    }

    /// <summary>Reads from a host file; a last cluster that the file holds only in part ends in zeros.</summary>
    protected static void ReadStored(BlockDevice file, long position, Span<byte> buffer)
    {
        var available = (int)Math.Clamp(file.Length - position, 0, buffer.Length);
        if (available > 0)
        {
            file.Read(position, buffer[..available]);
        }

        buffer[available..].Clear();
    }

    /// <summary>
    /// Whether writing <paramref name="content"/> at <paramref name="offset"/> would store zeros where zeros are read already, so that it
    /// can be left out.
    /// </summary>
    private bool IsZeroOverZero(long offset, ReadOnlySpan<byte> content)
    {
        if (content.ContainsAnyExcept((byte)0))
        {
            return false;
        }

        var run = Map(offset, content.Length);
        return run.Kind == RunKind.Zero && run.Length == content.Length;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Parent?.Dispose();
        }

        base.Dispose(disposing);
    }

    private DeviceExtent ExtentOf(long offset)
    {
        var run = Map(offset, Length - offset);
        switch (run.Kind)
        {
            case RunKind.Zero:
                return new DeviceExtent(offset, run.Length, IsZero: true);
            case RunKind.Stored when run.Position < StoredFile.Length:
                var host = StoredFile.GetExtent(run.Position);
                return new DeviceExtent(offset, Math.Min(run.Length, host.Length), host.IsZero);
            case RunKind.Parent when Parent is null || offset >= Parent.Length:
                return new DeviceExtent(offset, run.Length, IsZero: true);
            case RunKind.Parent:
                var below = Parent.GetExtent(offset);
                return new DeviceExtent(offset, Math.Min(run.Length, below.Length), below.IsZero);
            default:
                return new DeviceExtent(offset, run.Length, IsZero: false);
        }
    }
}
