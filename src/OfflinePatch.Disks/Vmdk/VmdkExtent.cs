using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>One extent of a VMDK: a run of the guest disk. Offsets are relative to the extent.</summary>
internal abstract class VmdkExtent
{
    /// <summary>Name of its file, for messages.</summary>
    public required string FileName { get; init; }

    /// <summary>First byte of the extent on the guest disk.</summary>
    public long Start { get; init; }

    /// <summary>Guest bytes.</summary>
    public required long Length { get; set; }

    /// <summary>Whether its header says that it was not closed properly.</summary>
    public bool IsUnclean { get; init; }

    /// <summary>Null when the extent can be written; else why not, in a full sentence.</summary>
    public virtual string? WhyNotInPlace => null;

    /// <summary>Null when the extent can be made longer; else why not, in a full sentence.</summary>
    public virtual string? WhyNotGrow => WhyNotInPlace ?? $"{FileName} is a VMDK extent that is not made longer in place.";

    /// <summary>
    /// Makes the extent longer, in its file; <see cref="WhyNotGrow"/> is null. Returns the end of what may hold old bytes after the old
    /// end.
    /// </summary>
    public virtual long Grow(long length) => throw VmdkError.NotInPlace(WhyNotGrow ?? "");

    /// <summary>Fills <paramref name="buffer"/>; the range is inside the extent.</summary>
    public abstract void Read(long offset, Span<byte> buffer);

    /// <summary>Writes; the range is inside the extent.</summary>
    public abstract void Write(long offset, ReadOnlySpan<byte> buffer);

    /// <summary>Hints that a range will be read soon; the range is inside the extent.</summary>
    public virtual void Prefetch(long offset, long length)
    {
    }

    /// <summary>Zero or data from <paramref name="offset"/> on, inside the extent.</summary>
    public abstract DeviceExtent GetExtent(long offset);

    /// <summary>Flushes buffered writes to the file.</summary>
    public virtual void Flush()
    {
    }
}

/// <summary>An extent whose bytes lie in a file as they are (FLAT, VMFS).</summary>
internal sealed class FlatExtent(ResizableDevice file, long fileOffset) : VmdkExtent
{
    /// <inheritdoc/>
    public override string? WhyNotGrow => fileOffset == 0
        && file.Length == Length ? null : $"{FileName} holds more than one extent of the disk.";

    /// <inheritdoc/>
    public override long Grow(long length)
    {
        var old = Length;
        file.SetLength(length);
        Length = length;
        return old; // a file that grows reads as zeros there
    }

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer) => file.Read(fileOffset + offset, buffer);

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer) => file.Write(fileOffset + offset, buffer);

    /// <inheritdoc/>
    public override void Prefetch(long offset, long length) => file.Prefetch(fileOffset + offset, length);

    /// <inheritdoc/>
    public override DeviceExtent GetExtent(long offset)
    {
        var below = file.GetExtent(fileOffset + offset);
        return new DeviceExtent(offset, Math.Min(below.Length, Length - offset), below.IsZero);
    }

    /// <inheritdoc/>
    public override void Flush() => file.Flush();
}

/// <summary>An extent without a file that reads as zeros (ZERO).</summary>
internal sealed class ZeroExtent : VmdkExtent
{
    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer) => buffer.Clear();

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        if (buffer.ContainsAnyExcept((byte)0))
        {
            throw VmdkError.ZeroExtentWrite(Start + offset);
        }
    }

    /// <inheritdoc/>
    public override DeviceExtent GetExtent(long offset) => new(offset, Length - offset, IsZero: true);
}
