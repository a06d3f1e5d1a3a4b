using OfflinePatch.Core;
using OfflinePatch.Ntfs.Compression;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.Engine.Allocation;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Volume;

/// <summary>
/// What is refused before the first byte changes. Codes <c>NTFS-0303</c> and <c>NTFS-0320</c>..<c>0327</c> are stable.
/// </summary>
internal static class WriteGates
{
    /// <summary>FILE_ATTRIBUTE_ENCRYPTED.</summary>
    private const uint EncryptedBit = 0x4000;

    /// <summary>Refuses a volume whose metafiles are in a form that a write could make worse.</summary>
    public static void CheckVolume(RecordStore records, NodeCache nodes, AllocationProof proof)
    {
        if (!VolumeInformation.TryCreate(nodes.Get(FileReference.VolumeRecord).Value(AttributeType.VolumeInformation),
            out var version) || version.Major < 3)
        {
            throw new RefusedException("NTFS-0303", "The volume has an NTFS version before 3.0; it is not written.",
                "Attach it to Windows 2000 or later once.");
        }

        proof.Require();
        for (long number = 0; number < Math.Min(32, records.Count); number++)
        {
            var bytes = records.Read(number);
            if (FileRecordHeader.TryCreate(bytes, out var header) && (header.Flags & FileRecordFlags.InUse) != 0
                && header.BaseReference.Value == 0
                && nodes.Get(number).WriteProblem is { } problem)
            {
                throw NtfsError.NotSound("The volume", problem);
            }
        }
    }

    /// <summary>Refuses a directory whose entries must not change.</summary>
    public static void CheckDirectory(FileNode directory, string path)
    {
        if (directory.Number < FileReference.FirstUserRecord && directory.Number != FileReference.RootRecord)
        {
            throw NtfsError.OwnFile(path);
        }

        if (directory.WriteProblem is { } problem)
        {
            throw NtfsError.NotSound(path, problem);
        }

        if (StandardInformation.TryCreate(directory.StandardInformation, out var standard) && standard.VersionFields != 0)
        {
            throw NtfsError.CaseSensitive(path);
        }

        if (directory.Find(AttributeType.ReparsePoint, "") is not null)
        {
            throw NtfsError.ReparsePoint(path, "the directory is a reparse point (a junction or a link), which is not followed");
        }
    }

    /// <summary>Refuses a file that must not be renamed or deleted.</summary>
    public static void CheckFile(FileNode node, string path)
    {
        if (node.Number < FileReference.FirstUserRecord)
        {
            throw NtfsError.OwnFile(path);
        }

        if (node.WriteProblem is { } problem)
        {
            throw NtfsError.NotSound(path, problem);
        }

        if ((StandardInformation.TryCreate(node.StandardInformation, out var standard) && (standard.Attributes & EncryptedBit) != 0)
            || node.Attributes.Exists(a => (a.Flags & AttributeFlags.Encrypted) != 0))
        {
            throw NtfsError.EncryptedFile(path);
        }

        if (StreamContent.TagOf(node) == ReparsePoint.Dedup)
        {
            throw NtfsError.Deduplicated(path);
        }
    }

    /// <summary>Refuses a file whose content must not be replaced.</summary>
    /// <param name="node">The file.</param>
    /// <param name="path">Its path, for the message.</param>
    /// <param name="partly">Whether only a part of the content changes: that is not done in packed streams.</param>
    /// <param name="attribute">The stream, or null when it is new.</param>
    public static void CheckContent(FileNode node, string path, bool partly, NodeAttribute? attribute)
    {
        CheckFile(node, path);
        if (node.IsDirectory && attribute is { Name.Length: 0 })
        {
            throw NtfsError.WrongKind(path, "is a directory");
        }

        var tag = StreamContent.TagOf(node);
        if (tag == ReparsePoint.Wof)
        {
            if (!ReparsePoint.TryCreate(node.Value(AttributeType.ReparsePoint), out var point)
                || WofReparsePoint.Over(point.Content).Provider != 2)
            {
                throw NtfsError.InWimFile(path);
            }
        }
        else if (tag != 0)
        {
            throw NtfsError.ReparsePoint(path, $"it is a reparse point with tag 0x{tag:X8}");
        }

        if (partly && (tag != 0 || (attribute is not null && (attribute.IsCompressedOrSparse || attribute.Runs.HasHoles))))
        {
            throw NtfsError.ReplacedAsAWholeOnly(path);
        }
    }
}
