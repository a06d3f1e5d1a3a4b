using System.Buffers.Binary;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Check;

/// <summary>
/// Parses one FILE record, attribute by attribute, by the rules of the format (Linux-NTFS documentation) and of chkdsk. What is in one
/// record alone is judged here; what needs all records of a file in <see cref="FileChecker"/>.
/// </summary>
internal sealed class RecordParser(CheckContext context)
{
    /// <summary>
    /// Parses a decoded record. With <paramref name="judge"/> it reports, and takes the clusters of every run. Null: nothing of the record
    /// can be used.
    /// </summary>
    public List<CheckedAttribute>? Parse(ReadOnlyMemory<byte> memory, long number, bool judge)
    {
        var record = memory.Span;
        var label = $"FILE record {number}";
        var findings = judge ? context.Findings : null;
        if (!FileRecordHeader.TryCreate(record, out var header))
        {
            findings?.Error(NtfsFindingCode.RecordMagic, label, 0, "the magic FILE", "something else");
            return null;
        }

        if (header.BytesAllocated != record.Length)
        {
            findings?.Error(NtfsFindingCode.RecordHeader, label, FileRecordHeader.Layout.BytesAllocated, $"{record.Length} bytes allocated",
                $"{header.BytesAllocated}");
        }

        if (header.BytesUsed > record.Length || header.BytesUsed % 8 != 0 || header.FirstAttribute % 8 != 0 || header.FirstAttribute < 0x28
            || header.FirstAttribute + FileRecordHeader.EndMarkerSize > header.BytesUsed)
        {
            findings?.Error(NtfsFindingCode.RecordHeader, label, FileRecordHeader.Layout.BytesUsed,
                $"attributes and an end mark inside {record.Length} bytes",
                $"{header.BytesUsed} bytes in use, attributes from 0x{header.FirstAttribute:X}");
            return null;
        }

        JudgeHeader(record, header, number, label, findings);
        var attributes = new List<CheckedAttribute>(8);
        var at = header.FirstAttribute;
        var used = (int)header.BytesUsed;
        while (true)
        {
            if (at + 4 > used)
            {
                findings?.Error(NtfsFindingCode.RecordEnd, label, at, "an end mark inside the bytes in use", "none");
                return attributes;
            }

            if (BinaryPrimitives.ReadUInt32LittleEndian(record[at..]) == (uint)AttributeType.End)
            {
                break;
            }

            if (!AttributeHeader.TryCreate(record[at..used], out var attribute, out var problem))
            {
                findings?.Error(NtfsFindingCode.Attribute, label, at, "a valid attribute", problem);
                return attributes;
            }

            var parsed = Read(attribute, memory, number, at, findings);
            if (findings is not null)
            {
                JudgeAttribute(attribute, parsed, header, attributes, findings);
            }

            attributes.Add(parsed);
            at += attribute.Length;
        }

        if (at + FileRecordHeader.EndMarkerSize != used)
        {
            findings?.Error(NtfsFindingCode.RecordEnd, label, FileRecordHeader.Layout.BytesUsed,
                $"{at + FileRecordHeader.EndMarkerSize} bytes in use",
                $"{used}");
        }

        return attributes;
    }

    private static void JudgeHeader(ReadOnlySpan<byte> record, FileRecordHeader header, long number, string label, FindingList? findings)
    {
        if (findings is null)
        {
            return;
        }

        var array = BinaryPrimitives.ReadUInt16LittleEndian(record[FileRecordHeader.Layout.UpdateSequenceOffset..]);
        if (array >= FileRecordHeader.Layout.UpdateSequenceArray && header.RecordNumber != (uint)(number & 0xFFFFFFFF))
        {
            findings.Error(NtfsFindingCode.RecordNumber, label, FileRecordHeader.Layout.RecordNumber, $"record number {number}",
                $"{header.RecordNumber}");
        }

        if (header.SequenceNumber == 0)
        {
            findings.Error(NtfsFindingCode.RecordHeader, label, FileRecordHeader.Layout.SequenceNumber, "a sequence number above 0", "0");
        }

        const int AllFlags = (int)(FileRecordFlags.InUse | FileRecordFlags.Directory | FileRecordFlags.Extend | FileRecordFlags.ViewIndex);
        if (((int)header.Flags & ~AllFlags) != 0)
        {
            findings.Error(NtfsFindingCode.RecordHeader, label, FileRecordHeader.Layout.Flags, "known flags", $"0x{(int)header.Flags:X}");
        }

        // the update sequence array must end before the attributes
        var count = BinaryPrimitives.ReadUInt16LittleEndian(record[FileRecordHeader.Layout.UpdateSequenceCount..]);
        if (array + (2 * count) > header.FirstAttribute)
        {
            findings.Error(NtfsFindingCode.RecordHeader, label, FileRecordHeader.Layout.FirstAttribute,
                "attributes after the update sequence array",
                $"0x{header.FirstAttribute:X}");
        }
    }

    private CheckedAttribute Read(AttributeHeader attribute, ReadOnlyMemory<byte> memory, long number, int at, FindingList? findings)
    {
        var name = attribute.NameLength == 0 ? "" : attribute.HasName("$I30") ? "$I30" : Utf16.ToText(attribute.NameBytes);
        if (attribute.IsResident)
        {
            return new CheckedAttribute
            {
                Type = attribute.Type,
                Name = name,
                Id = attribute.Id,
                Record = number,
                Offset = at,
                IsResident = true,
                Flags = attribute.Flags,
                Value = memory.Slice(at + attribute.ValueOffset, attribute.Value.Length),
                DataSize = attribute.Value.Length,
            };
        }

        var runs = new List<StreamRun>(4);
        var problem = RunDecoder.Decode(attribute.MappingPairs, Math.Max(0, attribute.LowestVcn), context.Geometry.ClusterCount, runs);
        var hasCompressed = attribute.LowestVcn == 0 && (attribute.Flags & (AttributeFlags.Compressed | AttributeFlags.Sparse)) != 0
            && attribute.MappingPairsOffset >= AttributeHeader.Layout.NonResidentCompressedSize
                && attribute.Length >= AttributeHeader.Layout.NonResidentCompressedSize;
        var parsed = new CheckedAttribute
        {
            Type = attribute.Type,
            Name = name,
            Id = attribute.Id,
            Record = number,
            Offset = at,
            IsResident = false,
            Flags = attribute.Flags,
            CompressionUnit = attribute.CompressionUnit,
            LowestVcn = attribute.LowestVcn,
            HighestVcn = attribute.HighestVcn,
            AllocatedSize = attribute.AllocatedSize,
            DataSize = attribute.DataSize,
            InitializedSize = attribute.InitializedSize,
            HasCompressedSize = hasCompressed,
            CompressedSize = hasCompressed
                ? BinaryPrimitives.ReadInt64LittleEndian(attribute.Bytes[AttributeHeader.Layout.CompressedSize..]) : 0,
            Runs = runs,
        };
        if (findings is not null)
        {
            if (problem is not null)
            {
                findings.Error(NtfsFindingCode.Runs, parsed.Label, at + attribute.MappingPairsOffset, "runs inside the volume", problem);
            }

            JudgeRuns(parsed, findings);
        }

        return parsed;
    }

    private void JudgeRuns(CheckedAttribute attribute, FindingList findings)
    {
        var end = attribute.Runs.Count == 0 ? Math.Max(0, attribute.LowestVcn) : attribute.Runs[^1].EndVcn;
        if (attribute.LowestVcn < 0 || attribute.HighestVcn != end - 1)
        {
            findings.Error(NtfsFindingCode.HighestVcn, attribute.Label, attribute.Offset + AttributeHeader.Layout.HighestVcn,
                $"runs of VCN {attribute.LowestVcn} to {attribute.HighestVcn}", $"runs that end at {end - 1}");
        }

        foreach (var run in attribute.Runs)
        {
            if (run.IsHole)
            {
                continue;
            }

            var taken = context.Owned.SetRange(run.Lcn, run.Count);
            if (taken >= 0)
            {
                findings.Error(NtfsFindingCode.ClusterOwnedTwice, attribute.Label, attribute.Offset, "clusters of its own",
                    $"cluster {taken}, which another run has too");
            }
        }
    }

    private void JudgeAttribute(AttributeHeader attribute, CheckedAttribute parsed, FileRecordHeader header, List<CheckedAttribute> before,
        FindingList findings)
    {
        var at = parsed.Offset;
        if ((uint)parsed.Type is 0 or > 0x100 && (uint)parsed.Type < 0x1000 || (uint)parsed.Type % 0x10 != 0)
        {
            findings.Error(NtfsFindingCode.AttributeType, parsed.Label, at, "a known attribute type", $"0x{(uint)parsed.Type:X}");
        }

        if (parsed.Id >= header.NextAttributeId)
        {
            findings.Error(NtfsFindingCode.AttributeIdTooHigh, parsed.Label, at + AttributeHeader.Layout.Id,
                $"an id below {header.NextAttributeId}",
                $"{parsed.Id}");
        }

        foreach (var other in before)
        {
            if (other.Id == parsed.Id)
            {
                findings.Error(NtfsFindingCode.AttributeIdTwice, parsed.Label, at + AttributeHeader.Layout.Id, "an id of its own",
                    $"{parsed.Id}, as {CheckedAttribute.TypeName(other.Type)}");
                break;
            }
        }

        if (before.Count > 0)
        {
            JudgeOrder(before[^1], parsed, findings);
        }

        var mustBeResident =
            parsed.Type is AttributeType.StandardInformation or AttributeType.FileName or AttributeType.ObjectId or AttributeType.VolumeName
            or AttributeType.VolumeInformation or AttributeType.IndexRoot or AttributeType.ExtendedAttributeInformation;
        if (mustBeResident && !parsed.IsResident)
        {
            findings.Error(NtfsFindingCode.Residence, parsed.Label, at + AttributeHeader.Layout.NonResident, "a resident attribute",
                "a non-resident one");
        }

        if (parsed.Type == AttributeType.IndexAllocation && parsed.IsResident)
        {
            findings.Error(NtfsFindingCode.Residence, parsed.Label, at + AttributeHeader.Layout.NonResident, "a non-resident attribute",
                "a resident one");
        }

        if (attribute.NameLength > 0 && (attribute.NameOffset % 2 != 0
            || attribute.NameOffset < (parsed.IsResident ? AttributeHeader.Layout.ResidentSize : AttributeHeader.Layout.NonResidentSize)))
        {
            findings.Error(NtfsFindingCode.AttributeName, parsed.Label, at + AttributeHeader.Layout.NameOffset, "a name after the header",
                $"offset 0x{attribute.NameOffset:X}");
        }

        JudgeUnusedName(attribute, parsed, findings);
        JudgeLayout(attribute, parsed, findings);
        const AttributeFlags KnownFlags = (AttributeFlags)0x00FF | AttributeFlags.Encrypted | AttributeFlags.Sparse;
        if ((parsed.Flags & ~KnownFlags) != 0 || ((ushort)parsed.Flags & 0xFE) != 0)
        {
            findings.Error(NtfsFindingCode.AttributeFlags, parsed.Label, at + AttributeHeader.Layout.Flags, "known flags",
                $"0x{(ushort)parsed.Flags:X4}");
        }
    }

    /// <summary>An attribute without a name says 0, or where the name would be: after the header, and before what follows it.</summary>
    private static void JudgeUnusedName(AttributeHeader attribute, CheckedAttribute parsed, FindingList findings)
    {
        var (least, most) = parsed.IsResident
            ? (AttributeHeader.Layout.ResidentSize, Math.Max(AttributeHeader.Layout.ResidentSize, attribute.ValueOffset))
            : (AttributeHeader.Layout.NonResidentSize, Math.Max(AttributeHeader.Layout.NonResidentSize, attribute.MappingPairsOffset));
        if (attribute.NameLength == 0 && attribute.NameOffset != 0 && (attribute.NameOffset < least || attribute.NameOffset > most))
        {
            findings.Error(NtfsFindingCode.AttributeName, parsed.Label, parsed.Offset + AttributeHeader.Layout.NameOffset,
                "no name, or one behind the header",
                $"offset 0x{attribute.NameOffset:X}");
        }
    }

    private static void JudgeLayout(AttributeHeader attribute, CheckedAttribute parsed, FindingList findings)
    {
        var at = parsed.Offset;
        if (!parsed.IsResident)
        {
            if (attribute.NameLength > 0 && attribute.MappingPairsOffset < attribute.NameOffset + (2 * attribute.NameLength))
            {
                findings.Error(NtfsFindingCode.ValuePlace, parsed.Label, at + AttributeHeader.Layout.MappingPairsOffset,
                    "mapping pairs after the name",
                    $"0x{attribute.MappingPairsOffset:X}");
            }
            else if (attribute.MappingPairsOffset % 8 != 0)
            {
                findings.Error(NtfsFindingCode.ValuePlace, parsed.Label, at + AttributeHeader.Layout.MappingPairsOffset,
                    "mapping pairs at a multiple of 8", $"0x{attribute.MappingPairsOffset:X}");
            }

            if (attribute.CompressionUnit is not (0 or 4)
                || (attribute.CompressionUnit == 0 && (parsed.Flags & AttributeFlags.Compressed) != 0 && parsed.LowestVcn == 0))
            {
                findings.Error(NtfsFindingCode.CompressionUnit, parsed.Label, at + AttributeHeader.Layout.CompressionUnit,
                    "compression units of 16 clusters, or none", $"2^{attribute.CompressionUnit}");
            }

            return;
        }

        var behindName = attribute.NameLength == 0 ? AttributeHeader.Layout.ResidentSize
            : attribute.NameOffset + (2 * attribute.NameLength);
        if (attribute.ValueOffset % 8 != 0 || attribute.ValueOffset < behindName)
        {
            findings.Error(NtfsFindingCode.ValuePlace, parsed.Label, at + AttributeHeader.Layout.ValueOffset,
                "a value at a multiple of 8 after the name",
                $"0x{attribute.ValueOffset:X}");
        }

        var indexed = attribute.Bytes[AttributeHeader.Layout.IndexedFlag];
        if ((indexed != 0) != (parsed.Type == AttributeType.FileName) || indexed > 1)
        {
            findings.Error(NtfsFindingCode.IndexedFlag, parsed.Label, at + AttributeHeader.Layout.IndexedFlag,
                parsed.Type == AttributeType.FileName ? "the indexed flag 1" : "the indexed flag 0", $"{indexed}");
        }
    }

    private void JudgeOrder(CheckedAttribute before, CheckedAttribute attribute, FindingList findings)
    {
        var order = before.Type.CompareTo(attribute.Type);
        if (order == 0)
        {
            order = CompareNames(before.Name, attribute.Name);
        }

        if (order == 0 && attribute.Type != AttributeType.FileName)
        {
            order = before.LowestVcn.CompareTo(attribute.LowestVcn);
            if (order == 0)
            {
                findings.Error(NtfsFindingCode.AttributeTwice, attribute.Label, attribute.Offset, "one attribute of this type and name",
                    "two");
                return;
            }
        }

        if (order > 0)
        {
            findings.Error(NtfsFindingCode.AttributeOrder, attribute.Label, attribute.Offset, "attributes by type and name",
                $"it comes after {CheckedAttribute.TypeName(before.Type)}:{before.Name}");
        }
    }

    private int CompareNames(string left, string right)
    {
        var common = Math.Min(left.Length, right.Length);
        for (var i = 0; i < common; i++)
        {
            var order = context.Upcase[left[i]].CompareTo(context.Upcase[right[i]]);
            if (order != 0)
            {
                return order;
            }
        }

        return left.Length.CompareTo(right.Length);
    }
}
