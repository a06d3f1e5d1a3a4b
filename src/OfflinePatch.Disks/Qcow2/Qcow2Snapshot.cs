using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Qcow2;

/// <summary>
/// The L1 table of an internal snapshot. Its tables share clusters with the active ones, which are therefore copied before they are
/// changed.
/// </summary>
/// <param name="L1Offset">Host offset, inside the file.</param>
/// <param name="L1Size">Entries.</param>
internal readonly record struct Qcow2Snapshot(long L1Offset, int L1Size)
{
    /// <summary>Reads the snapshot table.</summary>
    /// <exception cref="CorruptImageException"><c>QCOW2-0015</c>.</exception>
    public static List<Qcow2Snapshot> Read(BlockDevice file, Qcow2Header header, out long tableLength)
    {
        var snapshots = new List<Qcow2Snapshot>();
        var position = header.SnapshotsOffset;
        long l1Bytes = 0;
        Span<byte> entry = stackalloc byte[Qcow2Layout.Snapshot.Bytes];
        for (var i = 0; i < header.SnapshotCount; i++)
        {
            if (position > file.Length - entry.Length)
            {
                throw Qcow2Error.Snapshot(i, "an entry inside the file", $"offset 0x{position:X}");
            }

            file.Read(position, entry);
            var offset = BinaryPrimitives.ReadUInt64BigEndian(entry[Qcow2Layout.Snapshot.L1Offset..]);
            var size = BinaryPrimitives.ReadUInt32BigEndian(entry[Qcow2Layout.Snapshot.L1Entries..]);
            var extra = BinaryPrimitives.ReadUInt32BigEndian(entry[Qcow2Layout.Snapshot.ExtraLength..]);
            if (extra > Qcow2Layout.MaxSnapshotExtra)
            {
                throw Qcow2Error.Snapshot(i, "at most 1024 bytes of extra data", $"{extra}");
            }

            var bytes = (long)size * 8;
            if (size > Qcow2Layout.MaxL1Bytes / 8 || offset % (ulong)header.ClusterSize != 0 || offset > (ulong)file.Length
                || bytes > file.Length - (long)offset)
            {
                throw Qcow2Error.Snapshot(i, "an L1 table inside the file", $"{size} entries at 0x{offset:X}");
            }

            // Every snapshot has a table of its own: together they cannot be longer than the file.
            l1Bytes += bytes;
            if (l1Bytes > file.Length)
            {
                throw Qcow2Error.Snapshot(i, "L1 tables that do not overlap", $"{l1Bytes} bytes in a file of {file.Length}");
            }

            snapshots.Add(new Qcow2Snapshot((long)offset, (int)size));
            position += entry.Length + extra + BinaryPrimitives.ReadUInt16BigEndian(entry[Qcow2Layout.Snapshot.IdLength..])
                + BinaryPrimitives.ReadUInt16BigEndian(entry[Qcow2Layout.Snapshot.NameLength..]);
            position = (position + 7) & ~7L;
        }

        tableLength = header.SnapshotCount == 0 ? 0 : Math.Min(position, file.Length) - header.SnapshotsOffset;
        return snapshots;
    }
}
