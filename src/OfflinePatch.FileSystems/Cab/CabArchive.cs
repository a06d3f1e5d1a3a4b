using System.Buffers.Binary;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.FileSystems.Trees;

namespace OfflinePatch.FileSystems.Cab;

/// <summary>The files of one cabinet, and their content.</summary>
internal sealed class CabArchive
{
    /// <summary>Bytes that a cabinet may unpack to.</summary>
    public const long UnpackedLimit = 8L * 1024 * 1024 * 1024;

    /// <summary>
    /// How many times its own length, past <see cref="FreeOfRatio"/>. LZX packs programs 3 to 6 times, zeros 2,000 times.
    /// </summary>
    public const int RatioLimit = 500;

    /// <summary>Bytes that any cabinet may unpack to.</summary>
    public const long FreeOfRatio = 64L * 1024 * 1024;

    private readonly List<CabFolder> _folders = [];

    public CabArchive(BlockDevice device)
    {
        Span<byte> header = stackalloc byte[CabLayout.Header.Size];
        if (!Probe(device))
        {
            throw CabError.BadHeader(0, "the signature MSCF", "other bytes");
        }

        device.Read(0, header);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header[CabLayout.Header.CabinetLength..]);
        if (length > device.Length || length < CabLayout.Header.Size || header[CabLayout.Header.VersionMajor] != 1)
        {
            throw CabError.BadHeader(CabLayout.Header.CabinetLength, $"a cabinet of version 1 in {device.Length} bytes",
                $"version {header[CabLayout.Header.VersionMajor]}, {length} bytes");
        }

        var reader = new CabReader(device, length) { Position = CabLayout.Header.Size };
        var flags = BinaryPrimitives.ReadUInt16LittleEndian(header[CabLayout.Header.Flags..]);
        var folderReserve = 0;
        var blockReserve = 0;
        if ((flags & CabLayout.Header.HasReserves) != 0)
        {
            var reserves = reader.Take(CabLayout.Header.ReservesSize);
            folderReserve = reserves[CabLayout.Header.ReserveFolder - CabLayout.Header.Size];
            blockReserve = reserves[CabLayout.Header.ReserveBlock - CabLayout.Header.Size];
            reader.Take(BinaryPrimitives.ReadUInt16LittleEndian(reserves));
        }

        for (var names =
            ((flags & CabLayout.Header.HasPrevious) != 0 ? 2 : 0) + ((flags & CabLayout.Header.HasNext) != 0 ? 2 : 0); names > 0; names--)
        {
            reader.TakeName();
        }

        int folders = BinaryPrimitives.ReadUInt16LittleEndian(header[CabLayout.Header.FolderCount..]);
        for (var i = 0; i < folders; i++)
        {
            var folder = reader.Take(CabLayout.Folder.Size + folderReserve);
            _folders.Add(new CabFolder(device, i, BinaryPrimitives.ReadUInt32LittleEndian(folder),
                BinaryPrimitives.ReadUInt16LittleEndian(folder.AsSpan(CabLayout.Folder.BlockCount)),
                BinaryPrimitives.ReadUInt16LittleEndian(folder.AsSpan(CabLayout.Folder.Method)), blockReserve, length));
        }

        reader.Position = BinaryPrimitives.ReadUInt32LittleEndian(header[CabLayout.Header.FilesOffset..]);
        Files = ReadFiles(reader, BinaryPrimitives.ReadUInt16LittleEndian(header[CabLayout.Header.FileCount..]), length);
    }

    public List<CabFile> Files { get; }

    public static bool Probe(BlockDevice device)
    {
        if (device.Length < CabLayout.Header.Size)
        {
            return false;
        }

        Span<byte> signature = stackalloc byte[4];
        device.Read(0, signature);
        return signature.SequenceEqual("MSCF"u8);
    }

    /// <summary>Fills <paramref name="buffer"/> from <paramref name="offset"/> of a file; the range is inside it.</summary>
    public void Read(CabFile file, long offset, Span<byte> buffer) => _folders[file.Folder].Read(file.Offset + offset, buffer);

    private List<CabFile> ReadFiles(CabReader reader, int count, long cabinetLength)
    {
        var files = new List<CabFile>(count);
        var unpacked = 0L;
        for (var i = 0; i < count; i++)
        {
            var at = reader.Position;
            var record = reader.Take(CabLayout.File.Name);
            var rawName = reader.TakeName();
            var attributes = BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(CabLayout.File.Attributes));
            var name = ((attributes & CabLayout.File.NameIsUtf8) != 0 ? Encoding.UTF8 : OemText.Get(1252) ?? Encoding.Latin1)
                .GetString(rawName);
            long length = BinaryPrimitives.ReadUInt32LittleEndian(record);
            long offset = BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(CabLayout.File.FolderOffset));
            int folder = BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(CabLayout.File.FolderIndex));
            if (folder >= CabLayout.File.FirstContinued)
            {
                throw CabError.Spans(name);
            }

            if (folder >= _folders.Count || offset + length > _folders[folder].LengthLimit)
            {
                throw CabError.BadFile(at, $"content inside one of {_folders.Count} folders",
                    $"{length} bytes from {offset} of folder {folder}");
            }

            unpacked += length;
            files.Add(new CabFile(name, length, folder, offset,
                DosTime.Decode(BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(CabLayout.File.Date)),
                    BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(CabLayout.File.Time))),
                (FileAttributes)attributes & (FileAttributes.ReadOnly | FileAttributes.Hidden | FileAttributes.System
                    | FileAttributes.Archive)));
        }

        if (unpacked > UnpackedLimit || (unpacked > FreeOfRatio && unpacked / RatioLimit > cabinetLength))
        {
            throw CabError.Bomb(unpacked, cabinetLength);
        }

        return files;
    }

    /// <summary>Takes bytes one after the other, inside the cabinet.</summary>
    private sealed class CabReader(BlockDevice device, long length)
    {
        public long Position { get; set; }

        public byte[] Take(int count)
        {
            if (Position > length || count > length - Position)
            {
                throw CabError.BadHeader(Position, $"{count} bytes inside the cabinet of {length}", "its end");
            }

            var bytes = new byte[count];
            device.Read(Position, bytes);
            Position += count;
            return bytes;
        }

        public byte[] TakeName()
        {
            var bytes = Take((int)Math.Clamp(length - Position, 0, CabLayout.File.NameLimit + 1));
            var end = bytes.AsSpan().IndexOf((byte)0);
            if (end < 0)
            {
                throw CabError.BadHeader(Position, $"a name of at most {CabLayout.File.NameLimit} bytes", "no end");
            }

            Position -= bytes.Length - end - 1;
            return bytes[..end];
        }
    }
}
