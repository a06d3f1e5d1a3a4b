using System.Buffers.Binary;
using System.IO.Compression;
using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Disks.Writing;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>
/// Writes a streamOptimized VMDK, as OVF exports hold it: header, descriptor, then grains after their markers, each grain table after the
/// grains it names, the directory and the footer last.
/// </summary>
internal sealed class VmdkStreamWriter : DiskWriter
{
    private readonly ResizableDevice _output;
    private readonly SequentialOutput _stream;
    private readonly long _sectors;
    private readonly uint[] _directory;
    private readonly uint[] _table = new uint[VmdkLayout.EntriesPerTable];
    private long _tableIndex = -1;

    public VmdkStreamWriter(ResizableDevice output, long virtualSize, DiskWriterOptions options)
    {
        _output = output;
        _stream = new SequentialOutput(output, 0);
        _sectors = VmdkWriterHeader.SectorsOf(virtualSize);
        var grains = (_sectors + VmdkWriterHeader.GrainSectors - 1) / VmdkWriterHeader.GrainSectors;
        _directory = new uint[(grains + VmdkLayout.EntriesPerTable - 1) / VmdkLayout.EntriesPerTable];
        _stream.Write(Header(VmdkLayout.DirectoryAtEnd));
        _stream.Write(VmdkDescriptorText.Create("streamOptimized", _sectors, options));
        _stream.Align(VmdkWriterHeader.GrainBytes);
    }

    /// <inheritdoc/>
    public override int UnitSize => VmdkWriterHeader.GrainBytes;

    /// <inheritdoc/>
    public override bool Encodes => true;

    /// <summary>The grain as it is in the file: marker, zlib stream, zeros to the end of the sector.</summary>
    public override ReadOnlyMemory<byte> Encode(long guestOffset, ReadOnlyMemory<byte> unit)
    {
        var packed = new MemoryStream(unit.Length / 2);
        packed.SetLength(VmdkLayout.MarkerType);
        packed.Position = VmdkLayout.MarkerType;
        // Every grain is a zlib stream; one that would not get shorter holds its bytes as they are.
        var level = ZstdBlock.IsWorthPacking(unit.Span) ? CompressionLevel.Optimal : CompressionLevel.NoCompression;
        using (var zlib = new ZLibStream(packed, level, leaveOpen: true))
        {
            zlib.Write(unit.Span);
            if (unit.Length < VmdkWriterHeader.GrainBytes)
            {
                zlib.Write(new byte[VmdkWriterHeader.GrainBytes - unit.Length]);
            }
        }

        var size = (int)packed.Length;
        packed.SetLength((size + VmdkLayout.SectorSize - 1) / VmdkLayout.SectorSize * VmdkLayout.SectorSize);
        var bytes = packed.GetBuffer();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)(guestOffset / VmdkLayout.SectorSize));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(VmdkLayout.MarkerSize), (uint)(size - VmdkLayout.MarkerType));
        return bytes.AsMemory(0, (int)packed.Length);
    }

    /// <inheritdoc/>
    public override void Append(long guestOffset, ReadOnlyMemory<byte> encoded)
    {
        var grain = guestOffset / VmdkWriterHeader.GrainBytes;
        if (grain / VmdkLayout.EntriesPerTable != _tableIndex)
        {
            EndTable();
            _tableIndex = grain / VmdkLayout.EntriesPerTable;
        }

        _table[grain % VmdkLayout.EntriesPerTable] = CurrentSector();
        _stream.Write(encoded.Span);
    }

    /// <inheritdoc/>
    public override void Complete()
    {
        EndTable();
        var directory = VmdkWriterHeader.ToBytes(_directory);
        WriteMarker((directory.Length + VmdkLayout.SectorSize - 1) / VmdkLayout.SectorSize, VmdkLayout.MarkerGrainDirectory);
        var directorySector = CurrentSector();
        _stream.Write(directory);
        _stream.Align(VmdkLayout.SectorSize);
        WriteMarker(1, VmdkLayout.MarkerFooter);
        _stream.Write(Header(directorySector));
        WriteMarker(0, VmdkLayout.MarkerEndOfStream);
        _stream.Flush();
        _output.Flush();
    }

    private byte[] Header(ulong gdOffset)
    {
        const uint flags = SparseHeader.FlagNewLineCheck | SparseHeader.FlagCompressed | SparseHeader.FlagMarkers;
        return VmdkWriterHeader.Create(3, flags, _sectors, rgdOffset: 0, gdOffset, VmdkWriterHeader.GrainSectors, compression: 1);
    }

    private void EndTable()
    {
        if (_tableIndex < 0)
        {
            return;
        }

        var table = VmdkWriterHeader.ToBytes(_table);
        WriteMarker(table.Length / VmdkLayout.SectorSize, VmdkLayout.MarkerGrainTable);
        _directory[_tableIndex] = CurrentSector();
        _stream.Write(table);
        _table.AsSpan().Clear();
    }

    private void WriteMarker(long sectors, uint type)
    {
        Span<byte> marker = stackalloc byte[VmdkLayout.SectorSize];
        marker.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(marker[VmdkLayout.MarkerValue..], (ulong)sectors);
        BinaryPrimitives.WriteUInt32LittleEndian(marker[VmdkLayout.MarkerType..], type);
        _stream.Write(marker);
    }

    private uint CurrentSector() => (uint)(_stream.Position / VmdkLayout.SectorSize);
}
