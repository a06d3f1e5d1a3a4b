using OfflinePatch.Core;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Disks.Writing;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>
/// Writes a monolithicSparse VMDK as VMware lays it out: header, descriptor, redundant directory with its tables, directory with its
/// tables, grains.
/// </summary>
internal sealed class VmdkSparseWriter : DiskWriter
{
    private const int TableSectors = VmdkLayout.EntriesPerTable * sizeof(uint) / VmdkLayout.SectorSize;

    private readonly ResizableDevice _output;
    private readonly SequentialOutput _grains;
    private readonly long _sectors;
    private readonly uint[] _entries;
    private readonly int _tables;
    private readonly long _rgdSector;
    private readonly long _gdSector;
    private readonly long _overHead;
    private readonly byte[] _descriptor;

    public VmdkSparseWriter(ResizableDevice output, long virtualSize, DiskWriterOptions options)
    {
        _output = output;
        _sectors = VmdkWriterHeader.SectorsOf(virtualSize);
        var grains = (int)((_sectors + VmdkWriterHeader.GrainSectors - 1) / VmdkWriterHeader.GrainSectors);
        _tables = (grains + VmdkLayout.EntriesPerTable - 1) / VmdkLayout.EntriesPerTable;
        _entries = new uint[_tables * VmdkLayout.EntriesPerTable];
        var directorySectors = ((_tables * sizeof(uint)) + VmdkLayout.SectorSize - 1) / VmdkLayout.SectorSize;
        _rgdSector = VmdkWriterHeader.DescriptorSector + VmdkWriterHeader.DescriptorSectors;
        _gdSector = _rgdSector + directorySectors + ((long)_tables * TableSectors);
        var end = _gdSector + directorySectors + ((long)_tables * TableSectors);
        _overHead = (end + VmdkWriterHeader.GrainSectors - 1) / VmdkWriterHeader.GrainSectors * VmdkWriterHeader.GrainSectors;
        _grains = new SequentialOutput(output, _overHead * VmdkLayout.SectorSize);
        _descriptor = VmdkDescriptorText.Create("monolithicSparse", _sectors, options);
        output.EnsureLength(_overHead * VmdkLayout.SectorSize);
    }

    /// <inheritdoc/>
    public override int UnitSize => VmdkWriterHeader.GrainBytes;

    /// <inheritdoc/>
    public override void Append(long guestOffset, ReadOnlyMemory<byte> encoded) => AppendRun(guestOffset, encoded);

    /// <inheritdoc/>
    public override void AppendRun(long guestOffset, ReadOnlyMemory<byte> units)
    {
        var first = guestOffset / VmdkWriterHeader.GrainBytes;
        for (var at = 0; at < units.Length; at += VmdkWriterHeader.GrainBytes)
        {
            _entries[first + (at / VmdkWriterHeader.GrainBytes)] = (uint)((_grains.Position + at) / VmdkLayout.SectorSize);
        }

        _grains.Write(units.Span);
        _grains.Align(VmdkWriterHeader.GrainBytes);
    }

    /// <inheritdoc/>
    public override void Complete()
    {
        _grains.Flush();
        WriteTables(_rgdSector);
        WriteTables(_gdSector);
        _output.Write(VmdkWriterHeader.DescriptorSector * VmdkLayout.SectorSize, _descriptor);
        const uint flags = SparseHeader.FlagNewLineCheck | SparseHeader.FlagRedundantDirectory;
        _output.Write(0, VmdkWriterHeader.Create(1, flags, _sectors, (ulong)_rgdSector, (ulong)_gdSector, _overHead, compression: 0));
        _output.Flush();
    }

    private void WriteTables(long directorySector)
    {
        var directory = new uint[_tables];
        var first = directorySector + (((_tables * sizeof(uint)) + VmdkLayout.SectorSize - 1) / VmdkLayout.SectorSize);
        for (var i = 0; i < _tables; i++)
        {
            directory[i] = (uint)(first + ((long)i * TableSectors));
        }

        _output.Write(directorySector * VmdkLayout.SectorSize, VmdkWriterHeader.ToBytes(directory));
        _output.Write(first * VmdkLayout.SectorSize, VmdkWriterHeader.ToBytes(_entries));
    }
}
