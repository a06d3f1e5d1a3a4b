using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Volume;

/// <summary>Builds <see cref="NtfsFile"/> from a file.</summary>
internal static class FileSnapshot
{
    public static NtfsFile Create(RunDevice device, FileNode node)
    {
        if (!StandardInformation.TryCreate(node.StandardInformation, out var standard))
        {
            throw NtfsError.MissingAttribute(node.Number, "$STANDARD_INFORMATION");
        }

        var point = node.Find(AttributeType.ReparsePoint, "");
        var reparse = point is null ? [] : point.ReadAll(device, node.Number, 64 * 1024, "a reparse point");
        var hasPoint = ReparsePoint.TryCreate(reparse, out var view);
        return new NtfsFile
        {
            Reference = node.Reference,
            IsDirectory = node.IsDirectory,
            Length = node.Find(AttributeType.Data, "")?.DataSize ?? 0,
            Attributes = EntryReader.ToAttributes(standard.Attributes, node.IsDirectory),
            CreationTimeUtc = FileTime.ToDateTime(standard.Created),
            LastWriteTimeUtc = FileTime.ToDateTime(standard.Modified),
            RecordChangeTimeUtc = FileTime.ToDateTime(standard.RecordChanged),
            LastAccessTimeUtc = FileTime.ToDateTime(standard.Accessed),
            SecurityId = standard.SecurityId,
            ReparseTag = hasPoint ? view.Tag : 0,
            ReparseContent = hasPoint ? view.Content.ToArray() : [],
            Streams = [.. node.Attributes.Where(a => a.Type == AttributeType.Data).OrderBy(a => a.Name.Length > 0)
                .Select(a => ToStream(device, a))],
            Links = [.. node.Names.Select(ToLink).OfType<NtfsLink>()],
            MayBeCaseSensitive = node.IsDirectory && standard.VersionFields != 0,
            RecordCount = 1 + node.Extensions.Count,
        };
    }

    private static NtfsStream ToStream(RunDevice device, NodeAttribute data) => new(
        data.Name,
        data.DataSize,
        data.IsResident ? 0 : data.DuplicatedAllocation(device.Geometry.ClusterSize),
        data.IsResident,
        (data.Flags & AttributeFlags.Compressed) != 0,
        (data.Flags & AttributeFlags.Encrypted) != 0,
        (data.Flags & AttributeFlags.Sparse) != 0,
        data.Runs.Runs.Count(r => !r.IsHole));

    private static NtfsLink? ToLink(NodeAttribute name) =>
        FileNameAttribute.TryCreate(name.Value, out var view) ? new NtfsLink(view.Parent, view.Name, view.NameSpace) : null;
}
