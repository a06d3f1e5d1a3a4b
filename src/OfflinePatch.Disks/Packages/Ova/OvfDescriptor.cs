using System.Text;
using System.Xml;
using OfflinePatch.Core;
using OfflinePatch.Disks.Vmdk;

namespace OfflinePatch.Disks.Packages.Ova;

/// <summary>
/// The disks that an OVF envelope describes. Source: DMTF DSP0243 (OVF) 1.x and 2.x; elements are found by their local names, as makers
/// differ in namespaces.
/// </summary>
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
        // UTF-16 has a zero in every second byte of these words.
        var narrow = start.Length > 1
            && start.Contains((byte)0) ? start.ToArray().Where(b => b is not (0 or 0xFE or 0xFF)).ToArray() : start;
        var text = narrow.TrimStart("\uFEFF \t\r\n"u8);
        return text.StartsWith("<"u8) && text.IndexOf("Envelope"u8) >= 0
            && (text.IndexOf("schemas.dmtf.org/ovf"u8) >= 0 || text.IndexOf("vmware.com/schema/ovf"u8) >= 0);
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
        var text = Decode(bytes);
        if (text.Contains("<!DOCTYPE", StringComparison.Ordinal))
        {
            throw OvaError.Descriptor("a document type declaration (DOCTYPE), which no OVF has and which is not read");
        }

        var settings =
            new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = MaxBytes };
        try
        {
            using var reader = XmlReader.Create(new StringReader(text), settings);
            return Read(reader);
        }
        catch (Exception e) when (e is XmlException or ArgumentException)
        {
            throw OvaError.Descriptor(e.Message);
        }
    }

    /// <summary>Decodes by the byte order mark, else by the encoding that the XML declaration names, else as UTF-8.</summary>
    private static string Decode(byte[] bytes)
    {
        var encoding = bytes switch
        {
            [0xEF, 0xBB, 0xBF, ..] => new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true),
            [0xFF, 0xFE, ..] or [(byte)'<', 0, ..] => Encoding.Unicode,
            [0xFE, 0xFF, ..] or [0, (byte)'<', ..] => Encoding.BigEndianUnicode,
            _ => DeclaredEncoding(bytes),
        };
        try
        {
            return encoding.GetString(bytes).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            throw OvaError.Descriptor("bytes that are not valid UTF-8");
        }
    }

    private static Encoding DeclaredEncoding(byte[] bytes)
    {
        var start = Encoding.Latin1.GetString(bytes.AsSpan(0, Math.Min(bytes.Length, 256))).TrimStart();
        var end = start.IndexOf("?>", StringComparison.Ordinal);
        var at = end < 0
            || !start.StartsWith("<?xml", StringComparison.Ordinal) ? -1 : start.IndexOf("encoding", 0, end, StringComparison.Ordinal);
        var value = at < 0 ? "" : start[(at + "encoding".Length)..end].TrimStart(' ', '\t', '\r', '\n', '=');
        var closing = value.Length == 0 ? -1 : value.IndexOf(value[0], 1);
        var name = closing < 1 ? "utf-8" : value[1..closing];
        if (name.StartsWith("utf-16", StringComparison.OrdinalIgnoreCase) || name.Equals("utf-8", StringComparison.OrdinalIgnoreCase))
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true); // these bytes are no UTF-16
        }

        return VmwareCodePages.Find(name) ?? CodePagesEncodingProvider.Instance.GetEncoding(name)
            ?? throw OvaError.Descriptor($"the encoding \"{name}\", which is not known");
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
                    if (Attribute(reader, "parentRef") is { Length: > 0 } parent)
                    {
                        throw OvaError.Difference(reference, parent);
                    }

                    disks.Add(reference);
                    break;
            }
        }

        if (!isEnvelope)
        {
            throw OvaError.Descriptor("another document");
        }

        // The references stand before the disks in every real file, but nothing says that they must.
        return new OvfDescriptor(disks.Select(d => files.TryGetValue(d, out var name) ? name
            : throw OvaError.Descriptor($"a disk of the unknown file {d}")).ToList());
    }

    private static void AddFile(XmlReader reader, Dictionary<string, string> files)
    {
        if (Attribute(reader, "id") is not { } id || Attribute(reader, "href") is not { } name)
        {
            return;
        }

        // A disk that is compressed as a file opens as any compressed image does.
        if (Attribute(reader, "compression") is { Length: > 0 } compression && compression is not ("identity" or "gzip"))
        {
            throw OvaError.Compressed(name);
        }

        if (Attribute(reader, "chunkSize") is not null)
        {
            throw OvaError.Chunked(name);
        }

        if (!files.TryAdd(id, name) && files[id] != name)
        {
            throw OvaError.Descriptor($"two files of the id {id}: {files[id]} and {name}");
        }
    }

    /// <summary>
    /// An attribute of the element's own namespace or of none; one of another (a vendor's extension) only where there is none.
    /// </summary>
    private static string? Attribute(XmlReader reader, string localName)
    {
        var space = reader.NamespaceURI;
        var (own, foreign) = ((string?)null, (string?)null);
        for (var i = 0; i < reader.AttributeCount; i++)
        {
            reader.MoveToAttribute(i);
            if (reader.LocalName != localName)
            {
                continue;
            }

            if (reader.NamespaceURI.Length == 0 || reader.NamespaceURI == space)
            {
                own ??= reader.Value;
            }
            else
            {
                foreign ??= reader.Value;
            }
        }

        reader.MoveToElement();
        return own ?? foreign;
    }
}
