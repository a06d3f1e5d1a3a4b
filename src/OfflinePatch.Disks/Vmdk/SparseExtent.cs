using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>
/// A hosted sparse extent (<c>KDMV</c>) whose grains are stored as they are. New grains go to the end of the file; both copies of the grain
/// tables get the same entry.
/// </summary>
internal sealed class SparseExtent : GrainExtent
{
    // A grain table entry is a 32-bit sector number.
    private const long MaxFileBytes = (long)uint.MaxValue * VmdkLayout.SectorSize;

    private readonly ResizableDevice _output;
    private readonly GrainTables _tables;
    private readonly GrainTables? _copy;
    private readonly bool _hasZeroEntry;
    private readonly string? _whyNotInPlace;

    /// <param name="output">The same file as <see cref="GrainExtent.File"/>.</param>
    /// <param name="tables">The directory that is read.</param>
    /// <param name="copy">The second directory, kept equal; or null.</param>
    /// <param name="hasZeroEntry">Whether an entry of 1 means zeros.</param>
    /// <param name="whyNotInPlace">Null, or why the extent must not be written.</param>
    public SparseExtent(ResizableDevice output, GrainTables tables, GrainTables? copy, bool hasZeroEntry, string? whyNotInPlace)
    {
        _output = output;
        _tables = tables;
        _copy = copy;
        _hasZeroEntry = hasZeroEntry;
        _whyNotInPlace = whyNotInPlace;
    }

    /// <inheritdoc/>
    public override string? WhyNotInPlace => _whyNotInPlace;

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        if (_whyNotInPlace is not null)
        {
            throw VmdkError.NotInPlace(_whyNotInPlace);
        }

        while (buffer.Length > 0)
        {
            var index = offset / GrainBytes;
            var within = (int)(offset % GrainBytes);
            var count = Math.Min(buffer.Length, GrainBytes - within);
            WriteGrain(index, within, buffer[..count]);
            buffer = buffer[count..];
            offset += count;
        }
    }

    /// <inheritdoc/>
    protected override Grain Find(long grain)
    {
        var entry = _tables[grain];
        return entry == 0 ? new Grain(GrainState.Unallocated, 0)
            : entry == VmdkLayout.ZeroGrainEntry && _hasZeroEntry ? new Grain(GrainState.Zero, 0)
            : new Grain(GrainState.Stored, (long)entry * VmdkLayout.SectorSize);
    }

    /// <inheritdoc/>
    protected override long UnallocatedRun(long grain) => _tables.MissingRun(grain);

    private void WriteGrain(long index, int within, ReadOnlySpan<byte> part)
    {
        var grain = Find(index);
        if (grain.State == GrainState.Stored)
        {
            File.Write(grain.FileOffset + within, part);
            return;
        }

        var readsAsZero = grain.State == GrainState.Zero || Parent is null;
        if (readsAsZero && !part.ContainsAnyExcept((byte)0))
        {
            return;
        }

        var content = new byte[GrainBytes];
        if (!readsAsZero)
        {
            var used = (int)Math.Min(GrainBytes, Length - (index * GrainBytes));
            ReadParent(index * GrainBytes, content.AsSpan(0, used));
        }

        part.CopyTo(content.AsSpan(within));
        var sector = Append(content, GrainBytes);
        EnsureTable(index);
        _tables.Set(index, sector);
        _copy?.Set(index, sector);
    }

    /// <inheritdoc/>
    public override string? WhyNotGrow => _whyNotInPlace;

    /// <inheritdoc/>
    public override long Grow(long length)
    {
        if (length > MaxFileBytes)
        {
            throw VmdkError.TooLargeToWrite(length);
        }

        var grains = (length + GrainBytes - 1) / GrainBytes;
        var tables = (grains + VmdkLayout.EntriesPerTable - 1) / VmdkLayout.EntriesPerTable;
        Span<byte> header = stackalloc byte[SparseHeader.Layout.Size];
        _output.Read(0, header);
        if (tables > _tables.Count)
        {
            LittleEndian.PutU64(header, SparseHeader.Layout.GdOffset, (ulong)_tables.Grow(_output, (int)tables) / VmdkLayout.SectorSize);
            if (_copy is not null)
            {
                LittleEndian.PutU64(header, SparseHeader.Layout.RgdOffset, (ulong)_copy.Grow(_output, (int)tables) / VmdkLayout.SectorSize);
            }
        }

        LittleEndian.PutU64(header, SparseHeader.Layout.Capacity, (ulong)(length / VmdkLayout.SectorSize));
        _output.Write(0, header);
        Length = length;
        return length;
    }

    private void EnsureTable(long grain)
    {
        var index = grain / VmdkLayout.EntriesPerTable;
        if (_tables.TableSector(index) == 0)
        {
            _tables.SetTable(index, Append(new byte[_tables.TableBytes], VmdkLayout.SectorSize));
        }

        if (_copy?.TableSector(index) == 0)
        {
            _copy.SetTable(index, Append(new byte[_copy.TableBytes], VmdkLayout.SectorSize));
        }
    }

    /// <summary>Writes at the end of the file, aligned, and returns the sector.</summary>
    private uint Append(ReadOnlySpan<byte> content, int alignment)
    {
        var offset = (_output.Length + alignment - 1) / alignment * alignment;
        if (offset > MaxFileBytes - content.Length)
        {
            throw VmdkError.FileWouldBeTooLong(FileName);
        }

        _output.SetLength(offset + content.Length);
        _output.Write(offset, content);
        return (uint)(offset / VmdkLayout.SectorSize);
    }
}
