using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Format;

/// <summary>
/// Makes an empty NTFS 3.1 volume. Every metadata byte follows from the options and the device's length, so that fixtures can be compared.
/// </summary>
public static class NtfsFormatter
{
    /// <summary>Formats a partition. Data clusters keep what they hold: nothing refers to them.</summary>
    /// <exception cref="RefusedException"><c>NTFS-5301</c> to <c>NTFS-5308</c>: the options do not fit the partition. Nothing was
    /// written.</exception>
    /// <exception cref="IOException">The host failed to write.</exception>
    public static void Format(BlockDevice partition, NtfsFormatOptions? options = null)
    {
        options ??= new NtfsFormatOptions();
        if (!partition.CanWrite)
        {
            throw FormatError.ReadOnly();
        }

        if (options.Label.Length > 32)
        {
            throw FormatError.Label(options.Label);
        }

        var geometry = new FormatGeometry(partition, options);
        var writer = new StreamWriterAt(partition, geometry.ClusterSize);
        var records = new MetafileRecords(geometry, options);
        writer.Write(geometry.AttributeDefinitions, AttributeDefinitions.Build());
        writer.Write(geometry.UpCase, UpCaseTable());
        writer.Write(geometry.RootIndex, IndexNodes.Leaf(0, records.RootEntries()));
        writer.Write(geometry.SecurityDescriptors, SecureStreams.BuildDescriptors());
        writer.Fill(geometry.LogFile, 0xFF);
        writer.Write(geometry.MftBitmap, MftBitmap(geometry));
        WriteBitmap(writer, geometry);
        WriteRecords(writer, geometry, records);
        var boot = BootSectorBuilder.Build(geometry, options);
        writer.Write(geometry.Boot, boot);
        partition.Write(geometry.TotalSectors * geometry.SectorSize, boot);
        partition.Flush();
    }

    private static byte[] UpCaseTable()
    {
        var table = new byte[2 * NtUpcase.Count];
        Utf16.Write(NtUpcase.Table, table);
        return table;
    }

    /// <summary>Records 0 to 15 and those of $Extend; 16 to 23 stay free, for extension records of $MFT.</summary>
    private static byte[] MftBitmap(FormatGeometry geometry)
    {
        var bitmap = new byte[geometry.MftBitmap.DataSize];
        bitmap[0] = bitmap[1] = 0xFF;
        for (var i = MetafileRecords.FirstExtendRecord; i < MetafileRecords.Count; i++)
        {
            bitmap[i / 8] |= (byte)(1 << (int)(i % 8));
        }

        return bitmap;
    }

    /// <summary>$Bitmap, 64 KiB at a time; the bits after the last cluster are set, up to a multiple of 64.</summary>
    private static void WriteBitmap(StreamWriterAt writer, FormatGeometry geometry)
    {
        var buffer = new byte[64 * 1024];
        for (long at = 0; at < geometry.Bitmap.DataSize; at += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, geometry.Bitmap.DataSize - at));
            part.Clear();
            Set(part, at, 0, geometry.MetafilesEnd);
            Set(part, at, geometry.Mft.Start, geometry.Mft.Start + geometry.Mft.Count);
            Set(part, at, geometry.Clusters, geometry.Bitmap.DataSize * 8);
            writer.WriteAt(geometry.Bitmap, at, part);
        }

        writer.ZeroTail(geometry.Bitmap, geometry.Bitmap.DataSize);
    }

    private static void Set(Span<byte> part, long at, long from, long to)
    {
        for (var bit = Math.Max(from, at * 8); bit < Math.Min(to, (at + part.Length) * 8); bit++)
        {
            part[(int)((bit / 8) - at)] |= (byte)(1 << (int)(bit % 8));
        }
    }

    private static void WriteRecords(StreamWriterAt writer, FormatGeometry geometry, MetafileRecords records)
    {
        var mirrored = (int)(geometry.Mirror.DataSize / geometry.RecordSize);
        for (var i = 0; i < geometry.Records; i++)
        {
            var record = records.Build(i);
            writer.WriteAt(geometry.Mft, (long)i * geometry.RecordSize, record);
            if (i < mirrored)
            {
                writer.WriteAt(geometry.Mirror, (long)i * geometry.RecordSize, record);
            }
        }
    }

    /// <summary>Writes streams to their clusters; zeros are left out where the device certainly reads as zeros.</summary>
    private sealed class StreamWriterAt(BlockDevice device, int clusterSize)
    {
        public void Write(Extent extent, ReadOnlySpan<byte> content)
        {
            WriteAt(extent, 0, content);
            ZeroTail(extent, content.Length);
        }

        public void WriteAt(Extent extent, long offset, ReadOnlySpan<byte> content)
        {
            var at = (extent.Start * clusterSize) + offset;
            if (content.ContainsAnyExcept((byte)0) || !ReadsAsZero(at, content.Length))
            {
                device.Write(at, content);
            }
        }

        public void ZeroTail(Extent extent, long from) => FillRange(extent, from, 0);

        public void Fill(Extent extent, byte value) => FillRange(extent, 0, value);

        private void FillRange(Extent extent, long from, byte value)
        {
            var buffer = new byte[64 * 1024];
            buffer.AsSpan().Fill(value);
            var end = extent.Count * clusterSize;
            for (var at = from; at < end; at += buffer.Length)
            {
                WriteAt(extent, at, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)));
            }
        }

        private bool ReadsAsZero(long offset, long length)
        {
            var extent = device.GetExtent(offset);
            return extent.IsZero && extent.Length >= length;
        }
    }
}
