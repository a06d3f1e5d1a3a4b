namespace OfflinePatch.Core.Transactions;

/// <summary>
/// A host file as a transaction reads it: remembers what was read, and shows a file whose change was interrupted as it was before that
/// change, without writing to it.
/// </summary>
internal sealed class FileView : BlockDevice
{
    private readonly IHostHandle _file;
    private readonly ReadSet? _read;
    private StepFile? _step;
    private StepRecord? _record;

    /// <param name="file">The file; not owned.</param>
    /// <param name="read">Takes what is read, or null.</param>
    public FileView(IHostHandle file, ReadSet? read)
    {
        _file = file;
        _read = read;
    }

    /// <inheritdoc/>
    public override long Length => _record?.OldLength ?? _file.Length;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <summary>Whether the old bytes of a step are shown.</summary>
    public bool IsOld => _record is not null;

    /// <summary>Shows the old bytes of a step from now on.</summary>
    public void Show(StepFile step, StepRecord record)
    {
        _step = step;
        _record = record;
    }

    /// <summary>Shows the file itself again: it holds its old bytes now.</summary>
    public void ShowFile()
    {
        _step = null;
        _record = null;
    }

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        _read?.Add(offset, buffer.Length);
        if (_record is { } record && _step is { } step)
        {
            ReadOld(step, record, offset, buffer);
        }
        else
        {
            _file.Read(offset, buffer);
        }
    }

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer) => throw CoreError.NotWritable();

    /// <inheritdoc/>
    public override void Prefetch(long offset, long length) => _file.Prefetch(offset, Math.Min(length, Math.Max(0, _file.Length - offset)));

    /// <inheritdoc/>
    public override DeviceExtent GetExtent(long offset)
    {
        CheckRange(offset, 1);
        return _record is null ? _file.GetExtent(offset) : new DeviceExtent(offset, Length - offset, IsZero: false);
    }

    private void ReadOld(StepFile step, StepRecord record, long offset, Span<byte> buffer)
    {
        var there = (int)Math.Clamp(_file.Length - offset, 0, buffer.Length);
        _file.Read(offset, buffer[..there]);
        buffer[there..].Clear();

        // The first range that ends after the offset, then all that begin before the end.
        var ranges = record.Ranges;
        int low = 0, high = ranges.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (ranges[middle].Offset + ranges[middle].OldLength <= offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        for (; low < ranges.Length && ranges[low].Offset < offset + buffer.Length; low++)
        {
            var range = ranges[low];
            var start = Math.Max(offset, range.Offset);
            var count = (int)(Math.Min(offset + buffer.Length, range.Offset + range.OldLength) - start);
            if (count <= 0)
            {
                continue;
            }

            var target = buffer.Slice((int)(start - offset), count);
            if (range.OldKind == OldBytesKind.Stored)
            {
                step.Handle.Read(range.OldPosition + (start - range.Offset), target);
            }
            else
            {
                target.Clear();
            }
        }
    }
}
