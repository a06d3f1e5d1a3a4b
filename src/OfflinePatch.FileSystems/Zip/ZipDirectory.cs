using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.FileSystems.Trees;
using static OfflinePatch.Core.Binary.LittleEndian;

namespace OfflinePatch.FileSystems.Zip;

/// <summary>One header of the central directory, checked as far as is possible on its own.</summary>
/// <param name="Name">Its path as stored.</param>
/// <param name="Offset">Where the header is in the archive, for messages.</param>
internal readonly record struct ZipHeader(
    string Name, long Offset, ushort MadeBy, ushort Flags, ushort Method, ushort Date, ushort Time, uint Crc, long PackedSize, long Length,
    uint ExternalAttributes, long HeaderOffset);

/// <summary>
/// Reads the central directory: it alone says what an archive holds. Local headers are only used to find the content, so that no entry is
/// seen by one reader and hidden from another.
/// </summary>
internal static class ZipDirectory
{
    /// <summary>Entries of an archive at most; the largest driver collection known has 40,000.</summary>
    public const int EntryLimit = 200_000;

    /// <summary>Bytes of a central directory at most: <see cref="EntryLimit"/> headers with names of 300 bytes.</summary>
    public const int DirectoryLimit = 64 * 1024 * 1024;

    /// <summary>Whether the device begins like an archive: with a local header, or, when it is empty, with the end record.</summary>
    public static bool Probe(BlockDevice device)
    {
        if (device.Length < ZipLayout.End.Size)
        {
            return false;
        }

        Span<byte> start = stackalloc byte[4];
        device.Read(0, start);
        return BinaryPrimitives.ReadUInt32LittleEndian(start) is ZipLayout.Local.Signature or ZipLayout.End.Signature;
    }

    public static List<ZipHeader> Read(BlockDevice device)
    {
        var (offset, size, count) = FindDirectory(device);
        if (count > EntryLimit)
        {
            throw ZipError.TooManyEntries(count, EntryLimit);
        }

        if (size > DirectoryLimit || size > device.Length || offset > device.Length - size || size < count * ZipLayout.Central.Size)
        {
            throw ZipError.BadDirectory(offset, $"{count} headers inside the archive of {device.Length} bytes",
                $"{size} bytes at {offset}");
        }

        var bytes = new byte[size];
        device.Read(offset, bytes);
        var headers = new List<ZipHeader>((int)count);
        var position = 0;
        for (var i = 0; i < count; i++)
        {
            headers.Add(ReadHeader(bytes.AsSpan(position), offset + position, out var used));
            position += used;
        }

        return headers;
    }

    private static (long Offset, long Size, long Count) FindDirectory(BlockDevice device)
    {
        var tailLength = (int)Math.Min(device.Length, ZipLayout.End.Size + ushort.MaxValue + ZipLayout.Locator64.Size);
        var tail = new byte[tailLength];
        device.Read(device.Length - tailLength, tail);
        for (var i = tailLength - ZipLayout.End.Size; i >= 0; i--)
        {
            var end = tail.AsSpan(i);
            if (BinaryPrimitives.ReadUInt32LittleEndian(end) != ZipLayout.End.Signature
                || BinaryPrimitives.ReadUInt16LittleEndian(end[ZipLayout.End.CommentLength..]) != end.Length - ZipLayout.End.Size)
            {
                continue;
            }

            if (BinaryPrimitives.ReadUInt16LittleEndian(end[ZipLayout.End.Disk..]) is not (0 or 0xFFFF)
                || BinaryPrimitives.ReadUInt16LittleEndian(end[ZipLayout.End.DirectoryDisk..]) is not (0 or 0xFFFF))
            {
                throw ZipError.Split();
            }

            long count = BinaryPrimitives.ReadUInt16LittleEndian(end[ZipLayout.End.Entries..]);
            long size = BinaryPrimitives.ReadUInt32LittleEndian(end[ZipLayout.End.DirectorySize..]);
            long offset = BinaryPrimitives.ReadUInt32LittleEndian(end[ZipLayout.End.DirectoryOffset..]);
            if (count == 0xFFFF || size == uint.MaxValue || offset == uint.MaxValue)
            {
                return ReadEnd64(device, device.Length - tailLength + i) ?? (offset, size, count);
            }

            return (offset, size, count);
        }

        throw ZipError.NoDirectory(device.Length);
    }

    private static (long Offset, long Size, long Count)? ReadEnd64(BlockDevice device, long endOffset)
    {
        var locatorOffset = endOffset - ZipLayout.Locator64.Size;
        if (locatorOffset < 0)
        {
            return null;
        }

        Span<byte> locator = stackalloc byte[ZipLayout.Locator64.Size];
        device.Read(locatorOffset, locator);
        if (BinaryPrimitives.ReadUInt32LittleEndian(locator) != ZipLayout.Locator64.Signature)
        {
            return null;
        }

        var recordOffset = BinaryPrimitives.ReadUInt64LittleEndian(locator[ZipLayout.Locator64.RecordOffset..]);
        if (recordOffset > (ulong)locatorOffset || (ulong)locatorOffset - recordOffset < ZipLayout.End64.Size)
        {
            throw ZipError.BadDirectory(locatorOffset, "a zip64 record before its locator", $"offset {recordOffset}");
        }

        Span<byte> record = stackalloc byte[ZipLayout.End64.Size];
        device.Read((long)recordOffset, record);
        var count = BinaryPrimitives.ReadUInt64LittleEndian(record[ZipLayout.End64.Entries..]);
        var size = BinaryPrimitives.ReadUInt64LittleEndian(record[ZipLayout.End64.DirectorySize..]);
        var offset = BinaryPrimitives.ReadUInt64LittleEndian(record[ZipLayout.End64.DirectoryOffset..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(record) != ZipLayout.End64.Signature || count > EntryLimit || size > DirectoryLimit
            || offset > (ulong)device.Length)
        {
            throw ZipError.BadDirectory((long)recordOffset, $"a zip64 record of at most {EntryLimit} entries",
                $"{count} entries, {size} bytes at {offset}");
        }

        return ((long)offset, (long)size, (long)count);
    }

    private static ZipHeader ReadHeader(ReadOnlySpan<byte> bytes, long offset, out int used)
    {
        if (bytes.Length < ZipLayout.Central.Size || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != ZipLayout.Central.Signature)
        {
            throw ZipError.BadDirectory(offset, "a file header", bytes.Length < ZipLayout.Central.Size ? "the end of the directory"
                : $"0x{BinaryPrimitives.ReadUInt32LittleEndian(bytes):X8}");
        }

        int nameLength = U16(bytes, ZipLayout.Central.NameLength);
        int extraLength = U16(bytes, ZipLayout.Central.ExtraLength);
        used = ZipLayout.Central.Size + nameLength + extraLength + U16(bytes, ZipLayout.Central.CommentLength);
        if (used > bytes.Length)
        {
            throw ZipError.BadDirectory(offset, $"a header of at most {bytes.Length} bytes", $"{used} bytes");
        }

        var extra = bytes.Slice(ZipLayout.Central.Size + nameLength, extraLength);
        var flags = U16(bytes, ZipLayout.Central.Flags);
        var name = DecodeName(bytes.Slice(ZipLayout.Central.Size, nameLength), flags, extra);
        long length = U32(bytes, ZipLayout.Central.Length);
        long packed = U32(bytes, ZipLayout.Central.PackedSize);
        long header = U32(bytes, ZipLayout.Central.HeaderOffset);
        ReadZip64(extra, offset, ref length, ref packed, ref header);
        return new ZipHeader(name, offset, U16(bytes, ZipLayout.Central.MadeBy), flags, U16(bytes, ZipLayout.Central.Method),
            U16(bytes, ZipLayout.Central.Date), U16(bytes, ZipLayout.Central.Time), U32(bytes, ZipLayout.Central.Crc), packed, length,
            U32(bytes, ZipLayout.Central.ExternalAttributes), header);
    }

    private static void ReadZip64(ReadOnlySpan<byte> extra, long offset, ref long length, ref long packed, ref long header)
    {
        var field = FindExtra(extra, ZipLayout.Extra.Zip64);
        foreach (var which in "LPH")
        {
            ref var value = ref length;
            if (which == 'P')
            {
                value = ref packed;
            }
            else if (which == 'H')
            {
                value = ref header;
            }

            if (value != uint.MaxValue || field.IsEmpty)
            {
                continue;
            }

            if (field.Length < 8 || BinaryPrimitives.ReadUInt64LittleEndian(field) > long.MaxValue)
            {
                throw ZipError.BadDirectory(offset, "a zip64 field with the value that overflowed", $"{field.Length} bytes");
            }

            value = (long)BinaryPrimitives.ReadUInt64LittleEndian(field);
            field = field[8..];
        }
    }

    private static string DecodeName(ReadOnlySpan<byte> name, ushort flags, ReadOnlySpan<byte> extra)
    {
        if ((flags & ZipLayout.Central.FlagUtf8) != 0)
        {
            return Encoding.UTF8.GetString(name);
        }

        var field = FindExtra(extra, ZipLayout.Extra.UnicodePath);
        return field.Length > 5 && field[0] == 1 && BinaryPrimitives.ReadUInt32LittleEndian(field[1..]) == Crc32.HashToUInt32(name)
            ? Encoding.UTF8.GetString(field[5..])
            : OemText.CodePage437.GetString(name);
    }

    private static ReadOnlySpan<byte> FindExtra(ReadOnlySpan<byte> extra, ushort wanted)
    {
        while (extra.Length >= 4)
        {
            int size = U16(extra, 2);
            if (size > extra.Length - 4)
            {
                break;
            }

            if (U16(extra, 0) == wanted)
            {
                return extra.Slice(4, size);
            }

            extra = extra[(4 + size)..];
        }

        return default;
    }
}
