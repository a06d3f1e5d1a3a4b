using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>The disk that a VMDK describes: its extents one after another, over its parents where it is a snapshot.</summary>
internal sealed class VmdkImage : DiskImage
{
    private readonly List<VmdkExtent> _extents;
    private readonly VmdkDescriptorFile? _descriptor;
    private readonly bool _hasParent;
    private readonly string? _whyNotInPlace;
    private bool _contentIdRenewed;

    /// <param name="extents">The extents, in order and without gaps.</param>
    /// <param name="descriptor">The descriptor, or null where the format has none.</param>
    /// <param name="createType">The variant.</param>
    /// <param name="whyNotInPlace">A reason that no extent knows (a read-only one), or null.</param>
    /// <param name="hasParent">Whether the disk is a snapshot.</param>
    public VmdkImage(List<VmdkExtent> extents, VmdkDescriptorFile? descriptor, string createType, string? whyNotInPlace,
        bool hasParent = false)
    {
        _hasParent = hasParent;
        _extents = extents;
        _descriptor = descriptor;
        Subformat = createType;
        _whyNotInPlace = whyNotInPlace ?? extents.Select(e => e.WhyNotInPlace).FirstOrDefault(w => w is not null)
            ?? (descriptor is { HasContentId: false } ? "The descriptor has no CID, which a change must renew." : null);
    }

    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Vmdk;

    /// <inheritdoc/>
    public override string Subformat { get; }

    /// <inheritdoc/>
    public override string? WhyNotInPlace => _whyNotInPlace;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Properties
    {
        get
        {
            var properties = _descriptor?.Properties ?? base.Properties;
            return _extents.Exists(e => e.IsUnclean)
                ? new Dictionary<string, string>(properties, StringComparer.OrdinalIgnoreCase) { ["uncleanShutdown"] = "true" }
                : properties;
        }
    }

    /// <inheritdoc/>
    public override long Length => _extents[^1].Start + _extents[^1].Length;

    /// <inheritdoc/>
    public override string? WhyNotGrow =>
        _whyNotInPlace is not null ? _whyNotInPlace
        : _hasParent ? "A VMDK snapshot has the size of its parent."
        : _descriptor is null || _extents.Count != 1 ? "A VMDK of several extents is not made larger in place."
        : _extents[0].WhyNotGrow;

    /// <summary>Content id of the descriptor.</summary>
    public uint ContentId => _descriptor?.Descriptor.ContentId ?? VmdkLayout.NoParent;

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        while (buffer.Length > 0)
        {
            var extent = Find(offset);
            var count = (int)Math.Min(buffer.Length, extent.Start + extent.Length - offset);
            extent.Read(offset - extent.Start, buffer[..count]);
            buffer = buffer[count..];
            offset += count;
        }
    }

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        if (_whyNotInPlace is not null)
        {
            throw VmdkError.NotInPlace(_whyNotInPlace);
        }

        if (buffer.Length > 0)
        {
            RenewContentId();
        }

        while (buffer.Length > 0)
        {
            var extent = Find(offset);
            var count = (int)Math.Min(buffer.Length, extent.Start + extent.Length - offset);
            extent.Write(offset - extent.Start, buffer[..count]);
            buffer = buffer[count..];
            offset += count;
        }
    }

    /// <inheritdoc/>
    public override void Prefetch(long offset, long length)
    {
        var extent = Find(offset);
        extent.Prefetch(offset - extent.Start, Math.Min(length, extent.Start + extent.Length - offset));
    }

    /// <inheritdoc/>
    public override DeviceExtent GetExtent(long offset)
    {
        CheckRange(offset, 1);
        var extent = Find(offset);
        var run = extent.GetExtent(offset - extent.Start);
        return run with { Offset = offset };
    }

    /// <inheritdoc/>
    public override void Flush()
    {
        foreach (var extent in _extents)
        {
            extent.Flush();
        }
    }

    /// <inheritdoc/>
    protected override long GrowTo(long length)
    {
        if (length / VmdkLayout.SectorSize > VmdkLayout.MaxCapacitySectors)
        {
            throw VmdkError.TooLargeToWrite(length);
        }

        var dirtyEnd = _extents[0].Grow(length);
        _descriptor!.SetSectors(length / VmdkLayout.SectorSize);
        RenewContentId();
        return dirtyEnd;
    }

    /// <summary>A snapshot of this disk must notice that its parent has changed: a new CID shows that.</summary>
    private void RenewContentId()
    {
        if (_contentIdRenewed)
        {
            return;
        }

        _contentIdRenewed = true;
        var old = ContentId;
        var identity = ImageIdentity.After(BitConverter.GetBytes(old));
        uint next;
        do
        {
            next = identity.NextNumber();
        }
        while (next == old || next >= VmdkLayout.NoParent - 1);
        _descriptor?.RenewContentId(next);
    }

    private VmdkExtent Find(long offset)
    {
        var low = 0;
        var high = _extents.Count - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_extents[middle].Start <= offset)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return _extents[low];
    }
}
