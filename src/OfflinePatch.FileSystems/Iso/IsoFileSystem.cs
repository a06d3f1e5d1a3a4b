using System.Buffers.Binary;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.FileSystems.Trees;

namespace OfflinePatch.FileSystems.Iso;

/// <summary>
/// An ISO 9660 disc as a tree that is only read. The Joliet names are used where the disc has them, else the plain ones without their
/// version numbers; Rock Ridge and El Torito are ignored. Files of several extents are supported.
/// </summary>
public sealed class IsoFileSystem : TreeFileSystem
{
    private const int DescriptorLimit = 64; // discs have 3 to 5
    private const int DirectoryLimit = 32 * 1024 * 1024; // bytes of one directory: 200,000 files
    private const int ExtentLimit = 4096; // of one file: 16 TiB
    private const FileAttributes Plain = FileAttributes.ReadOnly;

    private readonly BlockDevice _device;
    private readonly bool _ownsDevice;
    private readonly int _blockSize;
    private readonly byte[] _rootRecord;
    private readonly HashSet<long> _directories = [];

    private IsoFileSystem(BlockDevice device, string source, bool ownsDevice)
        : base(source)
    {
        _device = device;
        _ownsDevice = ownsDevice;
        var descriptor = FindDescriptor(device, out var isJoliet);
        IsJoliet = isJoliet;
        _blockSize = BinaryPrimitives.ReadUInt16LittleEndian(descriptor.AsSpan(IsoLayout.Descriptor.BlockSize));
        if (_blockSize is not (512 or 1024 or 2048))
        {
            throw IsoError.BlockSize(_blockSize);
        }

        // A disc that was not downloaded completely is reported here, not by the one file that happens to be beyond the end.
        var space = BinaryPrimitives.ReadUInt32LittleEndian(descriptor.AsSpan(IsoLayout.Descriptor.SpaceSize)) * (long)_blockSize;
        if (space > device.Length)
        {
            throw IsoError.Truncated(space, device.Length);
        }

        _rootRecord = descriptor.AsSpan(IsoLayout.Descriptor.RootRecord, 34).ToArray();
        var label = descriptor.AsSpan(IsoLayout.Descriptor.VolumeIdentifier, 32);
        Label = (isJoliet ? Encoding.BigEndianUnicode : Encoding.Latin1).GetString(label).TrimEnd(' ', '\0');
    }

    /// <inheritdoc/>
    public override string Format => IsJoliet ? "ISO 9660 (Joliet)" : "ISO 9660";

    /// <summary>Whether the names are those of Joliet.</summary>
    internal bool IsJoliet { get; }

    /// <summary>The volume identifier.</summary>
    internal string Label { get; }

    /// <summary>Whether the content is that of a disc: a descriptor with its identifier in sector 16.</summary>
    public static bool Probe(BlockDevice device)
    {
        if (device.Length < IsoLayout.FirstDescriptor + IsoLayout.SectorSize)
        {
            return false;
        }

        Span<byte> start = stackalloc byte[6];
        device.Read(IsoLayout.FirstDescriptor, start);
        return start[1..].SequenceEqual("CD001"u8);
    }

    /// <summary>Opens a disc.</summary>
    /// <param name="device">Its bytes, in sectors of 2,048.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <param name="ownsDevice">Whether to dispose <paramref name="device"/> with the tree.</param>
    /// <exception cref="CorruptImageException">Its descriptors are damaged, or the disc is shorter than they say.</exception>
    /// <exception cref="UnsupportedImageException"><c>ISO-0007</c>: an unusual block size.</exception>
    public static IsoFileSystem Open(BlockDevice device, string source, bool ownsDevice = false) => new(device, source, ownsDevice);

    private protected override TreeNode CreateRoot() => CreateNode("", "", _rootRecord, IsoLayout.FirstDescriptor);

    private protected override IEnumerable<TreeNode> ReadDirectory(TreeNode directory)
    {
        var node = (IsoNode)directory;
        var (offset, length) = node.Extents[0];
        if (!_directories.Add(offset))
        {
            throw IsoError.SharedDirectory(node.Path, offset);
        }

        if (length > DirectoryLimit)
        {
            throw IsoError.BadRecord(node.Path, offset, $"a directory of at most {DirectoryLimit} bytes", $"{length}");
        }

        var bytes = new byte[length];
        ReadContent(node, 0, bytes);
        return Parse(node, bytes, offset);
    }

    private protected override void ReadContent(TreeNode file, long offset, Span<byte> buffer)
    {
        foreach (var (start, length) in ((IsoNode)file).Extents)
        {
            if (buffer.IsEmpty)
            {
                return;
            }

            if (offset >= length)
            {
                offset -= length;
                continue;
            }

            var count = (int)Math.Min(buffer.Length, length - offset);
            if (start > _device.Length || start + offset + count > _device.Length)
            {
                throw IsoError.OutsideDisc(file.Path, start, length, _device.Length);
            }

            _device.Read(start + offset, buffer[..count]);
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

    private static byte[] FindDescriptor(BlockDevice device, out bool isJoliet)
    {
        byte[]? primary = null;
        for (var i = 0; i < DescriptorLimit; i++)
        {
            var offset = IsoLayout.FirstDescriptor + ((long)i * IsoLayout.SectorSize);
            if (offset > device.Length - IsoLayout.SectorSize)
            {
                break;
            }

            var sector = new byte[IsoLayout.SectorSize];
            device.Read(offset, sector);
            if (!sector.AsSpan(IsoLayout.Descriptor.Identifier, 5).SequenceEqual("CD001"u8))
            {
                break;
            }

            var type = sector[IsoLayout.Descriptor.Type];
            if (type == IsoLayout.Descriptor.TypePrimary)
            {
                primary ??= sector;
            }
            else if (type == IsoLayout.Descriptor.TypeSupplementary
                && sector.AsSpan(IsoLayout.Descriptor.EscapeSequences, 2).SequenceEqual("%/"u8)
                && sector[IsoLayout.Descriptor.EscapeSequences + 2] is (byte)'@' or (byte)'C' or (byte)'E')
            {
                isJoliet = true;
                return sector;
            }
            else if (type == IsoLayout.Descriptor.TypeEnd)
            {
                break;
            }
        }

        isJoliet = false;
        return primary ?? throw IsoError.NoPrimary();
    }

    private List<IsoNode> Parse(IsoNode directory, byte[] bytes, long offset)
    {
        var nodes = new List<IsoNode>();
        var versions = new Dictionary<string, int>(StringComparer.Ordinal);
        IsoNode? continued = null;
        for (var at = 0; at < bytes.Length;)
        {
            int length = bytes[at + IsoLayout.Record.Length];
            if (length == 0)
            {
                at = (at / IsoLayout.SectorSize * IsoLayout.SectorSize) + IsoLayout.SectorSize;
                continue;
            }

            if (length < IsoLayout.Record.Name + 1 || length > bytes.Length - at
                || IsoLayout.Record.Name + bytes[at + IsoLayout.Record.NameLength] > length)
            {
                throw IsoError.BadRecord(directory.Path, offset + at, "a directory record inside its sector", $"{length} bytes");
            }

            ReadOnlySpan<byte> record = bytes.AsSpan(at, length);
            var flags = record[IsoLayout.Record.Flags];
            var raw = record.Slice(IsoLayout.Record.Name, record[IsoLayout.Record.NameLength]);
            at += length;
            if ((raw.Length == 1 && raw[0] <= 1) || (flags & IsoLayout.Record.FlagAssociated) != 0)
            {
                continue;
            }

            var name = DecodeName(raw, out var version);
            var node = CreateNode(directory.Path, name, record, offset + at);
            if (continued is not null)
            {
                node = Join(continued, node, offset + at);
            }

            continued = (flags & IsoLayout.Record.FlagMultiExtent) != 0 && !node.IsDirectory ? node : null;
            if (continued is null && AddNewest(versions, name, version, nodes))
            {
                nodes.Add(node);
            }
        }

        return nodes;
    }

    /// <summary>Of the versions of one file the highest counts; discs have only ;1.</summary>
    private static bool AddNewest(Dictionary<string, int> versions, string name, int version, List<IsoNode> nodes)
    {
        if (!versions.TryGetValue(name, out var present))
        {
            versions.Add(name, version);
            return true;
        }

        if (version == present)
        {
            return true; // the same name twice: the tree refuses it
        }

        if (version < present)
        {
            return false;
        }

        versions[name] = version;
        nodes.RemoveAll(n => n.Name == name);
        return true;
    }

    private static IsoNode Join(IsoNode first, IsoNode next, long offset)
    {
        if (first.Name != next.Name || first.Extents.Count >= ExtentLimit)
        {
            throw IsoError.BadRecord("", offset, $"the next extent of {first.Name}", $"'{FileSystemError.Printable(next.Name)}'");
        }

        return new IsoNode
        {
            Name = first.Name,
            IsDirectory = false,
            Length = first.Length + next.Length,
            LastWriteTimeUtc = first.LastWriteTimeUtc,
            Attributes = first.Attributes,
            Extents = [.. first.Extents, .. next.Extents],
        };
    }

    private string DecodeName(ReadOnlySpan<byte> raw, out int version)
    {
        var name = (IsJoliet ? Encoding.BigEndianUnicode : OemText.CodePage437).GetString(raw);
        version = 1;
        var semicolon = name.LastIndexOf(';');
        if (semicolon > 0)
        {
            _ = int.TryParse(name.AsSpan(semicolon + 1), System.Globalization.NumberStyles.None, null, out version);
            name = name[..semicolon];
        }

        return name.Length > 1 && name[^1] == '.' ? name[..^1] : name;
    }

    private IsoNode CreateNode(string directory, string name, ReadOnlySpan<byte> record, long recordOffset)
    {
        var flags = record[IsoLayout.Record.Flags];
        if (record[IsoLayout.Record.FileUnitSize] != 0 || record[IsoLayout.Record.GapSize] != 0)
        {
            throw IsoError.Interleaved(FilePath.Join(directory, FileSystemError.Printable(name)));
        }

        var isDirectory = (flags & IsoLayout.Record.FlagDirectory) != 0;
        var start = ((long)BinaryPrimitives.ReadUInt32LittleEndian(record[IsoLayout.Record.Extent..])
            + record[IsoLayout.Record.ExtendedAttributes]) * _blockSize;
        long length = BinaryPrimitives.ReadUInt32LittleEndian(record[IsoLayout.Record.ContentLength..]);
        if (length > _device.Length || (isDirectory && start > _device.Length - length))
        {
            throw IsoError.OutsideDisc(FilePath.Join(directory, FileSystemError.Printable(name)), start, length, _device.Length);
        }

        if (name.Length == 0 && !isDirectory)
        {
            throw IsoError.BadRecord(directory, recordOffset, "a directory as the root", $"flags 0x{flags:X2}");
        }

        return new IsoNode
        {
            Name = name,
            IsDirectory = isDirectory,
            Length = isDirectory ? 0 : length,
            LastWriteTimeUtc = DecodeTime(record[IsoLayout.Record.Recorded..]),
            Attributes = Plain | ((flags & IsoLayout.Record.FlagHidden) != 0 ? FileAttributes.Hidden : 0)
                | (isDirectory ? FileAttributes.Directory : 0),
            Extents = [(start, length)],
        };
    }

    private static DateTime DecodeTime(ReadOnlySpan<byte> bytes)
    {
        int year = 1900 + bytes[0], month = bytes[1], day = bytes[2];
        if (month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || bytes[3] > 23 || bytes[4] > 59 || bytes[5] > 59)
        {
            return DateTime.MinValue;
        }

        var quarters = bytes[6] < 128 ? bytes[6] : bytes[6] - 256;
        return new DateTime(year, month, day, bytes[3], bytes[4], bytes[5], DateTimeKind.Utc).AddMinutes(-15 * quarters);
    }
}
