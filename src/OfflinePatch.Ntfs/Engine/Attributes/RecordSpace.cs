using System.Buffers.Binary;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Attributes;

/// <summary>
/// Where the attributes of a file fit: how they are split into parts, and what fits into which FILE record. Changes nothing.
/// </summary>
internal sealed class RecordSpace(RecordStore records, VolumeGeometry geometry)
{
    /// <summary>Bytes of the mapping pairs of one run at most, rounded.</summary>
    private const int OneRunSize = 24;

    /// <summary>Whether <paramref name="extra"/> more bytes of attributes fit into the base record as it is organised now.</summary>
    public bool HasRoom(FileNode node, int extra)
    {
        return BaseSize(node) + extra <= Capacity(node.Number);
    }

    /// <summary>Whether an attribute can grow by <paramref name="extra"/> bytes in the record where it stands.</summary>
    public bool HasRoom(FileNode node, NodeAttribute attribute, int extra)
    {
        if (attribute.Places.Count == 0 || attribute.Places[0].Record == node.Number)
        {
            return HasRoom(node, extra);
        }

        var record = records.Read(attribute.Places[0].Record);
        var used = BinaryPrimitives.ReadUInt32LittleEndian(record[FileRecordHeader.Layout.BytesUsed..]);
        return used + extra <= geometry.RecordSize;
    }

    /// <summary>
    /// Whether the file can be stored without new records: without a list, or with the parts where they are. Parts that were given no
    /// record yet (<see cref="AttributePlace.NewRecord"/>) are not counted.
    /// </summary>
    public bool FitsInPlace(FileNode node)
    {
        if (!node.HasList && !node.Attributes.Exists(a => a.Places.Exists(p => p.Record == AttributePlace.NewRecord)))
        {
            return HasRoom(node, 0);
        }

        var rooms = new Dictionary<long, int>();
        foreach (var piece in Split(node))
        {
            if (piece.IsPlanned)
            {
                continue;
            }

            if (piece.Record < 0)
            {
                return false;
            }

            rooms[piece.Record] = rooms.GetValueOrDefault(piece.Record, Capacity(piece.Record)) - piece.Bytes.Length;
        }

        rooms[node.Number] = rooms.GetValueOrDefault(node.Number, Capacity(node.Number)) - ListSize(node);
        return rooms.Values.All(r => r >= 0);
    }

    /// <summary>Bytes of attributes that a record can hold.</summary>
    public int Capacity(long number) => geometry.RecordSize - FirstAttribute(number) - FileRecordHeader.EndMarkerSize;

    /// <summary>
    /// The parts of every attribute. Extents keep their boundaries; an extent that no longer fits into one record is cut.
    /// </summary>
    public List<AttributePiece> Split(FileNode node)
    {
        var capacity = geometry.RecordSize - AllocatorFirstAttribute() - FileRecordHeader.EndMarkerSize;
        var pieces = new List<AttributePiece>();
        foreach (var attribute in node.Attributes)
        {
            if (attribute.IsResident)
            {
                var place = attribute.Places.Count > 0 ? attribute.Places[0] : new AttributePlace(-1, 0, 0);
                pieces.Add(new AttributePiece(attribute, 0, AttributeEncoder.EncodeResident(attribute))
                {
                    Record = place.Record,
                    Id = place.Record < 0 ? -1 : place.Id
                });
                continue;
            }

            var index = 0;
            long vcn = 0;
            do
            {
                while (index < attribute.Places.Count && attribute.Places[index].LowestVcn < vcn)
                {
                    index++;
                }

                var known = index < attribute.Places.Count && attribute.Places[index].LowestVcn == vcn;
                var place = known ? attribute.Places[index] : new AttributePlace(-1, 0, 0);
                var end = known && index + 1 < attribute.Places.Count ? attribute.Places[index + 1].LowestVcn : long.MaxValue;
                var room = node.Number == 0 && known ? geometry.RecordSize : capacity;
                var bytes = AttributeEncoder.EncodeExtent(attribute, vcn, end, room, geometry.ClusterSize, out var next)
                    ?? throw NtfsError.BadSizes(node.Number, "an attribute whose name leaves no room for runs");
                var isPlaced = known && place.Record >= 0;
                pieces.Add(new AttributePiece(attribute, vcn, bytes)
                {
                    Record = isPlaced ? place.Record : -1,
                    Id = isPlaced ? place.Id : -1,
                    IsPlanned = known && !isPlaced
                });
                vcn = next;
            }
            while (vcn < attribute.Runs.ClusterCount);
        }

        return pieces;
    }

    /// <summary>
    /// A short list stays in the base record. That of $MFT leaves it also where the record is full: its runs cannot go elsewhere.
    /// </summary>
    public bool IsListResident(FileNode node, List<AttributePiece> pieces)
    {
        var size = pieces.Sum(p => p.EntrySize);
        var room = Capacity(node.Number) - pieces.Where(p => p.Record == node.Number).Sum(p => p.Bytes.Length);
        return size <= geometry.RecordSize / 4
            && (node.Number != FileReference.MftRecord || AttributeEncoder.MeasureResident(0, size) <= room);
    }

    /// <summary>Bytes of the attributes that are in the base record, or will be.</summary>
    private static int BaseSize(FileNode node)
    {
        var size = 0;
        foreach (var attribute in node.Attributes)
        {
            if (!node.HasList || attribute.Places.Count == 0 || attribute.Places[0].Record == node.Number)
            {
                size += AttributeEncoder.Measure(attribute);
            }
        }

        return size + (node.HasList ? AttributeEncoder.MeasureResident(0, 0) + 0x60 : 0);
    }

    /// <summary>Bytes that the list takes in the base record once it names all parts as they are now.</summary>
    private int ListSize(FileNode node)
    {
        if (node.ListRuns.ClusterCount > 0)
        {
            return AttributeHeader.Layout.NonResidentSize + AttributeEncoder.Round8(MappingPairs.Measure(node.ListRuns));
        }

        var pieces = Split(node);
        var resident = AttributeEncoder.MeasureResident(0, pieces.Sum(p => p.EntrySize));
        return IsListResident(node, pieces) ? resident : Math.Min(resident, AttributeHeader.Layout.NonResidentSize + OneRunSize);
    }

    private int FirstAttribute(long number)
    {
        var record = records.Read(number);
        int first = BinaryPrimitives.ReadUInt16LittleEndian(record[FileRecordHeader.Layout.FirstAttribute..]);
        return first;
    }

    private int AllocatorFirstAttribute() =>
        (FileRecordHeader.Layout.UpdateSequenceArray + (2 * ((geometry.RecordSize / UpdateSequence.Stride) + 1)) + 7) & ~7;
}
