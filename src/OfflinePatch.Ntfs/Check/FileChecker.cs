using OfflinePatch.Core;
using System.Buffers.Binary;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Check;

/// <summary>
/// Judges one file by all its attributes, from one record or several: streams, names, flags, sizes. Source: Linux-NTFS documentation,
/// Attribute Header, Data Runs, $STANDARD_INFORMATION, $FILE_NAME, Index Record; what chkdsk reports.
/// </summary>
internal sealed class FileChecker(CheckContext context)
{
    /// <summary>Records 12 to 15 are in use and have no name; 16 to 23 hold extension records of $MFT.</summary>
    private const long FirstUserRecord = FileReference.FirstUserRecord;

    private const uint ReparseAttribute = 0x400;

    private FindingList Findings => context.Findings;

    /// <summary>Judges the file and notes what the later passes need.</summary>
    public void Check(long number, FileRecordHeaderCopy header, List<CheckedAttribute> attributes)
    {
        ref var facts = ref context.Table[number];
        CheckStreams(attributes);
        var standard = CheckStandardInformation(number, attributes, ref facts);
        CheckNames(number, header, attributes, ref facts);
        CheckKind(number, header, attributes, standard, ref facts);
        NoteSizes(attributes, ref facts);
    }

    private static IEnumerable<CheckedAttribute> Of(List<CheckedAttribute> attributes, AttributeType type, string? name = null) =>
        attributes.Where(a => a.Type == type && (name is null || a.Name == name));

    private void CheckStreams(List<CheckedAttribute> attributes)
    {
        for (var i = 0; i < attributes.Count; i++)
        {
            var first = attributes[i];
            if (first.IsResident || IsRepeated(attributes, i))
            {
                continue;
            }

            if (attributes.Exists(a => !ReferenceEquals(a, first) && a.Type == first.Type && a.Name == first.Name))
            {
                var extents = attributes.Where(a => a.Type == first.Type && a.Name == first.Name).OrderBy(a => a.LowestVcn).ToList();
                CheckExtents(extents);
            }
            else
            {
                CheckExtents([first]);
            }
        }
    }

    private static bool IsRepeated(List<CheckedAttribute> attributes, int index)
    {
        for (var i = 0; i < index; i++)
        {
            if (attributes[i].Type == attributes[index].Type && attributes[i].Name == attributes[index].Name)
            {
                return true;
            }
        }

        return false;
    }

    private void CheckExtents(List<CheckedAttribute> extents)
    {
        var first = extents[0];
        if (first.IsResident || extents.Exists(e => e.IsResident))
        {
            Findings.Error(NtfsFindingCode.AttributeTwice, first.Label, first.Offset, "one attribute of this type and name",
                "a resident and a non-resident one");
            return;
        }

        if (first.LowestVcn != 0)
        {
            Findings.Error(NtfsFindingCode.LowestVcn, first.Label, first.Offset + AttributeHeader.Layout.LowestVcn,
                "a first extent at VCN 0",
                $"VCN {first.LowestVcn}");
            return;
        }

        long end = 0;
        long real = 0;
        var holes = false;
        foreach (var extent in extents)
        {
            if (extent.LowestVcn != end)
            {
                Findings.Error(NtfsFindingCode.LowestVcn, extent.Label, extent.Offset + AttributeHeader.Layout.LowestVcn,
                    $"an extent at VCN {end}",
                    $"VCN {extent.LowestVcn}");
                return;
            }

            foreach (var run in extent.Runs)
            {
                end = run.EndVcn;
                real += run.IsHole ? 0 : run.Count;
                holes |= run.IsHole;
            }
        }

        CheckSizes(first, end, real);
        if (holes && !first.MayHaveHoles && !(first.Record == FileReference.BadClusRecord && first.Name == "$Bad"))
        {
            Findings.Error(NtfsFindingCode.UnexpectedHole, first.Label, first.Offset + AttributeHeader.Layout.Flags,
                "no hole in a stream that is neither sparse nor compressed", "a hole");
        }
    }

    private void CheckSizes(CheckedAttribute first, long clusters, long real)
    {
        var cluster = context.Geometry.ClusterSize;
        var allocated = clusters > long.MaxValue / cluster ? long.MaxValue : clusters * cluster;
        if (first.AllocatedSize != allocated)
        {
            Findings.Error(NtfsFindingCode.AllocatedSize, first.Label, first.Offset + AttributeHeader.Layout.AllocatedSize,
                $"{allocated} bytes allocated, as the runs say", $"{first.AllocatedSize}");
        }

        if (first.InitializedSize < 0 || first.InitializedSize > first.DataSize || first.DataSize > first.AllocatedSize)
        {
            Findings.Error(NtfsFindingCode.SizeOrder, first.Label, first.Offset + AttributeHeader.Layout.DataSize,
                "bytes written ≤ bytes of the stream ≤ bytes allocated",
                $"{first.InitializedSize}, {first.DataSize}, {first.AllocatedSize}");
        }

        if (first.HasCompressedSize && first.CompressedSize != real * cluster)
        {
            Findings.Error(NtfsFindingCode.CompressedSize, first.Label, first.Offset + AttributeHeader.Layout.CompressedSize,
                $"{real * cluster} bytes held by clusters", $"{first.CompressedSize}");
        }
    }

    private CheckedAttribute? CheckStandardInformation(long number, List<CheckedAttribute> attributes, ref RecordFacts facts)
    {
        var label = $"FILE record {number}";
        CheckedAttribute? standard = null;
        var count = 0;
        foreach (var attribute in Of(attributes, AttributeType.StandardInformation))
        {
            standard = attribute;
            count++;
        }

        if (count != 1 || standard!.Record != number)
        {
            Findings.Error(NtfsFindingCode.StandardInformation, label, -1, "one $STANDARD_INFORMATION in the base record",
                count == 1 ? "one elsewhere" : $"{count}");
            return null;
        }

        if (standard.Value.Length is not (StandardInformation.Layout.ShortSize or StandardInformation.Layout.Size))
        {
            Findings.Error(NtfsFindingCode.StandardInformation, standard.Label, standard.Offset + AttributeHeader.Layout.ValueLength,
                "48 or 72 bytes",
                $"{standard.Value.Length}");
        }

        facts.SecurityId = StandardInformation.TryCreate(standard.Value.Span, out var view) ? view.SecurityId : 0;
        return standard;
    }

    private void CheckNames(long number, FileRecordHeaderCopy header, List<CheckedAttribute> attributes, ref RecordFacts facts)
    {
        var label = $"FILE record {number}";
        var links = 0;
        var win32 = 0;
        var dos = 0;
        foreach (var attribute in Of(attributes, AttributeType.FileName))
        {
            links++;
            var value = attribute.Value.Span;
            if (!FileNameAttribute.TryCreate(value, out var name) || name.NameLength == 0
                || value.Length != FileNameAttribute.Layout.Name + (2 * name.NameLength))
            {
                Findings.Error(NtfsFindingCode.FileName, attribute.Label, attribute.Offset + AttributeHeader.Layout.ValueLength,
                    "a name of the length that it says", $"{value.Length} bytes");
                continue;
            }

            JudgeName(attribute, name, number);
            win32 += name.NameSpace == FileNameSpace.Win32 ? 1 : 0;
            dos += name.NameSpace == FileNameSpace.Dos ? 1 : 0;
            facts.NameBalance = unchecked(facts.NameBalance + FileNameHash.Of(number, name.Bytes));
            facts.Names = (ushort)Math.Min(ushort.MaxValue, facts.Names + 1);
            if (name.NameSpace != FileNameSpace.Dos)
            {
                facts.Parent = name.Parent.Record;
            }
        }

        if (links != header.LinkCount)
        {
            Findings.Error(NtfsFindingCode.LinkCount, label, FileRecordHeader.Layout.LinkCount,
                $"a link count of {links}, the number of names",
                $"{header.LinkCount}");
        }

        // a DOS name belongs to one Win32 name; a Win32 name may stand alone where short names are switched off
        if (dos > win32)
        {
            Findings.Error(NtfsFindingCode.DosName, label, -1, "a Win32 name for every DOS name", $"{win32} Win32 and {dos} DOS names");
        }

        if (links == 0 && number >= FirstUserRecord)
        {
            Findings.Error(NtfsFindingCode.NoName, label, -1, "a name", "none");
        }

        if (links - dos > 1)
        {
            facts.Marks |= RecordMarks.HardLinked;
        }
    }

    private void JudgeName(CheckedAttribute attribute, FileNameAttribute name, long number)
    {
        if ((byte)name.NameSpace > 3)
        {
            Findings.Error(NtfsFindingCode.FileName, attribute.Label, attribute.Offset + FileNameAttribute.Layout.NameSpace,
                "a name space from 0 to 3",
                $"{(byte)name.NameSpace}");
        }

        if (FileNameRules.ForbiddenUnit(name.NameBytes) is >= 0 and var unit)
        {
            // POSIX names may hold them; but Windows 10 writes that name space too, wherever short names are switched off
            var severity = name.NameSpace == FileNameSpace.Posix ? FindingSeverity.Warning : FindingSeverity.Error;
            Findings.Add(new VolumeFinding(NtfsFindingCode.NameCharacter, severity, attribute.Label,
                $"expected a name that Windows accepts, found the unit U+{unit:X4}", attribute.Offset));
        }
        else if (number >= FirstUserRecord && FileNameRules.WhyNotOpened(name.Name) is { } why)
        {
            Findings.Add(new VolumeFinding(NtfsFindingCode.NameNotOpened, FindingSeverity.Warning, attribute.Label,
                $"expected a name that programs can open in Windows, found one that {why}", attribute.Offset));
        }

        if (name.NameSpace is FileNameSpace.Dos or FileNameSpace.Win32AndDos && number >= FirstUserRecord
            && attribute.Record >= FirstUserRecord && !FileNameRules.IsShort(name.NameBytes) && !IsExtendFile(name))
        {
            Findings.Error(NtfsFindingCode.ShortName, attribute.Label, attribute.Offset, "an 8.3 name in the name space of DOS", name.Name);
        }
    }

    /// <summary>Names of metafiles under $Extend are in the name space 3 whatever their length (older formats).</summary>
    private static bool IsExtendFile(FileNameAttribute name) => name.Parent.Record == FileReference.ExtendRecord;

    private void CheckKind(long number, FileRecordHeaderCopy header, List<CheckedAttribute> attributes, CheckedAttribute? standard,
        ref RecordFacts facts)
    {
        var label = $"FILE record {number}";
        var isDirectory = (header.Flags & FileRecordFlags.Directory) != 0;
        var hasIndex = attributes.Exists(a => a.Type == AttributeType.IndexRoot && a.Name == "$I30");
        if (isDirectory != hasIndex)
        {
            Findings.Error(NtfsFindingCode.DirectoryFlag, label, FileRecordHeader.Layout.Flags,
                hasIndex ? "the directory flag, as there is $I30" : "$I30, as the directory flag is set", "the contrary");
        }

        var isView = (header.Flags & FileRecordFlags.ViewIndex) != 0;
        var hasView = attributes.Exists(a => a.Type == AttributeType.IndexRoot && a.Name != "$I30");
        if (isView != hasView)
        {
            Findings.Error(NtfsFindingCode.ViewIndexFlag, label, FileRecordHeader.Layout.Flags,
                hasView ? "the view index flag" : "a view index, as the flag is set", "the contrary");
        }

        facts.Marks |= (hasIndex ? RecordMarks.Directory : 0) | (hasView ? RecordMarks.ViewIndex : 0);
        if (!hasIndex && !hasView && number >= FirstUserRecord
            && !attributes.Exists(a => a.Type == AttributeType.Data && a.Name.Length == 0))
        {
            Findings.Error(NtfsFindingCode.NoContent, label, -1, "an unnamed $DATA", "none");
        }

        var reference = (ulong)number | ((ulong)header.Sequence << 48);
        var reparse = attributes.Find(a => a.Type == AttributeType.ReparsePoint);
        if (standard is { Value.Length: >= StandardInformation.Layout.ShortSize })
        {
            var flags = BinaryPrimitives.ReadUInt32LittleEndian(standard.Value.Span[StandardInformation.Layout.Attributes..]);
            if ((flags & ReparseAttribute) != 0 != (reparse is not null))
            {
                Findings.Error(NtfsFindingCode.ReparseFlag, label, standard.Offset,
                    reparse is null ? "no reparse attribute, as there is no $REPARSE_POINT" : "the reparse attribute", $"0x{flags:X}");
            }
        }

        if (reparse is not null)
        {
            Span<byte> tag = stackalloc byte[4];
            if (context.Stream([reparse]).TryRead(0, tag))
            {
                context.ReparsePoints.Add((reference, BinaryPrimitives.ReadUInt32LittleEndian(tag)));
            }
            else
            {
                Findings.Error(NtfsFindingCode.ReparseTooShort, reparse.Label, reparse.Offset, "at least 8 bytes", $"{reparse.DataSize}");
            }
        }

        if (attributes.Exists(a => a.Type == AttributeType.ObjectId))
        {
            context.ObjectIds.Add(reference);
        }
    }

    /// <summary>
    /// Sizes as a $FILE_NAME copies them: of the unnamed stream; a compressed or sparse one counts what its clusters hold.
    /// </summary>
    private static void NoteSizes(List<CheckedAttribute> attributes, ref RecordFacts facts)
    {
        var data = attributes.Find(a => a.Type == AttributeType.Data && a.Name.Length == 0 && a.LowestVcn == 0);
        if (data is null)
        {
            return;
        }

        facts.Marks |= RecordMarks.HasSizes;
        facts.DataSize = data.DataSize;
        facts.AllocatedSize = data.IsResident ? (data.DataSize + 7) & ~7L : data.HasCompressedSize ? data.CompressedSize
            : data.AllocatedSize;
    }
}

/// <summary>The fields of a FILE record's header that outlive its buffer.</summary>
internal readonly record struct FileRecordHeaderCopy(ushort Sequence, ushort LinkCount, FileRecordFlags Flags);
