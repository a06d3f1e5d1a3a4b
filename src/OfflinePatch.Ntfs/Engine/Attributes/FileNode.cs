using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Storage;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Attributes;

/// <summary>An extension record of a file.</summary>
internal readonly record struct ExtensionRecord(long Number, ushort Sequence);

/// <summary>
/// One file: all attributes of its base record and extension records. Changed in memory, then stored by <see cref="NodeWriter"/>.
/// </summary>
internal sealed class FileNode(long number, ushort sequence)
{
    /// <summary>Number of the base record.</summary>
    public long Number { get; } = number;

    /// <summary>Its sequence number.</summary>
    public ushort Sequence { get; } = sequence;

    /// <summary>Reference of the file.</summary>
    public FileReference Reference => new(Number, Sequence);

    /// <summary>Flags of the base record.</summary>
    public FileRecordFlags Flags { get; set; }

    /// <summary>Whether it is a directory.</summary>
    public bool IsDirectory => (Flags & FileRecordFlags.Directory) != 0;

    /// <summary>All attributes except the attribute list, in the order of the records.</summary>
    public List<NodeAttribute> Attributes { get; } = [];

    /// <summary>Records other than the base record.</summary>
    public List<ExtensionRecord> Extensions { get; } = [];

    /// <summary>Whether the file has an attribute list.</summary>
    public bool HasList { get; set; }

    /// <summary>The list's clusters when it is not resident.</summary>
    public RunList ListRuns { get; set; } = new();

    /// <summary>Id of the list attribute in the base record.</summary>
    public ushort ListId { get; set; }

    /// <summary>What makes the file unsafe to write, or null.</summary>
    public string? WriteProblem { get; set; }

    /// <summary>The attribute, or null.</summary>
    public NodeAttribute? Find(AttributeType type, string name)
    {
        foreach (var attribute in Attributes)
        {
            if (attribute.Type == type && string.Equals(attribute.Name, name, StringComparison.Ordinal))
            {
                return attribute;
            }
        }

        return null;
    }

    /// <summary>The resident value of an attribute that must be there.</summary>
    public byte[] Value(AttributeType type)
    {
        var attribute = Find(type, "");
        return attribute is { IsResident: true } ? attribute.Value : throw NtfsError.MissingAttribute(Number, $"a resident {type}");
    }

    /// <summary>$STANDARD_INFORMATION, at least 48 bytes.</summary>
    public byte[] StandardInformation
    {
        get
        {
            var value = Value(AttributeType.StandardInformation);
            return value.Length >= Layout.StandardInformation.Layout.ShortSize
                ? value
                : throw NtfsError.MissingAttribute(Number, "$STANDARD_INFORMATION of 48 bytes");
        }
    }

    /// <summary>The $FILE_NAME attributes.</summary>
    public IEnumerable<NodeAttribute> Names => Attributes.Where(a => a.Type == AttributeType.FileName);
}
