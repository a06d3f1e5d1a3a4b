using System.Buffers.Binary;
using System.IO.Compression;
using OfflinePatch.Core;
using OfflinePatch.FileSystems.Trees;

namespace OfflinePatch.FileSystems.Zip;

/// <summary>
/// A ZIP archive as a tree that is only read. What could do harm is refused on opening, before anything is unpacked: entries that leave
/// their folder, absolute paths, drive letters, names that Windows cannot tell apart, encryption, and archives that unpack to far more than
/// they hold. Each content is checked against its CRC-32 and its length while it is read.
/// </summary>
public sealed class ZipFileSystem : TreeFileSystem
{
    /// <summary>Bytes that an archive may unpack to.</summary>
    public const long UnpackedLimit = 8L * 1024 * 1024 * 1024;

    /// <summary>
    /// How many times its own length an archive may unpack to, once that is more than <see cref="FreeOfRatio"/>. Programs reach 2 to 10.
    /// </summary>
    public const int RatioLimit = 100;

    /// <summary>Bytes that any archive may unpack to, whatever its ratio.</summary>
    public const long FreeOfRatio = 64L * 1024 * 1024;

    private const int UnixHost = 3;
    private const uint UnixTypeMask = 0xF000;
    private const uint UnixLink = 0xA000;

    private readonly BlockDevice _device;
    private readonly bool _ownsDevice;
    private readonly TreeNode _root;

    private ZipFileSystem(BlockDevice device, string source, bool ownsDevice)
        : base(source)
    {
        _device = device;
        _ownsDevice = ownsDevice;
        _root = new ZipTree(ZipDirectory.Read(device), device.Length).Root;
    }

    /// <inheritdoc/>
    public override string Format => "ZIP";

    /// <summary>Whether the content is that of an archive.</summary>
    public static bool Probe(BlockDevice device) => ZipDirectory.Probe(device);

    /// <summary>Opens an archive.</summary>
    /// <param name="device">Its bytes.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <param name="ownsDevice">Whether to dispose <paramref name="device"/> with the tree.</param>
    /// <exception cref="CorruptImageException">The central directory is damaged.</exception>
    /// <exception cref="RefusedException"><c>ZIP-0005</c> to <c>ZIP-0009</c>: it would do harm.</exception>
    /// <exception cref="UnsupportedImageException"><c>ZIP-0003</c> one of several volumes, <c>ZIP-0010</c> encrypted.</exception>
    public static ZipFileSystem Open(BlockDevice device, string source, bool ownsDevice = false) => new(device, source, ownsDevice);

    private protected override TreeNode CreateRoot() => _root;

    private protected override IEnumerable<TreeNode> ReadDirectory(TreeNode directory) => ((ZipTree.Folder)directory).Entries.Values;

    private protected override void ReadContent(TreeNode file, long offset, Span<byte> buffer)
    {
        using var stream = OpenContent(file);
        var skipped = new byte[(int)Math.Min(offset, 64 * 1024)];
        while (offset > 0)
        {
            var count = (int)Math.Min(offset, skipped.Length);
            stream.ReadExactly(skipped, 0, count);
            offset -= count;
        }

        stream.ReadExactly(buffer);
    }

    private protected override Stream OpenContent(TreeNode file)
    {
        var entry = (ZipEntry)file;
        if (entry.IsLink)
        {
            throw ZipError.Link(entry.Path);
        }

        if (entry.Method is not (0 or 8))
        {
            throw ZipError.Method(entry.Path, entry.Method);
        }

        var packed = new DeviceStream(_device, FindContent(entry), entry.PackedSize);
        return new ZipContentStream(entry, entry.Method == 0 ? packed : new DeflateStream(packed, CompressionMode.Decompress));
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

    private long FindContent(ZipEntry entry)
    {
        Span<byte> header = stackalloc byte[ZipLayout.Local.Size];
        if (entry.HeaderOffset > _device.Length - header.Length)
        {
            throw ZipError.BadContent(entry.Path, entry.HeaderOffset, $"a local header inside {_device.Length} bytes",
                "its end beyond them");
        }

        _device.Read(entry.HeaderOffset, header);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != ZipLayout.Local.Signature)
        {
            throw ZipError.BadContent(entry.Path, entry.HeaderOffset, "a local header",
                $"0x{BinaryPrimitives.ReadUInt32LittleEndian(header):X8}");
        }

        var start = entry.HeaderOffset + ZipLayout.Local.Size
            + BinaryPrimitives.ReadUInt16LittleEndian(header[ZipLayout.Local.NameLength..])
            + BinaryPrimitives.ReadUInt16LittleEndian(header[ZipLayout.Local.ExtraLength..]);
        if (entry.PackedSize > _device.Length || start > _device.Length - entry.PackedSize)
        {
            throw ZipError.BadContent(entry.Path, start, $"content inside {_device.Length} bytes",
                $"{entry.PackedSize} bytes from {start}");
        }

        return start;
    }

    /// <summary>Builds the tree from the headers, and refuses anything harmful.</summary>
    private sealed class ZipTree
    {
        public ZipTree(List<ZipHeader> headers, long archiveLength)
        {
            var unpacked = 0L;
            foreach (var header in headers)
            {
                if (header.Length > UnpackedLimit - unpacked)
                {
                    throw ZipError.Bomb(header.Length, archiveLength);
                }

                unpacked += header.Length;
                Add(header);
            }

            if (unpacked > FreeOfRatio && unpacked / RatioLimit > archiveLength)
            {
                throw ZipError.Bomb(unpacked, archiveLength);
            }
        }

        public Folder Root { get; } = new() { Name = "", IsDirectory = true };

        private void Add(in ZipHeader header)
        {
            if ((header.Flags & (ZipLayout.Central.FlagEncrypted | ZipLayout.Central.FlagStrongEncryption
                | ZipLayout.Central.FlagMaskedHeaders)) != 0)
            {
                throw ZipError.Encrypted(header.Name);
            }

            var names = CheckPath(header);
            var isDirectory = header.Name[^1] is '/' or '\\';
            var folder = Root;
            for (var i = 0; i < names.Count - (isDirectory ? 0 : 1); i++)
            {
                if (i >= DepthLimit)
                {
                    throw FileSystemError.TooDeep("ZIP", DepthLimit);
                }

                if (!folder.Entries.TryGetValue(names[i], out var below))
                {
                    below = new Folder
                    {
                        Name = names[i],
                        IsDirectory = true,
                        LastWriteTimeUtc = isDirectory ? DosTime.Decode(header.Date, header.Time) : DateTime.MinValue
                    };
                    folder.Entries.Add(names[i], below);
                }

                folder = below as Folder ?? throw ZipError.SameName(string.Join('/', names.Take(i + 1)), header.Name);
            }

            if (!isDirectory && names.Count > 0 && !folder.Entries.TryAdd(names[^1], CreateEntry(header, names[^1])))
            {
                throw ZipError.SameName(string.Join('/', [.. names.SkipLast(1), folder.Entries[names[^1]].Name]), header.Name);
            }
        }

        private static ZipEntry CreateEntry(in ZipHeader header, string name) => new()
        {
            Name = name,
            IsDirectory = false,
            Length = header.Length,
            LastWriteTimeUtc = DosTime.Decode(header.Date, header.Time),
            Attributes = (FileAttributes)(header.ExternalAttributes & (uint)(FileAttributes.ReadOnly | FileAttributes.Hidden
                | FileAttributes.System | FileAttributes.Archive)),
            Method = header.Method,
            PackedSize = header.PackedSize,
            Crc = header.Crc,
            HeaderOffset = header.HeaderOffset,
            IsLink = header.MadeBy >> 8 == UnixHost && ((header.ExternalAttributes >> 16) & UnixTypeMask) == UnixLink,
        };

        private static List<string> CheckPath(in ZipHeader header)
        {
            var path = header.Name;
            if (path.Length == 0 || path.Any(char.IsControl))
            {
                throw ZipError.BadCharacter(path, header.Offset);
            }

            if (path[0] is '/' or '\\')
            {
                throw ZipError.Absolute(path);
            }

            if (path.Contains(':', StringComparison.Ordinal))
            {
                throw ZipError.Drive(path);
            }

            var names = new List<string>();
            foreach (var name in FilePath.Split(path))
            {
                if (name == ".")
                {
                    continue;
                }

                if (name.AsSpan().TrimEnd(". ").IsEmpty) // "..", and what Windows makes of ".. " and "..."
                {
                    throw ZipError.ClimbsOut(path);
                }

                names.Add(name);
            }

            return names;
        }

        public sealed class Folder : TreeNode
        {
            public Dictionary<string, TreeNode> Entries { get; } = new(StringComparer.OrdinalIgnoreCase);
        }
    }
}
