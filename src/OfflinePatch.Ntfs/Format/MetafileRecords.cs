using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Format;

/// <summary>
/// The FILE records of a new volume, as Windows' format makes them: 0 to 11 metafiles, 12 to 15 reserved, 24 to 26 the files of $Extend.
/// </summary>
internal sealed class MetafileRecords
{
    /// <summary>$Quota; $ObjId and $Reparse follow.</summary>
    public const long FirstExtendRecord = 24;

    /// <summary>Records that are in use, or below one that is.</summary>
    public const long Count = 27;

    private static readonly string[] Names =
        ["$MFT", "$MFTMirr", "$LogFile", "$Volume", "$AttrDef", ".", "$Bitmap", "$Boot", "$BadClus", "$Secure", "$UpCase", "$Extend"];

    private static readonly string[] ExtendNames = ["$Quota", "$ObjId", "$Reparse"];

    private static readonly FileReference Root = new(FileReference.RootRecord, (ushort)FileReference.RootRecord);
    private static readonly FileReference Extend = new(FileReference.ExtendRecord, (ushort)FileReference.ExtendRecord);

    private readonly FormatGeometry _geometry;
    private readonly NtfsFormatOptions _options;
    private readonly long _time;

    public MetafileRecords(FormatGeometry geometry, NtfsFormatOptions options)
    {
        _geometry = geometry;
        _options = options;
        _time = options.Timestamp.ToFileTimeUtc();
    }

    /// <summary>The entries of the root directory, in order (all names start with $, a dot comes after it).</summary>
    public IEnumerable<byte[]> RootEntries() => Enumerable.Range(0, Names.Length)
        .OrderBy(i => Names[i].ToUpperInvariant(), StringComparer.Ordinal)
        .Select(i => IndexEntries.Name(new FileReference(i, Sequence(i)), FileName(i)));

    /// <summary>The record, protected; a free one, or zeros for 16 to 23.</summary>
    public byte[] Build(long number)
    {
        if (number is > 15 and < FirstExtendRecord)
        {
            return new byte[_geometry.RecordSize];
        }

        var builder = new FileRecordBuilder(_geometry.RecordSize, _geometry.ClusterSize, number, Sequence(number), Flags(number),
            (ushort)(HasName(number) ? 1 : 0));
        if (number < Count)
        {
            AddCommon(builder, number);
            AddContent(builder, number);
        }

        return builder.Finish();
    }

    private static bool HasName(long number) => number < Names.Length || number is >= FirstExtendRecord and < Count;

    private static ushort Sequence(long number) => (ushort)(number is > 0 and < FirstExtendRecord ? number : 1);

    private static FileRecordFlags Flags(long number) => number switch
    {
        FileReference.RootRecord or FileReference.ExtendRecord => FileRecordFlags.InUse | FileRecordFlags.Directory,
        FileReference.SecureRecord => FileRecordFlags.InUse | FileRecordFlags.ViewIndex,
        < FirstExtendRecord => FileRecordFlags.InUse,
        < Count => FileRecordFlags.InUse | FileRecordFlags.Extend | FileRecordFlags.ViewIndex,
        _ => FileRecordFlags.None,
    };

    private static uint Attributes(long number) =>
        MetafileValues.Attributes | (number is FileReference.SecureRecord or >= FirstExtendRecord ? MetafileValues.ViewIndexBit : 0);

    private void AddCommon(FileRecordBuilder builder, long number)
    {
        uint? securityId = number switch
        {
            FileReference.RootRecord or FileReference.BootRecord or (> FileReference.ExtendRecord and < FirstExtendRecord) => null,
            FileReference.VolumeRecord or FileReference.SecureRecord or >= FileReference.ExtendRecord => SecureStreams.WritableMetafileId,
            _ => SecureStreams.MetafileId,
        };
        builder.Resident(AttributeType.StandardInformation, "",
            MetafileValues.StandardInformationOf(_time, Attributes(number), securityId));
        if (HasName(number))
        {
            builder.Resident(AttributeType.FileName, "", FileName(number));
        }

        if (securityId is null)
        {
            builder.Resident(AttributeType.SecurityDescriptor, "", number switch
            {
                FileReference.RootRecord => SystemDescriptors.Root,
                FileReference.BootRecord => SystemDescriptors.Metafile,
                _ => SystemDescriptors.WritableMetafile,
            });
        }
    }

    private byte[] FileName(long number)
    {
        var stream = Content(number);
        var isDirectory = (Flags(number) & FileRecordFlags.Directory) != 0;
        return MetafileValues.FileNameOf(
            number < FirstExtendRecord ? Root : Extend,
            number < FirstExtendRecord ? Names[number] : ExtendNames[number - FirstExtendRecord],
            _time,
            stream.Count * _geometry.ClusterSize,
            stream.DataSize,
            Attributes(number) | (isDirectory ? FileNameAttribute.DirectoryBit : 0));
    }

    /// <summary>The clusters of the unnamed stream; none where it is resident and empty.</summary>
    private Extent Content(long number) => number switch
    {
        FileReference.MftRecord => _geometry.Mft,
        FileReference.MirrorRecord => _geometry.Mirror,
        FileReference.LogFileRecord => _geometry.LogFile with { DataSize = _geometry.LogFile.Count * _geometry.ClusterSize },
        FileReference.AttrDefRecord => _geometry.AttributeDefinitions,
        FileReference.BitmapRecord => _geometry.Bitmap,
        FileReference.BootRecord => _geometry.Boot,
        FileReference.UpCaseRecord => _geometry.UpCase,
        _ => default,
    };

    private void AddContent(FileRecordBuilder builder, long number)
    {
        switch (number)
        {
            case FileReference.MftRecord:
                builder.NonResident(AttributeType.Data, "", Content(number)).NonResident(AttributeType.Bitmap, "", _geometry.MftBitmap);
                break;
            case FileReference.VolumeRecord:
                AddVolume(builder);
                break;
            case FileReference.RootRecord:
                builder.Resident(AttributeType.IndexRoot, "$I30",
                    IndexNodes.LargeRoot(AttributeType.FileName, CollationRule.FileName, _geometry.ClustersPerIndexBlock))
                    .NonResident(AttributeType.IndexAllocation, "$I30", _geometry.RootIndex)
                    .Resident(AttributeType.Bitmap, "$I30", [1, 0, 0, 0, 0, 0, 0, 0]);
                break;
            case FileReference.BadClusRecord:
                builder.Resident(AttributeType.Data, "", default).Hole(AttributeType.Data, "$Bad", _geometry.Clusters);
                break;
            case FileReference.SecureRecord:
                builder.NonResident(AttributeType.Data, "$SDS", _geometry.SecurityDescriptors)
                    .Resident(AttributeType.IndexRoot, "$SDH", View(CollationRule.SecurityHash, [.. SecureStreams.HashEntries()]))
                    .Resident(AttributeType.IndexRoot, "$SII", View(CollationRule.UnsignedLong, [.. SecureStreams.IdEntries()]));
                break;
            case FileReference.ExtendRecord:
                AddExtendIndex(builder);
                break;
            case FirstExtendRecord:
                builder.Resident(AttributeType.IndexRoot, "$O", View(CollationRule.Sid, MetafileValues.QuotaOwner()))
                    .Resident(AttributeType.IndexRoot, "$Q",
                        View(CollationRule.UnsignedLong, MetafileValues.QuotaLimits(1, _time), MetafileValues.QuotaLimits(0x100, _time)));
                break;
            case FirstExtendRecord + 1:
                builder.Resident(AttributeType.IndexRoot, "$O", View(CollationRule.UnsignedLongs));
                break;
            case FirstExtendRecord + 2:
                builder.Resident(AttributeType.IndexRoot, "$R", View(CollationRule.UnsignedLongs));
                break;
            case > FileReference.ExtendRecord:
                builder.Resident(AttributeType.Data, "", default);
                break;
            default:
                builder.NonResident(AttributeType.Data, "", Content(number));
                break;
        }
    }

    private void AddVolume(FileRecordBuilder builder)
    {
        var label = new byte[2 * _options.Label.Length];
        Utf16.Write(_options.Label, label);
        builder.Resident(AttributeType.VolumeName, "", label)
            .Resident(AttributeType.VolumeInformation, "", MetafileValues.VolumeInformationValue())
            .Resident(AttributeType.Data, "", default);
    }

    private void AddExtendIndex(FileRecordBuilder builder)
    {
        var entries = Enumerable.Range((int)FirstExtendRecord, ExtendNames.Length)
            .OrderBy(i => ExtendNames[i - FirstExtendRecord].ToUpperInvariant(), StringComparer.Ordinal)
            .Select(i => IndexEntries.Name(new FileReference(i, Sequence(i)), FileName(i)));
        builder.Resident(AttributeType.IndexRoot, "$I30",
            IndexNodes.SmallRoot(AttributeType.FileName, CollationRule.FileName, _geometry.ClustersPerIndexBlock, entries));
    }

    private byte[] View(CollationRule collation, params byte[][] entries) =>
        IndexNodes.SmallRoot(AttributeType.None, collation, _geometry.ClustersPerIndexBlock, entries);
}
