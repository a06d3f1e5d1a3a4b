using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>Where a grain is.</summary>
internal enum GrainState
{
    /// <summary>Not in this file: the parent has it, and without a parent it reads as zeros.</summary>
    Unallocated,

    /// <summary>Reads as zeros, whatever the parent holds.</summary>
    Zero,

    /// <summary>In the file.</summary>
    Stored,
}

/// <summary>A grain: its state and, when stored, the byte offset in the file.</summary>
internal readonly record struct Grain(GrainState State, long FileOffset);

/// <summary>
/// An extent divided into grains that its tables place in a file. What is not stored comes from the parent, or reads as zeros.
/// </summary>
internal abstract class GrainExtent : VmdkExtent
{
    // A run of grains in one answer of GetExtent: bounds the work of one call, not what a caller can learn.
    private const int MaxRun = 8192;

    /// <summary>The disk of the parent, or null.</summary>
    public VmdkImage? Parent { get; init; }

    /// <summary>Bytes of a grain, a power of two of at least 512.</summary>
    public required int GrainBytes { get; init; }

    /// <summary>The extent's own file.</summary>
    public required BlockDevice File { get; init; }

    /// <summary>Grains of the extent, the last one perhaps short.</summary>
    protected long GrainCount => (Length + GrainBytes - 1) / GrainBytes;

    /// <summary>Looks a grain up.</summary>
    /// <exception cref="CorruptImageException">The table's entry points outside the file.</exception>
    protected abstract Grain Find(long grain);

    /// <summary>A lower bound of grains from <paramref name="grain"/> on that are certainly unallocated, without looking at each.</summary>
    protected virtual long UnallocatedRun(long grain) => 0;

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var index = offset / GrainBytes;
            var within = (int)(offset % GrainBytes);
            var grain = Find(index);
            var count = Math.Min(buffer.Length, GrainBytes - within);
            // Neighbours on the guest disk are mostly neighbours in the file: one read serves them all.
            while (count < buffer.Length && Continues(grain, index, (offset + count) / GrainBytes))
            {
                count += Math.Min(buffer.Length - count, GrainBytes);
            }

            Fill(grain, index, within, offset, buffer[..count]);
            buffer = buffer[count..];
            offset += count;
        }
    }

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer) =>
        throw VmdkError.NotInPlace(WhyNotInPlace ?? $"{FileName} cannot be changed in place.");

    /// <inheritdoc/>
    public override void Prefetch(long offset, long length)
    {
        for (var end = offset + length; offset < end && CanReadAcrossGrains;)
        {
            var index = offset / GrainBytes;
            var grain = Find(index);
            var count = GrainBytes - (offset % GrainBytes);
            while (count < end - offset && Continues(grain, index, (offset + count) / GrainBytes))
            {
                count += GrainBytes;
            }

            if (grain.State == GrainState.Stored)
            {
                File.Prefetch(grain.FileOffset + (offset % GrainBytes), count);
            }

            offset += count;
        }
    }

    /// <inheritdoc/>
    public override DeviceExtent GetExtent(long offset)
    {
        var index = offset / GrainBytes;
        var first = IsZero(Find(index), index);
        var end = index;
        for (var steps = 0; steps < MaxRun && end < GrainCount; steps++)
        {
            var skip = first && Parent is null ? UnallocatedRun(end) : 0;
            if (skip == 0 && IsZero(Find(end), end) != first)
            {
                break;
            }

            end += Math.Max(1, skip);
        }

        return new DeviceExtent(offset, Math.Min(end * GrainBytes, Length) - offset, first);
    }

    /// <inheritdoc/>
    public override void Flush() => File.Flush();

    /// <summary>Reads stored bytes: from the file as they are, unless the grain is compressed.</summary>
    protected virtual void ReadStored(Grain grain, long index, int within, Span<byte> buffer) =>
        File.Read(grain.FileOffset + within, buffer);

    /// <summary>Whether a grain's bytes can be read with those of the grain before it. Compressed grains never can.</summary>
    protected virtual bool CanReadAcrossGrains => true;

    /// <summary>Reads from the parent; past its end, and without one, zeros.</summary>
    protected void ReadParent(long offset, Span<byte> buffer)
    {
        var diskOffset = Start + offset;
        var available = Parent is null ? 0 : (int)Math.Clamp(Parent.Length - diskOffset, 0, buffer.Length);
        if (available > 0)
        {
            Parent!.Read(diskOffset, buffer[..available]);
        }

        buffer[available..].Clear();
    }

    private bool Continues(Grain first, long firstIndex, long index)
    {
        if (first.State == GrainState.Stored && !CanReadAcrossGrains)
        {
            return false;
        }

        var next = Find(index);
        return next.State == first.State
            && (next.State != GrainState.Stored || next.FileOffset == first.FileOffset + ((index - firstIndex) * GrainBytes));
    }

    private void Fill(Grain grain, long index, int within, long offset, Span<byte> buffer)
    {
        switch (grain.State)
        {
            case GrainState.Stored:
                ReadStored(grain, index, within, buffer);
                break;
            case GrainState.Unallocated:
                ReadParent(offset, buffer);
                break;
            default:
                buffer.Clear();
                break;
        }
    }

    private bool IsZero(Grain grain, long index) => grain.State switch
    {
        GrainState.Zero => true,
        GrainState.Stored => false,
        _ => Parent is null || ParentIsZero(index),
    };

    private bool ParentIsZero(long index)
    {
        var offset = Start + (index * GrainBytes);
        if (offset >= Parent!.Length)
        {
            return true;
        }

        var below = Parent.GetExtent(offset);
        return below.IsZero && below.Length >= Math.Min(GrainBytes, Parent.Length - offset);
    }
}
