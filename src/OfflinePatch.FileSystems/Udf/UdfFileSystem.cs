using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.FileSystems.Trees;

namespace OfflinePatch.FileSystems.Udf;

/// <summary>
/// A UDF disc (1.02 to 2.01, plain partitions) as a tree that is only read: Windows installation discs, and bridge discs that are ISO 9660
/// too. Named streams and symbolic links are skipped.
/// </summary>
public sealed class UdfFileSystem : TreeFileSystem
{
    private const long DirectoryLimit = 32 * 1024 * 1024; // bytes of one directory
    private const int ExtentLimit = 1_000_000; // of one file
    private const int ContinuationLimit = 10_000; // allocation extent descriptors of one file

    private readonly BlockDevice _device;
    private readonly bool _ownsDevice;
    private readonly UdfVolume _volume;
    private readonly HashSet<long> _directories = [];
    private readonly UdfNode _root;

    private UdfFileSystem(BlockDevice device, string source, bool ownsDevice)
        : base(source)
    {
        _device = device;
        _ownsDevice = ownsDevice;
        _volume = UdfVolume.Open(device);
        _root = ReadRoot();
    }

    /// <inheritdoc/>
    public override string Format => "UDF";

    /// <summary>The logical volume identifier.</summary>
    internal string Label => _volume.Label;

    /// <summary>Whether the content is that of a UDF disc.</summary>
    public static bool Probe(BlockDevice device) => UdfVolume.Probe(device);

    /// <summary>Opens a disc.</summary>
    /// <param name="device">Its bytes.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <param name="ownsDevice">Whether to dispose <paramref name="device"/> with the tree.</param>
    /// <exception cref="CorruptImageException">Its descriptors are damaged.</exception>
    /// <exception cref="UnsupportedImageException"><c>UDF-0006</c>: a virtual, sparable or metadata partition.</exception>
    public static UdfFileSystem Open(BlockDevice device, string source, bool ownsDevice = false) => new(device, source, ownsDevice);

    private protected override TreeNode CreateRoot() => _root;

    private protected override IEnumerable<TreeNode> ReadDirectory(TreeNode directory)
    {
        var node = (UdfNode)directory;
        if (!_directories.Add(node.EntryOffset))
        {
            throw UdfError.SharedDirectory(node.Path);
        }

        if (node.ContentLength > DirectoryLimit)
        {
            throw UdfError.BadField($"UDF directory \\{node.Path}", node.EntryOffset, $"at most {DirectoryLimit} bytes",
                $"{node.ContentLength}");
        }

        var bytes = new byte[node.ContentLength];
        ReadContent(node, 0, bytes);
        return Parse(node, bytes);
    }

    private protected override void ReadContent(TreeNode file, long offset, Span<byte> buffer)
    {
        foreach (var extent in ((UdfNode)file).Extents)
        {
            if (buffer.IsEmpty)
            {
                return;
            }

            if (offset >= extent.Length)
            {
                offset -= extent.Length;
                continue;
            }

            var count = (int)Math.Min(buffer.Length, extent.Length - offset);
            if (extent.Offset < 0)
            {
                buffer[..count].Clear();
            }
            else
            {
                _device.Read(extent.Offset + offset, buffer[..count]);
            }

            buffer = buffer[count..];
            offset = 0;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && _ownsDevice)
        {
            _device.Dispose();
        }

        base.Dispose(disposing);
    }

    private UdfNode ReadRoot()
    {
        var fileSet = _volume.ReadDescriptor(_volume.FileSet, "UDF file set descriptor", out _, UdfLayout.Tag.FileSet);
        var root = ReadEntry("", UdfAddress.ReadLong(fileSet.AsSpan(UdfLayout.FileSet.Root)), isHidden: false, "UDF root directory");
        return root is { IsDirectory: true } ? root : throw UdfError.BadField("UDF root directory", -1, "a directory", "something else");
    }

    private List<UdfNode> Parse(UdfNode directory, byte[] bytes)
    {
        var nodes = new List<UdfNode>();
        var structure = $"UDF directory \\{directory.Path}";
        for (var at = 0; at < bytes.Length;)
        {
            var left = bytes.AsSpan(at);
            if (left.Length < UdfLayout.FileIdentifier.Body)
            {
                throw UdfError.BadField(structure, at, "a file identifier descriptor", $"{left.Length} bytes");
            }

            int nameLength = left[UdfLayout.FileIdentifier.NameLength];
            int useLength = BinaryPrimitives.ReadUInt16LittleEndian(left[UdfLayout.FileIdentifier.UseLength..]);
            var size = (UdfLayout.FileIdentifier.Body + useLength + nameLength + 3) & ~3;
            var fault = size > left.Length ? $"{size} bytes of {left.Length}"
                : UdfVolume.FindFault(left[..size], UdfLayout.Tag.FileIdentifier);
            if (fault is not null)
            {
                throw UdfError.BadTag(structure, at, "a file identifier descriptor with the right checksums", fault);
            }

            at += size;
            var characteristics = left[UdfLayout.FileIdentifier.Characteristics];
            if ((characteristics & (UdfLayout.FileIdentifier.Deleted | UdfLayout.FileIdentifier.Parent)) != 0)
            {
                continue;
            }

            var name = UdfText.Decode(left.Slice(UdfLayout.FileIdentifier.Body + useLength, nameLength))
                ?? throw UdfError.BadField(structure, at, "a name in OSTA compressed Unicode", "another encoding");
            var icb = UdfAddress.ReadLong(left[UdfLayout.FileIdentifier.Icb..]);
            if (ReadEntry(name, icb, (characteristics & UdfLayout.FileIdentifier.Hidden) != 0,
                $"UDF file entry of {FileSystemError.Printable(name)}") is { } node)
            {
                nodes.Add(node);
            }
        }

        return nodes;
    }

    /// <summary>Reads a file entry; null for what is neither a file nor a directory.</summary>
    private UdfNode? ReadEntry(string name, UdfAddress address, bool isHidden, string structure)
    {
        var entry = _volume.ReadDescriptor(address, structure, out var tag, UdfLayout.Tag.FileEntry, UdfLayout.Tag.ExtendedFileEntry);
        var isExtended = tag == UdfLayout.Tag.ExtendedFileEntry;
        var strategy = BinaryPrimitives.ReadUInt16LittleEndian(entry.AsSpan(UdfLayout.Icb.Strategy));
        if (strategy != 4)
        {
            throw UdfError.Strategy(strategy);
        }

        var type = entry[UdfLayout.Icb.FileType];
        if (type is not (UdfLayout.Icb.TypeUnspecified or UdfLayout.Icb.TypeDirectory or UdfLayout.Icb.TypeFile))
        {
            return null;
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(entry.AsSpan(UdfLayout.FileEntry.Length));
        if (length > (ulong)_device.Length)
        {
            throw UdfError.BadField(structure, UdfLayout.FileEntry.Length, $"at most the {_device.Length} bytes of the disc", $"{length}");
        }

        var body = isExtended ? UdfLayout.FileEntry.ExtendedBody : UdfLayout.FileEntry.Body;
        long attributes = BinaryPrimitives.ReadUInt32LittleEndian(entry.AsSpan(isExtended ? UdfLayout.FileEntry.ExtendedAttributesLength
            : UdfLayout.FileEntry.AttributesLength));
        long descriptors = BinaryPrimitives.ReadUInt32LittleEndian(entry.AsSpan(isExtended ? UdfLayout.FileEntry.ExtendedDescriptorsLength
            : UdfLayout.FileEntry.DescriptorsLength));
        if (body + attributes + descriptors > entry.Length)
        {
            throw UdfError.BadField(structure, body, $"attributes and descriptors inside {entry.Length} bytes",
                $"{attributes} and {descriptors} bytes");
        }

        var entryOffset = _volume.OffsetOf(address, entry.Length, structure);
        var start = (int)(body + attributes);
        var kind = BinaryPrimitives.ReadUInt16LittleEndian(entry.AsSpan(UdfLayout.Icb.Flags)) & 7;
        List<UdfExtent> extents = kind == 3
            ? [new UdfExtent(entryOffset + start, descriptors)]
            : ReadExtents(entry.AsSpan(start, (int)descriptors), kind, address.Partition, structure);
        if (extents.Sum(e => e.Length) < (long)length)
        {
            throw UdfError.BadField(structure, start, $"extents for {length} bytes", $"for {extents.Sum(e => e.Length)}");
        }

        var isDirectory = type == UdfLayout.Icb.TypeDirectory;
        return new UdfNode
        {
            Name = name,
            IsDirectory = isDirectory,
            Length = isDirectory ? 0 : (long)length,
            ContentLength = (long)length,
            LastWriteTimeUtc = DecodeTime(entry.AsSpan(isExtended ? UdfLayout.FileEntry.ExtendedModified : UdfLayout.FileEntry.Modified)),
            Attributes = FileAttributes.ReadOnly | (isHidden ? FileAttributes.Hidden : 0) | (isDirectory ? FileAttributes.Directory : 0),
            Extents = extents,
            EntryOffset = entryOffset,
        };
    }

    private List<UdfExtent> ReadExtents(ReadOnlySpan<byte> descriptors, int kind, ushort partition, string structure)
    {
        if (kind > 1)
        {
            throw UdfError.BadField(structure, UdfLayout.Icb.Flags, "short or long allocation descriptors", $"kind {kind}");
        }

        var size = kind == 0 ? UdfLayout.Allocation.ShortSize : UdfLayout.Allocation.LongSize;
        var extents = new List<UdfExtent>();
        for (var continuations = 0; descriptors.Length >= size;)
        {
            var word = BinaryPrimitives.ReadUInt32LittleEndian(descriptors);
            var length = word & UdfLayout.Allocation.LengthMask;
            var address = kind == 0 ? new UdfAddress(BinaryPrimitives.ReadUInt32LittleEndian(descriptors[4..]), partition)
                : UdfAddress.ReadLong(descriptors);
            descriptors = descriptors[size..];
            if (length == 0)
            {
                break;
            }

            switch (word >> UdfLayout.Allocation.KindShift)
            {
                case 0:
                    extents.Add(new UdfExtent(_volume.OffsetOf(address, length, structure), length));
                    break;
                case 3:
                    if (++continuations > ContinuationLimit)
                    {
                        throw UdfError.BadField(structure, -1, $"at most {ContinuationLimit} allocation extents", "more, or a cycle");
                    }

                    var more = _volume.ReadDescriptor(address, structure, out _, UdfLayout.Tag.AllocationExtent);
                    var moreLength = BinaryPrimitives.ReadUInt32LittleEndian(more.AsSpan(UdfLayout.AllocationExtent.DescriptorsLength));
                    if (moreLength > more.Length - UdfLayout.AllocationExtent.Body)
                    {
                        throw UdfError.BadField(structure, -1, "descriptors inside one block", $"{moreLength} bytes");
                    }

                    descriptors = more.AsSpan(UdfLayout.AllocationExtent.Body, (int)moreLength);
                    break;
                default:
                    extents.Add(new UdfExtent(-1, length));
                    break;
            }

            if (extents.Count > ExtentLimit)
            {
                throw UdfError.BadField(structure, -1, $"at most {ExtentLimit} extents", "more");
            }
        }

        return extents;
    }

    /// <summary>1/7.3: type and zone in minutes, then the date.</summary>
    private static DateTime DecodeTime(ReadOnlySpan<byte> bytes)
    {
        var zone = BinaryPrimitives.ReadUInt16LittleEndian(bytes) & 0xFFF;
        zone = zone >= 0x800 ? zone - 0x1000 : zone;
        int year = BinaryPrimitives.ReadInt16LittleEndian(bytes[2..]), month = bytes[4], day = bytes[5];
        if (year is < 1900 or > 9000 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || bytes[6] > 23
            || bytes[7] > 59 || bytes[8] > 59)
        {
            return DateTime.MinValue;
        }

        var time = new DateTime(year, month, day, bytes[6], bytes[7], bytes[8], DateTimeKind.Utc);
        return zone is < -1440 or > 1440 ? time : time.AddMinutes(-zone);
    }
}
