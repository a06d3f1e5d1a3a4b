using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Partitions;

namespace OfflinePatch.Disks;

/// <summary>
/// The disk that a guest sees, whatever container holds it. Offsets are guest offsets. Writes go through to the host files below,
/// which are a transaction's view: nothing here touches the real files.
/// </summary>
/// <remarks>Several threads may read while none writes.</remarks>
public abstract class DiskImage : BlockDevice
{
    /// <summary>The container format.</summary>
    public abstract ImageFormat Format { get; }

    /// <summary>
    /// The variant, as its format calls it: <c>monolithicSparse</c>, <c>dynamic</c>, <c>v3</c>; empty where there is one only.
    /// </summary>
    public abstract string Subformat { get; }

    /// <summary>
    /// Null when the image can be patched in place; else why not, in a full sentence, for an error whose remedy is <c>-o</c>.
    /// </summary>
    public virtual string? WhyNotInPlace => null;

    /// <summary>Whether the file is not an image itself but holds one: an archive, a compressed file, parts, an acquisition.</summary>
    public virtual bool IsPackaged => false;

    /// <summary>
    /// Facts for <c>inspect</c> and for rules, as the format names them: <c>ddb.adapterType</c>, <c>createType</c>,
    /// <c>creatorApplication</c>.
    /// </summary>
    public virtual IReadOnlyDictionary<string, string> Properties => EmptyProperties;

    /// <summary>
    /// Null when the disk can be made larger in place; else why not, in a full sentence, for an error whose remedy is <c>-o</c>.
    /// </summary>
    public virtual string? WhyNotGrow => WhyNotInPlace ?? $"A {Format} image is not made larger in place.";

    /// <summary>
    /// Makes the disk larger; never smaller. The new bytes read as zeros, whatever the file held there. Partition tables are not touched:
    /// see <see cref="DiskGrowth"/>.
    /// </summary>
    /// <param name="length">The new length in bytes, a multiple of <see cref="BlockDevice.SectorSize"/>; equal to the present one: nothing
    /// is done.</param>
    /// <exception cref="RefusedException"><c>DISK-0007</c>: the length is smaller, or no multiple of the sector size.</exception>
    /// <exception cref="UnsupportedImageException"><c>DISK-0006</c>: the image cannot grow (<see cref="WhyNotGrow"/>), or not so far.
    /// Nothing was written.</exception>
    public void Grow(long length)
    {
        var old = Length;
        if (length < old || length % SectorSize != 0)
        {
            throw DiskError.GrowthLength(length, old, SectorSize);
        }

        if (length == old)
        {
            return;
        }

        if (WhyNotGrow is { } why)
        {
            throw DiskError.CannotGrow(why);
        }

        ClearGrowth(old, GrowTo(length));
    }

    /// <summary>
    /// Makes the container hold a disk of <paramref name="length"/> bytes, more than now. Returns the end of what may hold old bytes after
    /// the old end of the disk: the rest of its last block, what entries of tables there name.
    /// </summary>
    protected virtual long GrowTo(long length) => throw DiskError.CannotGrow(WhyNotGrow ?? "");

    private void ClearGrowth(long offset, long limit)
    {
        var zeros = Array.Empty<byte>();
        while (offset < limit)
        {
            var run = GetExtent(offset);
            for (var end = Math.Min(limit, offset + run.Length); offset < end;)
            {
                var count = run.IsZero ? end - offset : Math.Min(end - offset, 1024 * 1024);
                if (!run.IsZero)
                {
                    zeros = zeros.Length == 0 ? new byte[1024 * 1024] : zeros;
                    Write(offset, zeros.AsSpan(0, (int)count));
                }

                offset += count;
            }
        }
    }

    /// <inheritdoc/>
    public override bool CanWrite => WhyNotInPlace is null;

    private static readonly Dictionary<string, string> EmptyProperties = [];
}
