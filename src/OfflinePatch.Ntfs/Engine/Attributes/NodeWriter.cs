using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Allocation;
using OfflinePatch.Ntfs.Engine.Indexes;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Attributes;

/// <summary>
/// Stores a <see cref="FileNode"/> in its FILE records. What fits into the base record stays there; else the attributes spread over
/// extension
/// records, named by an attribute list whose name offsets are exactly 0x1A. Attributes stay in the record where they are, and keep their
/// id,
/// whenever they fit there.
/// </summary>
internal static class NodeWriter
{
    /// <summary>Ids are numbered anew when they come near their end.</summary>
    private const int MaxAttributeId = 0xFF00;

    /// <summary>Bytes of the mapping pairs of one run at most, rounded.</summary>
    private const int OneRunSize = 24;

    /// <summary>Whether <paramref name="extra"/> more bytes of attributes fit into the base record as it is organised now.</summary>
    public static bool HasRoom(VolumeCore core, FileNode node, int extra)
    {
        var size = core.Geometry.RecordSize;
        return FirstAttribute(core, node.Number) + BaseSize(node) + extra + 8 <= size;
    }

    /// <summary>Whether an attribute can grow by <paramref name="extra"/> bytes in the record where it stands.</summary>
    public static bool HasRoom(VolumeCore core, FileNode node, NodeAttribute attribute, int extra)
    {
        if (attribute.Places.Count == 0 || attribute.Places[0].Record == node.Number)
        {
            return HasRoom(core, node, extra);
        }

        var record = core.Records.Read(attribute.Places[0].Record);
        var used = BinaryPrimitives.ReadUInt32LittleEndian(record[FileRecordHeader.Layout.BytesUsed..]);
        return used + extra <= core.Geometry.RecordSize;
    }

    /// <summary>
    /// Whether the file can be stored without new records: without a list, or with the parts where they are. Parts that were given no
    /// record yet
    /// (<see cref="AttributePlace.NewRecord"/>) are not counted.
    /// </summary>
    public static bool FitsInPlace(VolumeCore core, FileNode node)
    {
        if (!node.HasList && !node.Attributes.Exists(a => a.Places.Exists(p => p.Record == AttributePlace.NewRecord)))
        {
            return HasRoom(core, node, 0);
        }

        var rooms = new Dictionary<long, int>();
        foreach (var piece in Split(core, node))
        {
            if (piece.IsPlanned)
            {
                continue;
            }

            if (piece.Record < 0)
            {
                return false;
            }

            rooms[piece.Record] = rooms.GetValueOrDefault(piece.Record, Capacity(core, piece.Record)) - piece.Bytes.Length;
        }

        rooms[node.Number] = rooms.GetValueOrDefault(node.Number, Capacity(core, node.Number)) - ListSize(core, node);
        return rooms.Values.All(r => r >= 0);
    }

    /// <summary>Stores the file.</summary>
    /// <exception cref="RefusedException"><c>NTFS-0401</c>: no room for more records.</exception>
    public static void Store(VolumeCore core, FileNode node)
    {
        Sort(core, node);
        var fits = FirstAttribute(core, node.Number) + node.Attributes.Sum(AttributeEncoder.Measure) + 8 <= core.Geometry.RecordSize;
        if (fits && (!node.HasList || node.Number >= FileReference.FirstUserRecord))
        {
            StoreInBase(core, node);
            return;
        }

        if (!node.HasList && node.Number is > FileReference.MftRecord and < FileReference.FirstUserRecord
            && node.Number != FileReference.RootRecord
            && node.Number != FileReference.SecureRecord && node.Number != FileReference.ExtendRecord)
        {
            throw NtfsError.MetafileFull(node.Number);
        }

        MakeRoom(core, node);
        Sort(core, node);
        StoreWithList(core, node);
    }

    /// <summary>Bytes of the attributes that stand in the base record, or will.</summary>
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

    private static int FirstAttribute(VolumeCore core, long number)
    {
        var record = core.Records.Read(number);
        int first = BinaryPrimitives.ReadUInt16LittleEndian(record[FileRecordHeader.Layout.FirstAttribute..]);
        return first;
    }

    private static int Capacity(VolumeCore core, long number) => core.Geometry.RecordSize - FirstAttribute(core, number) - 8;

    /// <summary>
    /// Attributes in a record are ordered by type, then by name as the volume compares names; further than that as they were.
    /// </summary>
    private static void Sort(VolumeCore core, FileNode node)
    {
        var attributes = node.Attributes;
        for (var i = 1; i < attributes.Count; i++)
        {
            var current = attributes[i];
            var j = i - 1;
            while (j >= 0 && Compare(core, attributes[j], current) > 0)
            {
                attributes[j + 1] = attributes[j];
                j--;
            }

            attributes[j + 1] = current;
        }
    }

    private static int Compare(VolumeCore core, NodeAttribute left, NodeAttribute right)
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
        return core.Upcase.Compare(a, b);
    }

    private static void StoreInBase(VolumeCore core, FileNode node)
    {
        if (node.HasList)
        {
            core.Clusters.Free(node.ListRuns);
            node.ListRuns = new RunList();
            node.HasList = false;
        }

        var pieces = new List<Piece>(node.Attributes.Count);
        foreach (var attribute in node.Attributes)
        {
            pieces.Add(Encode(core, attribute, node.Number));
        }

        WriteRecord(core, node, node.Number, node.Sequence, pieces);
        foreach (var extension in node.Extensions)
        {
            core.RecordAllocator.Free(extension.Number);
        }

        node.Extensions.Clear();
        Remember(node, pieces);
    }

    private static Piece Encode(VolumeCore core, NodeAttribute attribute, long record)
    {
        var bytes = attribute.IsResident
            ? AttributeEncoder.EncodeResident(attribute)
            : AttributeEncoder.EncodeExtent(attribute, 0, long.MaxValue, core.Geometry.RecordSize, core.Geometry.ClusterSize, out _)!;
        var place = attribute.Places.Count == 1 ? attribute.Places[0] : default;
        var keeps = attribute.Places.Count == 1 && place.Record == record;
        return new Piece(attribute, 0, bytes) { Record = record, Id = keeps ? place.Id : -1 };
    }

    /// <summary>Resident streams leave the record before anything moves to another record.</summary>
    private static void MakeRoom(VolumeCore core, FileNode node)
    {
        if (!node.HasList && node.IsDirectory && node.Find(AttributeType.IndexRoot, "$I30") is { Value.Length: > 0x80 })
        {
            new IndexTree(core, node).ShrinkRoot();
        }

        // with a list: only a value that no record can hold
        var least = node.HasList ? core.Geometry.RecordSize - 0x80 : 64;
        foreach (var attribute in node.Attributes
            .Where(a => a.IsResident && a.Value.Length >= least
                && a.Type is AttributeType.Data or AttributeType.Bitmap or AttributeType.ReparsePoint
                or AttributeType.SecurityDescriptor or AttributeType.ExtendedAttribute)
            .OrderByDescending(a => a.Value.Length).ToList())
        {
            StreamEditor.MakeNonResident(core, node, attribute);
        }
    }

    private static void StoreWithList(VolumeCore core, FileNode node)
    {
        var pieces = Split(core, node);
        if (pieces.TrueForAll(p => p.Record < 0 || p.Record == node.Number)
            && FirstAttribute(core, node.Number) + pieces.Sum(p => p.Bytes.Length) + 8 <= core.Geometry.RecordSize
            && node.Number >= FileReference.FirstUserRecord)
        {
            StoreInBase(core, node);
            return;
        }

        var listBytes = PrepareList(core, node, pieces);
        Place(core, node, pieces, listBytes);
        var byRecord = pieces.GroupBy(p => p.Record).ToDictionary(g => g.Key, g => g.ToList());
        foreach (var extension in node.Extensions)
        {
            if (byRecord.TryGetValue(extension.Number, out var own))
            {
                WriteRecord(core, node, extension.Number, extension.Sequence, own);
            }
        }

        // the list names the ids, so the base record comes last
        var inBase = byRecord.GetValueOrDefault(node.Number) ?? [];
        AssignIds(core, node, node.Number, inBase);
        var list = BuildList(core, node, pieces);
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
            core.Content.Write(node.ListRuns, 0, list, node.Number);
        }

        var listPiece = Encode(core, listAttribute, node.Number);
        listPiece.Id = node.HasList ? node.ListId : -1;
        var at = inBase.FindIndex(p => (uint)p.Attribute.Type > (uint)AttributeType.AttributeList);
        inBase.Insert(at < 0 ? inBase.Count : at, listPiece);
        WriteRecord(core, node, node.Number, node.Sequence, inBase);
        node.ListId = (ushort)listPiece.Id;
        node.HasList = true;
        foreach (var extension in node.Extensions.Where(e => !byRecord.ContainsKey(e.Number)).ToList())
        {
            node.Extensions.Remove(extension);
            core.RecordAllocator.Free(extension.Number);
        }

        inBase.Remove(listPiece);
        Remember(node, pieces);
    }

    /// <summary>
    /// The parts of every attribute. Extents keep their boundaries; an extent that no longer fits into one record is cut.
    /// </summary>
    private static List<Piece> Split(VolumeCore core, FileNode node)
    {
        var capacity = core.Geometry.RecordSize - AllocatorFirstAttribute(core) - 8;
        var pieces = new List<Piece>();
        foreach (var attribute in node.Attributes)
        {
            if (attribute.IsResident)
            {
                var place = attribute.Places.Count > 0 ? attribute.Places[0] : new AttributePlace(-1, 0, 0);
                pieces.Add(new Piece(attribute, 0, AttributeEncoder.EncodeResident(attribute))
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
                var room = node.Number == 0 && known ? core.Geometry.RecordSize : capacity;
                var bytes = AttributeEncoder.EncodeExtent(attribute, vcn, end, room, core.Geometry.ClusterSize, out var next)
                    ?? throw NtfsError.BadSizes(node.Number, "an attribute whose name leaves no room for runs");
                var isPlaced = known && place.Record >= 0;
                pieces.Add(new Piece(attribute, vcn, bytes)
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

    private static int AllocatorFirstAttribute(VolumeCore core) =>
        (FileRecordHeader.Layout.UpdateSequenceArray + (2 * ((core.Geometry.RecordSize / UpdateSequence.Stride) + 1)) + 7) & ~7;

    /// <summary>Bytes that the list takes in the base record once it names all parts as they are now.</summary>
    private static int ListSize(VolumeCore core, FileNode node)
    {
        if (node.ListRuns.ClusterCount > 0)
        {
            return AttributeHeader.Layout.NonResidentSize + AttributeEncoder.Round8(MappingPairs.Measure(node.ListRuns));
        }

        var pieces = Split(core, node);
        var resident = AttributeEncoder.MeasureResident(0, pieces.Sum(EntrySize));
        return IsListResident(core, node, pieces) ? resident : Math.Min(resident, AttributeHeader.Layout.NonResidentSize + OneRunSize);
    }

    /// <summary>
    /// A short list stays in the base record. That of $MFT leaves it also where the record is full: its runs cannot go elsewhere.
    /// </summary>
    private static bool IsListResident(VolumeCore core, FileNode node, List<Piece> pieces)
    {
        var size = pieces.Sum(EntrySize);
        var room = Capacity(core, node.Number) - pieces.Where(p => p.Record == node.Number).Sum(p => p.Bytes.Length);
        return size <= core.Geometry.RecordSize / 4
            && (node.Number != FileReference.MftRecord || AttributeEncoder.MeasureResident(0, size) <= room);
    }

    private static int EntrySize(Piece piece) =>
        AttributeEncoder.Round8(AttributeListEntry.Layout.Name + (2 * piece.Attribute.Name.Length));

    /// <summary>
    /// Finds room for the list: resident while it is short, else in clusters. Returns the bytes it takes in the base record.
    /// </summary>
    private static int PrepareList(VolumeCore core, FileNode node, List<Piece> pieces)
    {
        var size = pieces.Sum(EntrySize);
        if (size > AttributeListReader.MaxSize)
        {
            throw NtfsError.AttributeListFull(node.Number);
        }

        if (IsListResident(core, node, pieces))
        {
            core.Clusters.Free(node.ListRuns);
            node.ListRuns = new RunList();
            return AttributeEncoder.MeasureResident(0, size);
        }

        core.Clusters.Resize(node.ListRuns, core.Geometry.ClustersFor(size));
        return AttributeHeader.Layout.NonResidentSize + AttributeEncoder.Round8(MappingPairs.Measure(node.ListRuns));
    }

    /// <summary>
    /// Gives every part a record: the one it is in, else the base record, else an extension record with room, else a new one.
    /// </summary>
    private static void Place(VolumeCore core, FileNode node, List<Piece> pieces, int listBytes)
    {
        var rooms = new Dictionary<long, int> { [node.Number] = Capacity(core, node.Number) - listBytes };
        foreach (var extension in node.Extensions)
        {
            rooms[extension.Number] = Capacity(core, extension.Number);
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
                target = NewExtension(core, node);
                rooms.Add(target, Capacity(core, target));
                if (rooms[target] < size)
                {
                    throw NtfsError.AttributesDoNotFit(node.Number, "an attribute is too long for a record of its own");
                }
            }

            rooms[target] -= size;
            MoveTo(piece, target);
        }
    }

    private static bool MustBeInBase(Piece piece, FileNode node) => piece.Attribute.Type == AttributeType.StandardInformation
        || (piece.Attribute.Type == AttributeType.IndexRoot && piece.Record < 0)
        || (node.Number == 0 && piece.LowestVcn == 0 && piece.Attribute.Type is AttributeType.Data);

    /// <summary>
    /// Who chooses first: what must stay in the base record, what is in an extension record, then by what reading a file needs first.
    /// </summary>
    private static int Rank(Piece piece, long number) => piece.Attribute.Type switch
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

    private static void MoveTo(Piece piece, long record)
    {
        if (piece.Record != record)
        {
            piece.Record = record;
            piece.Id = -1;
        }
    }

    private static long NewExtension(VolumeCore core, FileNode node)
    {
        // a record that describes $MFT must lie in a part of $MFT that is described before it: near its start
        ushort sequence;
        var number = node.Number == FileReference.MftRecord ? core.RecordAllocator.AllocateReserved(out sequence)
            : core.RecordAllocator.Allocate(out sequence);
        var bytes = RecordAllocator.Reformat(core, number, sequence);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.Flags), (ushort)FileRecordFlags.InUse);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.BaseReference), node.Reference.Value);
        node.Extensions.Add(new ExtensionRecord(number, sequence));
        return number;
    }

    private static void AssignIds(VolumeCore core, FileNode node, long record, List<Piece> pieces)
    {
        var bytes = core.Records.Edit(record);
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

        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.NextAttributeId), (ushort)next);
    }

    private static void WriteRecord(VolumeCore core, FileNode node, long number, ushort sequence, List<Piece> pieces)
    {
        AssignIds(core, node, number, pieces);
        var bytes = core.Records.Edit(number);
        int at = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.FirstAttribute));
        foreach (var piece in pieces)
        {
            if (at + piece.Bytes.Length + 8 > bytes.Length)
            {
                throw NtfsError.AttributesDoNotFit(number, "its attributes do not fit");
            }

            BinaryPrimitives.WriteUInt16LittleEndian(piece.Bytes.AsSpan(AttributeHeader.Layout.Id), (ushort)piece.Id);
            piece.Bytes.CopyTo(bytes.AsSpan(at));
            at += piece.Bytes.Length;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), (uint)AttributeType.End);
        bytes.AsSpan(at + 4).Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.BytesUsed), (uint)(at + 8));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.SequenceNumber), sequence);
        if (number == node.Number)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.Flags), (ushort)node.Flags);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.LinkCount), (ushort)node.Names.Count());
        }
    }

    private static byte[] BuildList(VolumeCore core, FileNode node, List<Piece> pieces)
    {
        var sequences = node.Extensions.ToDictionary(e => e.Number, e => e.Sequence);
        sequences[node.Number] = node.Sequence;
        var bytes = new byte[pieces.Sum(EntrySize)];
        var at = 0;

        // pieces are in the order of the attributes, which is the order of the list; extents follow each other
        foreach (var piece in pieces)
        {
            var entry = bytes.AsSpan(at, EntrySize(piece));
            BinaryPrimitives.WriteUInt32LittleEndian(entry, (uint)piece.Attribute.Type);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[AttributeListEntry.Layout.Length..], (ushort)entry.Length);
            entry[AttributeListEntry.Layout.NameLength] = (byte)piece.Attribute.Name.Length;
            entry[AttributeListEntry.Layout.NameOffset] = AttributeListEntry.Layout.Name;
            BinaryPrimitives.WriteInt64LittleEndian(entry[AttributeListEntry.Layout.LowestVcn..], piece.LowestVcn);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[AttributeListEntry.Layout.Reference..],
                new FileReference(piece.Record, sequences[piece.Record]).Value);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[AttributeListEntry.Layout.Id..], (ushort)piece.Id);
            Utf16.Write(piece.Attribute.Name, entry[AttributeListEntry.Layout.Name..]);
            at += entry.Length;
        }

        return bytes;
    }

    private static void Remember(FileNode node, List<Piece> pieces)
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

    /// <summary>One attribute, or one extent of it, on its way into a record.</summary>
    private sealed class Piece(NodeAttribute attribute, long lowestVcn, byte[] bytes)
    {
        public NodeAttribute Attribute { get; } = attribute;

        public long LowestVcn { get; } = lowestVcn;

        public byte[] Bytes { get; } = bytes;

        public long Record { get; set; } = -1;

        /// <summary>Whether a new record is meant for it.</summary>
        public bool IsPlanned { get; init; }

        public int Id { get; set; } = -1;
    }
}
