using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Indexes;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.LogState;
using OfflinePatch.Ntfs.Replay;

namespace OfflinePatch.Ntfs.Check;

/// <summary>
/// Boot sector and its backup, mirror, $UpCase, $AttrDef, $BadClus, $Volume, $LogFile. Source: Linux-NTFS documentation, $Boot, FILE
/// Record, $Volume, $LogFile; what chkdsk reports.
/// </summary>
internal sealed class MetafileChecker(CheckContext context, Func<long, List<CheckedAttribute>?> load)
{
    /// <summary>$UpCase:$Info says this of the table that every Windows since Vista writes (u64 at 8).</summary>
    /// <summary>In $UpCase:$Info: u32 bytes of the structure, u32 0, u64 checksum of the table.</summary>
    private const int UpcaseChecksumOffset = 0x08;

    private const ulong KnownUpcaseChecksum = 0xDADC7E776B1B690C;

    private FindingList Findings => context.Findings;

    /// <summary>What must be known before names are compared.</summary>
    public void ReadUpcase()
    {
        var attributes = load(FileReference.UpCaseRecord);
        var data = attributes?.Where(a => a.Type == AttributeType.Data && a.Name.Length == 0).ToList();
        if (data is null or { Count: 0 })
        {
            Findings.Error(NtfsFindingCode.UpcaseTable, "$UpCase", -1, "an unnamed $DATA", "none");
            return;
        }

        var stream = context.Stream(data);
        var table = new byte[UpcaseTable.Size];
        if (stream.Length != table.Length)
        {
            Findings.Error(NtfsFindingCode.UpcaseTable, "$UpCase", -1, $"{table.Length} bytes", $"{stream.Length}");
        }

        stream.TryRead(0, table.AsSpan(0, (int)Math.Min(table.Length, stream.Length)));
        context.Upcase = new UpcaseTable(table);
        var info = attributes!.Find(a => a.Type == AttributeType.Data && a.Name == "$Info" && a.IsResident);
        var isKnown = info is { Value.Length: >= UpcaseChecksumOffset + sizeof(ulong) }
            && BinaryPrimitives.ReadUInt64LittleEndian(info.Value.Span[UpcaseChecksumOffset..]) == KnownUpcaseChecksum;
        for (var unit = 0; unit < (isKnown ? NtUpcase.Count : 128); unit++)
        {
            if (context.Upcase[(char)unit] != NtUpcase.ToUpper((char)unit))
            {
                Findings.Error(NtfsFindingCode.UpcaseTable, "$UpCase", 2 * unit,
                    $"U+{unit:X4} to be U+{(int)NtUpcase.ToUpper((char)unit):X4} in upper case", $"U+{(int)context.Upcase[(char)unit]:X4}");
                return;
            }
        }
    }

    /// <summary>Everything else.</summary>
    public void Check()
    {
        CheckBackupBootSector();
        CheckMirror();
        CheckVolume();
        if (context.Touched is not null)
        {
            return;
        }

        CheckBadClusters();
        CheckAttributeDefinitions();
        CheckLogFile();
    }

    private void CheckBackupBootSector()
    {
        var boot = new byte[BootSector.Layout.Size];
        var backup = new byte[BootSector.Layout.Size];
        context.Device.Read(0, boot);
        var offset = context.Geometry.TotalSectors * context.Geometry.BytesPerSector;
        if (offset > context.Device.Length - backup.Length)
        {
            Findings.Error(NtfsFindingCode.BackupBootSector, "backup boot sector", offset, "a sector after the volume",
                "the end of the partition");
            return;
        }

        context.Device.Read(offset, backup);
        if (!boot.AsSpan().SequenceEqual(backup))
        {
            Findings.Error(NtfsFindingCode.BackupBootSector, "backup boot sector", offset, "a copy of the boot sector",
                $"a difference at byte {boot.AsSpan().CommonPrefixLength(backup)}");
        }
    }

    /// <summary>
    /// The first four records, byte for byte: what Windows keeps current, also where clusters are large and the mirror has room for more.
    /// </summary>
    private void CheckMirror()
    {
        const int Mirrored = 4;
        var size = context.Geometry.RecordSize;
        var data = load(FileReference.MirrorRecord)?.Where(a => a.Type == AttributeType.Data && a.Name.Length == 0).ToList();
        if (data is null or { Count: 0 })
        {
            Findings.Error(NtfsFindingCode.MirrorDiffers, "$MFTMirr", -1, "an unnamed $DATA", "none");
            return;
        }

        var mirror = context.Stream(data);
        if (mirror.Runs.Count > 0 && mirror.Runs[0].Lcn != context.Geometry.MirrorLcn)
        {
            Findings.Error(NtfsFindingCode.MirrorPlace, "boot sector", BootSector.Layout.MirrorLcn,
                $"cluster {mirror.Runs[0].Lcn}, where $MFTMirr is",
                $"{context.Geometry.MirrorLcn}");
        }

        var original = new byte[size];
        var copy = new byte[size];
        for (var i = 0; i < Mirrored; i++)
        {
            if (!context.Mft.TryRead((long)i * size, original) || !mirror.TryRead((long)i * size, copy))
            {
                Findings.Error(NtfsFindingCode.MirrorDiffers, "$MFTMirr", (long)i * size, $"record {i}", "the end of the stream");
                return;
            }

            if (!original.AsSpan().SequenceEqual(copy))
            {
                Findings.Error(NtfsFindingCode.MirrorDiffers, "$MFTMirr", ((long)i * size) + original.AsSpan().CommonPrefixLength(copy),
                    $"record {i} as in $MFT", "a difference");
            }
        }
    }

    private void CheckVolume()
    {
        var value = load(FileReference.VolumeRecord)?.Find(a => a.Type == AttributeType.VolumeInformation)?.Value ?? default;
        if (!VolumeInformation.TryCreate(value.Span, out var volume))
        {
            Findings.Error(NtfsFindingCode.VolumeVersion, "$Volume", -1, "a $VOLUME_INFORMATION of 12 bytes", "none");
            return;
        }

        context.HasSecure = volume.Major >= 3;
        if ((volume.Major, volume.Minor) is not ((1, 2) or (3, 0) or (3, 1)))
        {
            Findings.Error(NtfsFindingCode.VolumeVersion, "$VOLUME_INFORMATION", VolumeInformation.Layout.Major, "version 1.2, 3.0 or 3.1",
                $"{volume.Major}.{volume.Minor}");
        }

        if ((volume.Flags & 1) != 0 && context.Options.CheckState)
        {
            Findings.Error(NtfsFindingCode.DirtyFlag, "$VOLUME_INFORMATION", VolumeInformation.Layout.Flags, "the dirty flag clear",
                $"flags 0x{volume.Flags:X}");
        }
    }

    private void CheckBadClusters()
    {
        var bad = load(FileReference.BadClusRecord)?.Find(a => a.Type == AttributeType.Data && a.Name == "$Bad" && a.LowestVcn == 0);
        var expected = context.Geometry.ClusterCount * context.Geometry.ClusterSize;
        if (bad is null || bad.IsResident || bad.AllocatedSize != expected)
        {
            Findings.Error(NtfsFindingCode.BadClusters, "$BadClus:$Bad", AttributeHeader.Layout.AllocatedSize,
                $"{expected} bytes, the size of the volume",
                $"{bad?.AllocatedSize}");
        }
    }

    private void CheckAttributeDefinitions()
    {
        var data = load(FileReference.AttrDefRecord)?.Where(a => a.Type == AttributeType.Data && a.Name.Length == 0).ToList();
        var start = new byte[AttributeDefinitions.Layout.Type + sizeof(uint)];
        if (data is null or { Count: 0 } || !context.Stream(data).TryRead(0, start)
            || BinaryPrimitives.ReadUInt32LittleEndian(start.AsSpan(AttributeDefinitions.Layout.Type))
                != (uint)AttributeType.StandardInformation)
        {
            Findings.Error(NtfsFindingCode.AttributeDefinitions, "$AttrDef", 0, "definitions that start with $STANDARD_INFORMATION",
                "something else");
        }
    }

    private void CheckLogFile()
    {
        var data = load(FileReference.LogFileRecord)?.Where(a => a.Type == AttributeType.Data && a.Name.Length == 0).ToList();
        if (data is null or { Count: 0 } || !context.Options.CheckState)
        {
            return;
        }

        var stream = context.Stream(data);
        var log = LogFileInspection.Read((offset, buffer) => stream.TryRead(offset, buffer), stream.Length);
        if (log.State is LogFileState.Damaged or LogFileState.UnknownVersion)
        {
            Findings.Error(NtfsFindingCode.LogUnreadable, "$LogFile", 0, "a restart page, or an empty log", "something else");
        }
        else if (!log.IsClean)
        {
            Findings.Error(NtfsFindingCode.LogOpen, "$LogFile", 0, "a log that was closed",
                $"{log.State}, version {log.MajorVersion}.{log.MinorVersion}");
        }
    }
}
