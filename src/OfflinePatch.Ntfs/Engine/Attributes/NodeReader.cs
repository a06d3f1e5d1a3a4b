using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Attributes;

/// <summary>Builds a <see cref="FileNode"/> from a base record and the records that its attribute list names.</summary>
internal sealed class NodeReader(RecordStore records, RunDevice device)
{
    /// <summary>Most records that one file may have: an attribute list of 256 KiB names at most this many parts.</summary>
    private const int MaxExtensions = AttributeListReader.MaxSize / AttributeListEntry.Layout.Name;

    private readonly AttributeListReader _lists = new(device);

    /// <summary>Reads a file.</summary>
    /// <exception cref="CorruptImageException">A record, attribute or list is damaged.</exception>
    public FileNode Read(long number)
    {
        var record = records.Get(number);
        if (!record.IsInUse || !record.IsBase)
        {
            throw NtfsError.NotInUse(number, record.IsInUse ? "it is an extension record" : "it is free");
        }

        var node = new FileNode(number, record.Header.SequenceNumber) { Flags = record.Header.Flags };
        var parts = new List<Part>();
        List<ListedAttribute>? listed = null;
        foreach (var attribute in record)
        {
            if (attribute.Type == AttributeType.AttributeList)
            {
                if (listed is not null)
                {
                    throw NtfsError.BadAttributeList(number, "a second list");
                }

                node.HasList = true;
                node.ListId = attribute.Id;
                listed = _lists.Read(attribute, number);
                if (!attribute.IsResident)
                {
                    MappingPairs.Decode(attribute.MappingPairs, node.ListRuns, device.Geometry.ClusterCount,
                        device.Geometry.MaxVcn, number);
                }
            }
            else
            {
                parts.Add(Part.From(attribute, number));
            }
        }

        if (listed is not null)
        {
            ReadExtensions(node, listed, parts);
        }

        Merge(node, parts);
        return node;
    }

    private void ReadExtensions(FileNode node, List<ListedAttribute> listed, List<Part> parts)
    {
        var seen = new HashSet<long>();
        foreach (var entry in listed)
        {
            if (entry.NameOffset != AttributeListEntry.Layout.Name && node.Number < 32)
            {
                node.WriteProblem =
                    $"the attribute list of record {node.Number} has a name offset of 0x{entry.NameOffset:X}, "
                    + "which newer Windows does not mount";
            }

            if (entry.Reference.Record == node.Number || !seen.Add(entry.Reference.Record))
            {
                continue;
            }

            if (seen.Count > MaxExtensions)
            {
                throw NtfsError.BadAttributeList(node.Number, $"more than {MaxExtensions} records");
            }

            var extension = records.Get(entry.Reference);
            if (extension.Header.BaseReference != node.Reference)
            {
                throw NtfsError.BadAttributeList(node.Number,
                    $"record {entry.Reference.Record} belongs to {extension.Header.BaseReference}");
            }

            node.Extensions.Add(new ExtensionRecord(extension.Number, extension.Header.SequenceNumber));
            foreach (var attribute in extension)
            {
                parts.Add(Part.From(attribute, extension.Number));
            }
        }

        var known = parts.Select(p => (p.Attribute.Type, p.Place.Record, p.Place.Id, p.Place.LowestVcn)).ToHashSet();
        var wanted = listed.Where(e => e.Type != AttributeType.AttributeList).Select(e => (e.Type, e.Reference.Record, e.Id, e.LowestVcn))
            .ToHashSet();
        if (!known.SetEquals(wanted))
        {
            if (!wanted.IsSubsetOf(known))
            {
                throw NtfsError.BadAttributeList(node.Number, "an attribute is not where the list says");
            }

            node.WriteProblem = $"record {node.Number} has attributes that its list does not name";
            parts.RemoveAll(p => !wanted.Contains((p.Attribute.Type, p.Place.Record, p.Place.Id, p.Place.LowestVcn)));
        }
    }

    private void Merge(FileNode node, List<Part> parts)
    {
        // parts of one attribute, by VCN: stable for everything else
        var ordered = parts.Count < 2 ? parts : [.. parts.OrderBy(p => (uint)p.Attribute.Type).ThenBy(p => p.Place.LowestVcn)];
        foreach (var part in ordered)
        {
            var attribute = part.Attribute;
            if (attribute.IsResident)
            {
                attribute.Places.Add(part.Place);
                node.Attributes.Add(attribute);
                continue;
            }

            if (part.Place.LowestVcn != 0)
            {
                var first = node.Find(attribute.Type, attribute.Name);
                if (first is not { IsResident: false } || first.Runs.ClusterCount != part.Place.LowestVcn)
                {
                    throw NtfsError.BadRuns(node.Number, $"an extent from VCN {part.Place.LowestVcn} that continues nothing");
                }

                attribute = first;
            }
            else
            {
                if (node.Find(attribute.Type, attribute.Name) is not null)
                {
                    throw NtfsError.BadAttribute(node.Number, 0, $"attribute {attribute.Type} \"{attribute.Name}\" twice");
                }

                node.Attributes.Add(attribute);
            }

            attribute.Places.Add(part.Place);
            MappingPairs.Decode(part.Pairs!, attribute.Runs, device.Geometry.ClusterCount, device.Geometry.MaxVcn, node.Number);
            if (part.HighestVcn != attribute.Runs.ClusterCount - 1 && !(attribute.Runs.ClusterCount == 0 && part.HighestVcn == 0))
            {
                throw NtfsError.BadRuns(node.Number,
                    $"runs up to VCN {attribute.Runs.ClusterCount - 1} where the header says {part.HighestVcn}");
            }
        }

        foreach (var attribute in node.Attributes)
        {
            if (!attribute.IsResident && (attribute.DataSize < 0 || attribute.InitializedSize < 0
                || attribute.DataSize > attribute.Runs.ClusterCount << device.Geometry.ClusterShift
                || attribute.InitializedSize > attribute.Runs.ClusterCount << device.Geometry.ClusterShift))
            {
                throw NtfsError.BadSizes(node.Number,
                    $"{attribute.DataSize} bytes, {attribute.InitializedSize} written, in {attribute.Runs.ClusterCount} clusters");
            }
        }
    }

    /// <summary>One attribute header of one record.</summary>
    private sealed record Part(NodeAttribute Attribute, AttributePlace Place, long HighestVcn, byte[]? Pairs)
    {
        public static Part From(AttributeHeader header, long record)
        {
            var attribute = new NodeAttribute(header.Type, Utf16.ToText(header.NameBytes)) { Flags = header.Flags };
            if (header.IsResident)
            {
                attribute.Header = header.Bytes[..AttributeHeader.Layout.ResidentSize].ToArray();
                attribute.Value = header.Value.ToArray();
                attribute.DataSize = attribute.InitializedSize = attribute.Value.Length;
                return new Part(attribute, new AttributePlace(record, header.Id, 0), -1, null);
            }

            attribute.IsResident = false;
            if (header.LowestVcn < 0 || header.HighestVcn < -1)
            {
                throw NtfsError.BadRuns(record, $"VCN {header.LowestVcn} to {header.HighestVcn}");
            }

            if (header.LowestVcn == 0)
            {
                var size = Math.Min(header.MappingPairsOffset, AttributeHeader.Layout.NonResidentCompressedSize);
                attribute.Header = header.Bytes[..size].ToArray();
                attribute.DataSize = header.DataSize;
                attribute.InitializedSize = header.InitializedSize;
                attribute.CompressionUnit = header.CompressionUnit;
            }

            return new Part(attribute, new AttributePlace(record, header.Id, header.LowestVcn), header.HighestVcn,
                header.MappingPairs.ToArray());
        }
    }
}
