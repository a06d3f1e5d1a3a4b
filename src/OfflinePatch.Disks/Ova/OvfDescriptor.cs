using System.Xml;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Ova;

/// <summary>The disks that an OVF envelope describes. Source: DMTF DSP0243 (OVF) 1.x and 2.x; elements are found by their local names, as makers differ in namespaces.</summary>
internal sealed class OvfDescriptor
{
    /// <summary>Longest descriptor: 4 MiB. Real ones have 10 to 100 KiB.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    private OvfDescriptor(List<string> diskFiles) => DiskFiles = diskFiles;

    /// <summary>File names of the disks, in the order of the disk section; a disk without a file (an empty one) is left out.</summary>
    public IReadOnlyList<string> DiskFiles { get; }

    /// <summary>Whether the text starts as an OVF envelope.</summary>
    public static bool IsEnvelope(ReadOnlySpan<byte> start)
    {
        var text = start.TrimStart("\uFEFF \t\r\n"u8);
        return text.StartsWith("<"u8) && text.IndexOf("Envelope"u8) >= 0 && (text.IndexOf("schemas.dmtf.org/ovf"u8) >= 0 || text.IndexOf("vmware.com/schema/ovf"u8) >= 0);
    }

    /// <summary>Parses an envelope.</summary>
    public static OvfDescriptor Parse(BlockDevice file)
    {
        if (file.Length > MaxBytes)
        {
            throw OvaError.DescriptorTooLong(file.Length);
        }

        var bytes = new byte[file.Length];
        file.Read(0, bytes);
        var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = MaxBytes };
        try
        {
            using var reader = XmlReader.Create(new MemoryStream(bytes, writable: false), settings);
            return Read(reader);
        }
        catch (Exception e) when (e is XmlException or ArgumentException)
        {
            throw OvaError.Descriptor(e.Message);
        }
    }

    private static OvfDescriptor Read(XmlReader reader)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        var disks = new List<string>();
        var isEnvelope = false;
        while (reader.Read())
        {
            if (reader.NodeType != XmlNodeType.Element)
            {
                continue;
            }

            switch (reader.LocalName)
            {
                case "Envelope":
                    isEnvelope = true;
                    break;
                case "File":
                    AddFile(reader, files);
                    break;
                case "Disk" when Attribute(reader, "fileRef") is { } reference:
                    disks.Add(reference);
                    break;
            }
        }

        if (!isEnvelope)
        {
            throw OvaError.Descriptor("another document");
        }

        // The references stand before the disks in every real file, but nothing says that they must.
        return new OvfDescriptor(disks.Select(d => files.TryGetValue(d, out var name) ? name : throw OvaError.Descriptor($"a disk of the unknown file {d}")).ToList());
    }

    private static void AddFile(XmlReader reader, Dictionary<string, string> files)
    {
        if (Attribute(reader, "id") is not { } id || Attribute(reader, "href") is not { } name)
        {
            return;
        }

        if (Attribute(reader, "compression") is { Length: > 0 } compression && compression != "identity")
        {
            throw OvaError.Compressed(name);
        }

        if (Attribute(reader, "chunkSize") is not null)
        {
            throw OvaError.Chunked(name);
        }

        files[id] = name;
    }

    private static string? Attribute(XmlReader reader, string localName)
    {
        string? value = null;
        for (var i = 0; i < reader.AttributeCount; i++)
        {
            reader.MoveToAttribute(i);
            if (reader.LocalName == localName)
            {
                value = reader.Value;
            }
        }

        reader.MoveToElement();
        return value;
    }
}
