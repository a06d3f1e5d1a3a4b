using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Qcow2;

/// <summary>
/// Persistent dirty bitmaps. They record what a guest changed since a backup; a patch from outside is not in them. So each one is marked
/// <c>in_use</c>, which the specification defines as "not saved correctly, may be inconsistent": no incremental backup can rely on it, and
/// all clusters stay accounted for.
/// </summary>
internal static class Qcow2Bitmaps
{
    /// <summary>
    /// Whether there are bitmaps, and the autoclear bit says that they are kept up to date. Without it they are ignored.
    /// </summary>
    public static bool AreConsistent(Qcow2Header header) =>
        header.Bitmaps is not null && (header.Autoclear & Qcow2Layout.AutoclearBitmaps) != 0;

    /// <summary>The host ranges that bitmaps occupy: directory, tables, content.</summary>
    /// <exception cref="CorruptImageException"><c>QCOW2-0019</c>.</exception>
    public static List<(long Offset, long Length)> Ranges(BlockDevice file, Qcow2Header header)
    {
        var ranges = new List<(long, long)>();
        var (directory, offset) = ReadDirectory(file, header);
        ranges.Add((offset, directory.Length));
        long tableBytes = 0;
        foreach (var position in Entries(directory, header))
        {
            var entry = directory.AsSpan(position);
            var table = BinaryPrimitives.ReadUInt64BigEndian(entry[Qcow2Layout.BitmapEntry.TableOffset..]);
            var entries = BinaryPrimitives.ReadUInt32BigEndian(entry[Qcow2Layout.BitmapEntry.TableEntries..]);
            tableBytes += entries * 8L;
            if (table % (ulong)header.ClusterSize != 0 || table > (ulong)file.Length || entries * 8L > file.Length - (long)table
                || tableBytes > file.Length
                || entries > Qcow2Layout.MaxL1Bytes / 8)
            {
                throw Qcow2Error.Bitmaps("a bitmap table inside the file", $"{entries} entries at 0x{table:X}");
            }

            ranges.Add(((long)table, entries * 8L));
            foreach (var content in Qcow2Tables.Read(file, (long)table, (int)entries))
            {
                var host = (long)(content & Qcow2Layout.OffsetMask);
                if (host != 0)
                {
                    ranges.Add((host, header.ClusterSize));
                }
            }
        }

        return ranges;
    }

    /// <summary>Marks every bitmap as in use.</summary>
    public static void MarkInUse(ResizableDevice file, Qcow2Header header)
    {
        var (directory, offset) = ReadDirectory(file, header);
        Span<byte> flags = stackalloc byte[4];
        foreach (var position in Entries(directory, header))
        {
            var old = BinaryPrimitives.ReadUInt32BigEndian(directory.AsSpan(position + Qcow2Layout.BitmapEntry.Flags));
            BinaryPrimitives.WriteUInt32BigEndian(flags, old | Qcow2Layout.BitmapInUse);
            file.Write(offset + position + Qcow2Layout.BitmapEntry.Flags, flags);
        }
    }

    private static (byte[] Directory, long Offset) ReadDirectory(BlockDevice file, Qcow2Header header)
    {
        var size = BinaryPrimitives.ReadUInt64BigEndian(header.Bitmaps.AsSpan(Qcow2Layout.BitmapsExtension.DirectoryBytes));
        var offset = BinaryPrimitives.ReadUInt64BigEndian(header.Bitmaps.AsSpan(Qcow2Layout.BitmapsExtension.DirectoryOffset));
        if (size > Qcow2Layout.MaxBitmapDirectoryBytes || offset % (ulong)header.ClusterSize != 0 || offset > (ulong)file.Length
            || size > (ulong)file.Length - offset)
        {
            throw Qcow2Error.Bitmaps("a directory inside the file", $"{size} bytes at 0x{offset:X}");
        }

        var directory = new byte[size];
        file.Read((long)offset, directory);
        return (directory, (long)offset);
    }

    private static List<int> Entries(byte[] directory, Qcow2Header header)
    {
        var count = BinaryPrimitives.ReadUInt32BigEndian(header.Bitmaps.AsSpan(Qcow2Layout.BitmapsExtension.Count));
        if (count > Qcow2Layout.MaxBitmaps)
        {
            throw Qcow2Error.Bitmaps("at most 65535 bitmaps", $"{count}");
        }

        var positions = new List<int>();
        long position = 0;
        for (var i = 0; i < count; i++)
        {
            if (position > directory.Length - Qcow2Layout.BitmapEntry.Bytes)
            {
                throw Qcow2Error.Bitmaps($"{count} entries", $"{directory.Length} bytes");
            }

            positions.Add((int)position);
            position += Qcow2Layout.BitmapEntry.Bytes
                + (long)BinaryPrimitives.ReadUInt32BigEndian(directory.AsSpan((int)position + Qcow2Layout.BitmapEntry.ExtraLength))
                + BinaryPrimitives.ReadUInt16BigEndian(directory.AsSpan((int)position + Qcow2Layout.BitmapEntry.NameLength));
            position = (position + 7) & ~7L;
        }

        return positions;
    }
}
