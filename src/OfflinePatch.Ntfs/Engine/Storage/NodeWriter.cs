using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Allocation;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Indexes;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Engine.Streams;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Storage;

/// <summary>
/// Stores a <see cref="FileNode"/> in its FILE records. What fits into the base record stays there; else the attributes spread over
/// extension records, named by an attribute list whose name offsets are exactly 0x1A. Attributes stay in the record where they are, and
/// keep their id, whenever they fit there.
/// </summary>
internal sealed class NodeWriter(RecordStore records, RecordSpace space, RecordSource source, ClusterAllocator clusters,
    StreamEditor streams, IndexTrees trees, ContentWriter content)
{
    /// <summary>Ids are renumbered when they approach their maximum.</summary>
    private const int MaxAttributeId = 0xFF00;

    /// <summary>Stores the file.</summary>
    /// <exception cref="RefusedException"><c>NTFS-0401</c>: no room for more records.</exception>
    public void Store(FileNode node)
    {
        Sort(node);
        var fits = node.Attributes.Sum(AttributeEncoder.Measure) <= space.Capacity(node.Number);
        if (fits && (!node.HasList || node.Number >= FileReference.FirstUserRecord))
        {
            StoreInBase(node);
            return;
        }

        if (!node.HasList && node.Number is > FileReference.MftRecord and < FileReference.FirstUserRecord
            && node.Number != FileReference.RootRecord
            && node.Number != FileReference.SecureRecord && node.Number != FileReference.ExtendRecord)
        {
            throw NtfsError.MetafileFull(node.Number);
        }

        MakeRoom(node);
        Sort(node);
        StoreWithList(node);
    }

    /// <summary>
    /// Attributes in a record are ordered by type, then by name as the volume compares names; further than that as they were.
    /// </summary>
    private void Sort(FileNode node)
    {
        var attributes = node.Attributes;
        for (var i = 1; i < attributes.Count; i++)
        {
            var current = attributes[i];
            var j = i - 1;
            while (j >= 0 && Compare(attributes[j], current) > 0)
            {
                attributes[j + 1] = attributes[j];
                j--;
            }

            attributes[j + 1] = current;
        }
    }

    private int Compare(NodeAttribute left, NodeAttribute right)
    {
        var order = ((uint)left.Type).CompareTo((uint)right.Type);
        if (order != 0 || (left.Name.Length == 0 && right.Name.Length == 0))
        {
            return order;
        }

        Span<byte> a = stackalloc byte[2 * left.Name.Length];
        Span<byte> b = stackalloc byte[2 * right.Name.Length];
        Utf16.Write(left.Name, a);
        Utf16.Write(right.Name, b);
        return trees.Upcase.Compare(a, b);
    }

    private void StoreInBase(FileNode node)
    {
        if (node.HasList)
        {
            clusters.Free(node.ListRuns);
            node.ListRuns = new RunList();
            node.HasList = false;
        }

        var pieces = new List<AttributePiece>(node.Attributes.Count);
        foreach (var attribute in node.Attributes)
        {
            pieces.Add(Encode(attribute, node.Number));
        }

        WriteRecord(node, node.Number, node.Sequence, pieces);
        foreach (var extension in node.Extensions)
        {
            source.Free(extension.Number);
        }

        node.Extensions.Clear();
        Remember(node, pieces);
    }

    private AttributePiece Encode(NodeAttribute attribute, long record)
    {
        var bytes = attribute.IsResident
            ? AttributeEncoder.EncodeResident(attribute)
            : AttributeEncoder.EncodeExtent(attribute, 0, long.MaxValue, records.Geometry.RecordSize, records.Geometry.ClusterSize, out _)!;
        var place = attribute.Places.Count == 1 ? attribute.Places[0] : default;
        var keeps = attribute.Places.Count == 1 && place.Record == record;
        return new AttributePiece(attribute, 0, bytes) { Record = record, Id = keeps ? place.Id : -1 };
    }

    /// <summary>Resident streams leave the record before anything moves to another record.</summary>
    private void MakeRoom(FileNode node)
    {
        if (!node.HasList && node.IsDirectory && node.Find(AttributeType.IndexRoot, IndexTrees.Directory) is { Value.Length: > 0x80 })
        {
            trees.Open(node).ShrinkRoot();
        }

        // with a list: only a value that no record can hold
        var least = node.HasList ? records.Geometry.RecordSize - 0x80 : 64;
        foreach (var attribute in node.Attributes
            .Where(a => a.IsResident && a.Value.Length >= least
                && a.Type is AttributeType.Data or AttributeType.Bitmap or AttributeType.ReparsePoint
                or AttributeType.SecurityDescriptor or AttributeType.ExtendedAttribute)
            .OrderByDescending(a => a.Value.Length).ToList())
        {
            streams.MakeNonResident(node, attribute);
        }
    }

    private void StoreWithList(FileNode node)
    {
        var pieces = space.Split(node);
        if (pieces.TrueForAll(p => p.Record < 0 || p.Record == node.Number)
            && pieces.Sum(p => p.Bytes.Length) <= space.Capacity(node.Number)
            && node.Number >= FileReference.FirstUserRecord)
        {
            StoreInBase(node);
            return;
        }

        var listBytes = PrepareList(node, pieces);
        Place(node, pieces, listBytes);
        var byRecord = pieces.GroupBy(p => p.Record).ToDictionary(g => g.Key, g => g.ToList());
        foreach (var extension in node.Extensions)
        {
            if (byRecord.TryGetValue(extension.Number, out var own))
            {
                WriteRecord(node, extension.Number, extension.Sequence, own);
            }
        }

        // the list names the ids, so the base record comes last
        var inBase = byRecord.GetValueOrDefault(node.Number) ?? [];
        AssignIds(node, node.Number, inBase);
        var list = BuildList(node, pieces);
        NodeAttribute listAttribute = new(AttributeType.AttributeList, "");
        if (node.ListRuns.ClusterCount == 0)
        {
            listAttribute.SetResident(list);
        }
        else
        {
            listAttribute.IsResident = false;
            listAttribute.Runs = node.ListRuns;
            listAttribute.DataSize = listAttribute.InitializedSize = list.Length;
            content.Write(node.ListRuns, 0, list, node.Number);
        }

        var listPiece = Encode(listAttribute, node.Number);
        listPiece.Id = node.HasList ? node.ListId : -1;
        var at = inBase.FindIndex(p => (uint)p.Attribute.Type > (uint)AttributeType.AttributeList);
        inBase.Insert(at < 0 ? inBase.Count : at, listPiece);
        WriteRecord(node, node.Number, node.Sequence, inBase);
        node.ListId = (ushort)listPiece.Id;
        node.HasList = true;
        foreach (var extension in node.Extensions.Where(e => !byRecord.ContainsKey(e.Number)).ToList())
        {
            node.Extensions.Remove(extension);
            source.Free(extension.Number);
        }

        inBase.Remove(listPiece);
        Remember(node, pieces);
    }

    /// <summary>
    /// Finds room for the list: resident while it is short, else in clusters. Returns the bytes it takes in the base record.
    /// </summary>
    private int PrepareList(FileNode node, List<AttributePiece> pieces)
    {
        var size = pieces.Sum(p => p.EntrySize);
        if (size > AttributeListReader.MaxSize)
        {
            throw NtfsError.AttributeListFull(node.Number);
        }

        if (space.IsListResident(node, pieces))
        {
            clusters.Free(node.ListRuns);
            node.ListRuns = new RunList();
            return AttributeEncoder.MeasureResident(0, size);
        }

        clusters.Resize(node.ListRuns, records.Geometry.ClustersFor(size));
        return AttributeHeader.Layout.NonResidentSize + AttributeEncoder.Round8(MappingPairs.Measure(node.ListRuns));
    }

    /// <summary>
    /// Gives every part a record: the one it is in, else the base record, else an extension record with room, else a new one.
    /// </summary>
    private void Place(FileNode node, List<AttributePiece> pieces, int listBytes)
    {
        var rooms = new Dictionary<long, int> { [node.Number] = space.Capacity(node.Number) - listBytes };
        foreach (var extension in node.Extensions)
        {
            rooms[extension.Number] = space.Capacity(extension.Number);
        }

        foreach (var piece in pieces.OrderBy(p => Rank(p, node.Number)).ToList())
        {
            var size = piece.Bytes.Length;
            if (MustBeInBase(piece, node))
            {
                rooms[node.Number] -= size;
                MoveTo(piece, node.Number);
                if (rooms[node.Number] < 0)
                {
                    throw NtfsError.BaseRecordFull(node.Number);
                }

                continue;
            }

            var target = piece.Record >= 0 && rooms.TryGetValue(piece.Record, out var room) && room >= size
                ? piece.Record
                : rooms.Where(r => r.Value >= size).Select(r => r.Key).DefaultIfEmpty(-1).First();
            if (target < 0)
            {
                target = NewExtension(node);
                rooms.Add(target, space.Capacity(target));
                if (rooms[target] < size)
                {
                    throw NtfsError.AttributesDoNotFit(node.Number, "an attribute is too long for a record of its own");
                }
            }

            rooms[target] -= size;
            MoveTo(piece, target);
        }
    }

    private static bool MustBeInBase(AttributePiece piece, FileNode node) => piece.Attribute.Type == AttributeType.StandardInformation
        || (piece.Attribute.Type == AttributeType.IndexRoot && piece.Record < 0)
        || (node.Number == 0 && piece.LowestVcn == 0 && piece.Attribute.Type is AttributeType.Data);

    /// <summary>
    /// Placement order: what must stay in the base record, what is in an extension record, then what reading a file needs first.
    /// </summary>
    private static int Rank(AttributePiece piece, long number) => piece.Attribute.Type switch
    {
        AttributeType.StandardInformation => 0,
        _ when piece.Record >= 0 && piece.Record != number => 1,
        AttributeType.Data when number == 0 && piece.LowestVcn == 0 => 2,
        AttributeType.IndexRoot => 2,
        AttributeType.FileName => 3,
        AttributeType.Data or AttributeType.IndexAllocation when !piece.Attribute.IsResident => 6,
        AttributeType.Bitmap => 5,
        _ => 4,
    };

    private static void MoveTo(AttributePiece piece, long record)
    {
        if (piece.Record != record)
        {
            piece.Record = record;
            piece.Id = -1;
        }
    }

    private long NewExtension(FileNode node)
    {
        var number = source.Allocate(out var sequence);
        var bytes = records.Reformat(number, sequence);
        var writer = new FileRecordWriter(bytes);
        writer.SetFlags(FileRecordFlags.InUse);
        writer.SetBaseReference(node.Reference);
        node.Extensions.Add(new ExtensionRecord(number, sequence));
        return number;
    }

    private void AssignIds(FileNode node, long record, List<AttributePiece> pieces)
    {
        var bytes = records.Edit(record);
        int next = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.NextAttributeId));
        var used = pieces.Where(p => p.Id >= 0).Select(p => p.Id).ToList();
        var listApart = record == node.Number && node.HasList && !pieces.Exists(p => p.Attribute.Type == AttributeType.AttributeList);
        if (listApart)
        {
            used.Add(node.ListId);
        }

        if (used.Count > 0)
        {
            next = Math.Max(next, used.Max() + 1);
        }

        if (next + pieces.Count + 1 > MaxAttributeId || used.Distinct().Count() != used.Count)
        {
            next = 0;
            foreach (var piece in pieces)
            {
                piece.Id = next++;
            }

            if (listApart)
            {
                node.ListId = (ushort)next++;
            }
        }
        else
        {
            foreach (var piece in pieces.Where(p => p.Id < 0))
            {
                piece.Id = next++;
            }
        }

        new FileRecordWriter(bytes).SetNextAttributeId(next);
    }

    private void WriteRecord(FileNode node, long number, ushort sequence, List<AttributePiece> pieces)
    {
        AssignIds(node, number, pieces);
        var bytes = records.Edit(number);
        int at = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.FirstAttribute));
        foreach (var piece in pieces)
        {
            if (at + piece.Bytes.Length + FileRecordHeader.EndMarkerSize > bytes.Length)
            {
                throw NtfsError.AttributesDoNotFit(number, "its attributes do not fit");
            }

            new AttributeWriter(piece.Bytes).SetId(piece.Id);
            piece.Bytes.CopyTo(bytes.AsSpan(at));
            at += piece.Bytes.Length;
        }

        bytes.AsSpan(at).Clear();
        var writer = new FileRecordWriter(bytes);
        writer.End(at);
        writer.SetSequenceNumber(sequence);
        if (number == node.Number)
        {
            writer.SetFlags(node.Flags);
            writer.SetLinkCount(node.Names.Count());
        }
    }

    private static byte[] BuildList(FileNode node, List<AttributePiece> pieces)
    {
        var sequences = node.Extensions.ToDictionary(e => e.Number, e => e.Sequence);
        sequences[node.Number] = node.Sequence;
        var bytes = new byte[pieces.Sum(p => p.EntrySize)];
        var at = 0;

        // pieces are in the order of the attributes, which is the order of the list; extents follow each other
        foreach (var piece in pieces)
        {
            var entry = bytes.AsSpan(at, piece.EntrySize);
            new AttributeListEntryWriter(entry).Initialise(piece.Attribute.Type, piece.Attribute.Name, piece.LowestVcn,
                new FileReference(piece.Record, sequences[piece.Record]), piece.Id);
            at += entry.Length;
        }

        return bytes;
    }

    private static void Remember(FileNode node, List<AttributePiece> pieces)
    {
        foreach (var attribute in node.Attributes)
        {
            attribute.Places.Clear();
        }

        foreach (var piece in pieces)
        {
            piece.Attribute.Places.Add(new AttributePlace(piece.Record, (ushort)piece.Id, piece.LowestVcn));
        }
    }
}
