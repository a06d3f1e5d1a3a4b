using System.Buffers.Binary;
using System.IO.Compression;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>
/// A streamOptimized extent: every grain is a zlib stream after a grain marker. Read only: a changed grain has no place to go.
/// </summary>
internal sealed class CompressedExtent : GrainExtent
{
    // Deflate grows what it cannot compress by 5 bytes per 16 KiB block plus a few; twice the grain is far beyond any honest writer.
    private const int MaxGrowth = 2;

    private readonly GrainTables _tables;
    private readonly bool _hasMarkers;
    private readonly bool _hasZeroEntry;
    private readonly Lock _gate = new();
    private readonly byte[] _grain;
    private byte[] _packed = [];
    private long _held = -1;

    public CompressedExtent(GrainTables tables, int grainBytes, bool hasMarkers, bool hasZeroEntry)
    {
        _tables = tables;
        _hasMarkers = hasMarkers;
        _hasZeroEntry = hasZeroEntry;
        _grain = new byte[grainBytes];
    }

    /// <inheritdoc/>
    public override string? WhyNotInPlace =>
        $"{FileName} is a streamOptimized VMDK: its grains are compressed and cannot be changed in place.";

    /// <inheritdoc/>
    protected override bool CanReadAcrossGrains => false;

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

    /// <inheritdoc/>
    protected override void ReadStored(Grain grain, long index, int within, Span<byte> buffer)
    {
        lock (_gate)
        {
            if (_held != index)
            {
                _held = -1;
                Unpack(grain, index);
                _held = index;
            }

            _grain.AsSpan(within, buffer.Length).CopyTo(buffer);
        }
    }

    private void Unpack(Grain grain, long index)
    {
        var offset = grain.FileOffset;
        var limit = (long)GrainBytes * MaxGrowth;
        long size;
        if (_hasMarkers)
        {
            Span<byte> marker = stackalloc byte[VmdkLayout.MarkerType];
            if (offset > File.Length - marker.Length)
            {
                throw VmdkError.GrainOutsideFile(FileName, index, (ulong)(offset / VmdkLayout.SectorSize), File.Length);
            }

            File.Read(offset, marker);
            var lba = BinaryPrimitives.ReadUInt64LittleEndian(marker);
            if (lba != (ulong)(index * (GrainBytes / VmdkLayout.SectorSize)))
            {
                throw VmdkError.CompressedGrain(FileName, index, offset,
                    $"a marker of sector {index * (GrainBytes / VmdkLayout.SectorSize)}", $"one of sector {lba}");
            }

            size = BinaryPrimitives.ReadUInt32LittleEndian(marker[VmdkLayout.MarkerSize..]);
            offset += marker.Length;
            if (size == 0 || size > limit || size > File.Length - offset)
            {
                throw VmdkError.CompressedGrain(FileName, index, offset, $"1 to {limit} compressed bytes inside the file", $"{size}");
            }
        }
        else
        {
            size = Math.Min(limit, File.Length - offset);
        }

        if (_packed.Length < size)
        {
            _packed = new byte[Math.Max(size, GrainBytes + 1024)];
        }

        File.Read(offset, _packed.AsSpan(0, (int)size));
        Inflate(index, offset, (int)size);
    }

    private void Inflate(long index, long offset, int size)
    {
        var wanted = (int)Math.Min(GrainBytes, Length - (index * GrainBytes));
        try
        {
            using var stream = new ZLibStream(new MemoryStream(_packed, 0, size, writable: false), CompressionMode.Decompress);
            var count = stream.ReadAtLeast(_grain, GrainBytes, throwOnEndOfStream: false);
            if (count < wanted)
            {
                throw VmdkError.CompressedGrain(FileName, index, offset, $"{wanted} bytes after decompression", $"{count}");
            }

            _grain.AsSpan(count).Clear();
        }
        catch (InvalidDataException)
        {
            throw VmdkError.CompressedGrain(FileName, index, offset, "a zlib stream", "damaged data");
        }
    }
}
