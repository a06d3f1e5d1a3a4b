using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>Where a descriptor is: a file of its own, or sectors inside a sparse extent.</summary>
internal sealed class VmdkDescriptorFile
{
    private readonly ResizableDevice _file;
    private readonly long _offset;
    private readonly long _room;

    private VmdkDescriptorFile(VmdkDescriptor descriptor, ResizableDevice file, long offset, long room)
    {
        Descriptor = descriptor;
        _file = file;
        _offset = offset;
        _room = room;
        Properties = CollectProperties(descriptor);
    }

    /// <summary>The text.</summary>
    public VmdkDescriptor Descriptor { get; private set; }

    /// <summary>Facts for <c>inspect</c>: createType, CID, parentCID and every <c>ddb.</c> line.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; private set; }

    /// <summary>Whether there is a CID that can be renewed.</summary>
    public bool HasContentId => Descriptor.Values.ContainsKey("CID");

    /// <summary>A descriptor in a file of its own.</summary>
    public static VmdkDescriptorFile OpenFile(ResizableDevice file, string fileName)
    {
        if (file.Length > VmdkLayout.MaxDescriptorBytes)
        {
            throw VmdkError.DescriptorTooLong(fileName, file.Length);
        }

        return new VmdkDescriptorFile(Parse(file, fileName, 0, file.Length), file, 0, long.MaxValue);
    }

    /// <summary>A descriptor inside a sparse extent.</summary>
    public static VmdkDescriptorFile OpenEmbedded(ResizableDevice file, string fileName, ulong sector, ulong sectors)
    {
        var fileSectors = (ulong)(file.Length / VmdkLayout.SectorSize);
        if (sector >= fileSectors || sectors == 0 || sectors > fileSectors - sector)
        {
            throw VmdkError.DescriptorOutsideFile(fileName, sector, sectors);
        }

        if (sectors > VmdkLayout.MaxDescriptorBytes / VmdkLayout.SectorSize)
        {
            throw VmdkError.DescriptorTooLong(fileName, (long)Math.Min(sectors, uint.MaxValue) * VmdkLayout.SectorSize);
        }

        var offset = (long)sector * VmdkLayout.SectorSize;
        var room = (long)sectors * VmdkLayout.SectorSize;
        return new VmdkDescriptorFile(Parse(file, fileName, offset, room), file, offset, room);
    }

    /// <summary>Writes the descriptor with another CID; the rest of its bytes stay.</summary>
    public void RenewContentId(uint contentId) => Write(Descriptor.WithContentId(contentId));

    /// <summary>Writes the descriptor with another length of its only extent, and the cylinders that belong to it.</summary>
    public void SetSectors(long sectors) => Write(Descriptor.WithSectors(sectors));

    private void Write(byte[] text)
    {
        if (_room == long.MaxValue)
        {
            _file.EnsureLength(text.Length);
        }
        else if (text.Length > _room)
        {
            throw VmdkError.DescriptorTooLong("embedded descriptor", text.Length);
        }

        _file.Write(_offset, text);
        Descriptor = VmdkDescriptor.Parse("descriptor", text);
        Properties = CollectProperties(Descriptor);
    }

    private static VmdkDescriptor Parse(ResizableDevice file, string fileName, long offset, long length)
    {
        var bytes = new byte[length];
        file.Read(offset, bytes);
        return VmdkDescriptor.Parse(fileName, bytes);
    }

    private static Dictionary<string, string> CollectProperties(VmdkDescriptor descriptor)
    {
        var properties = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (key, value) in descriptor.Values)
        {
            if (key.StartsWith("ddb.", StringComparison.OrdinalIgnoreCase)
                || key.Equals("createType", StringComparison.OrdinalIgnoreCase)
                || key.Equals("CID", StringComparison.OrdinalIgnoreCase)
                || key.Equals("parentCID", StringComparison.OrdinalIgnoreCase)
                || key.Equals("parentFileNameHint", StringComparison.OrdinalIgnoreCase)
                || key.Equals("changeTrackPath", StringComparison.OrdinalIgnoreCase))
            {
                properties[key] = value;
            }
        }

        return properties;
    }
}
