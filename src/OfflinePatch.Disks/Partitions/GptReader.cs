using System.Buffers.Binary;
using System.Text;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Partitions;

/// <summary>Reads a GPT: the primary copy, or the backup where the primary is damaged.</summary>
internal sealed class GptReader(BlockDevice disk, int sectorSize, List<string> notes)
{
    /// <summary>Identity of the disk, after <see cref="TryRead"/>.</summary>
    public Guid DiskGuid { get; private set; }

    /// <summary>The primary copy where it is whole, after <see cref="TryRead"/>.</summary>
    public GptCopy? Primary { get; private set; }

    /// <summary>The backup copy where it is whole, after <see cref="TryRead"/>.</summary>
    public GptCopy? Backup { get; private set; }

    /// <summary>Whether sector 1 or the last sector holds a GPT signature.</summary>
    public static bool HasSignature(BlockDevice disk, int sectorSize) =>
        HasSignatureAt(disk, sectorSize) || HasSignatureAt(disk, (disk.Length / sectorSize * sectorSize) - sectorSize);

    /// <summary>The partitions in slot order, or false where neither copy is whole; <paramref name="failure"/> then says why.</summary>
    public bool TryRead(out List<Partition> partitions, out CorruptImageException? failure)
    {
        partitions = [];
        failure = null;
        var lastLba = (ulong)(disk.Length / sectorSize) - 1;
        var primary = GptCopy.TryRead(disk, sectorSize, 1, out var primaryProblem);
        // A sound primary header says where its backup is; after the disk grew that is not the last sector.
        var place = primary?.AlternateLba is { } alternate && alternate > 1 && alternate < lastLba ? alternate : lastLba;
        var backup = GptCopy.TryRead(disk, sectorSize, place, out var backupProblem);
        if (primary is null && backup is null)
        {
            failure = PartitionError.BothGptHeadersBad(sectorSize, primaryProblem, backupProblem);
            return false;
        }

        if (primary is null)
        {
            notes.Add($"the primary GPT is damaged ({primaryProblem}); the backup was used");
        }
        else if (backup is null)
        {
            notes.Add($"the backup GPT is damaged ({backupProblem}); the primary is valid");
        }
        else if (!primary.Entries.AsSpan().SequenceEqual(backup.Entries) || primary.DiskGuid != backup.DiskGuid)
        {
            notes.Add("the primary and the backup GPT are each valid but differ; the primary was used");
        }
        else if (backup.Lba != lastLba)
        {
            notes.Add("the backup GPT is not at the end of the disk: the disk was grown");
        }

        Primary = primary;
        Backup = backup;
        var used = primary ?? backup!;
        DiskGuid = used.DiskGuid;
        ReadEntries(used, partitions);
        return true;
    }

    private static bool HasSignatureAt(BlockDevice disk, long offset)
    {
        if (offset < 0 || offset > disk.Length - 8)
        {
            return false;
        }

        Span<byte> signature = stackalloc byte[8];
        disk.Read(offset, signature);
        return signature.SequenceEqual(GptHeader.Layout.SignatureValue);
    }

    private void ReadEntries(GptCopy table, List<Partition> partitions)
    {
        var sectors = (ulong)(disk.Length / sectorSize);
        for (var slot = 0; slot < table.Entries.Length / table.EntrySize; slot++)
        {
            var entry = table.Entries.AsSpan(slot * table.EntrySize, table.EntrySize);
            var type = new Guid(entry.Slice(GptHeader.Layout.EntryType, 16));
            if (type == Guid.Empty)
            {
                continue;
            }

            var first = BinaryPrimitives.ReadUInt64LittleEndian(entry[GptHeader.Layout.EntryFirst..]);
            var last = BinaryPrimitives.ReadUInt64LittleEndian(entry[GptHeader.Layout.EntryLast..]);
            if (last < first)
            {
                throw PartitionError.EndBeforeStart(slot + 1, first, last);
            }

            if (first == 0 || last >= sectors)
            {
                throw PartitionError.OutsideDisk(slot + 1, ToBytes(first), ToBytes(last == ulong.MaxValue ? last : last - first + 1),
                    disk.Length);
            }

            if (first < table.FirstUsableLba || last > table.LastUsableLba)
            {
                notes.Add($"partition {slot + 1} leaves the usable range of the GPT (sectors {table.FirstUsableLba} to "
                    + $"{table.LastUsableLba})");
            }

            partitions.Add(new Partition
            {
                Number = slot + 1,
                Offset = (long)first * sectorSize,
                Length = (long)(last - first + 1) * sectorSize,
                TypeGuid = type,
                UniqueGuid = new Guid(entry.Slice(GptHeader.Layout.EntryUnique, 16)),
                Attributes = BinaryPrimitives.ReadUInt64LittleEndian(entry[GptHeader.Layout.EntryAttributes..]),
                Name = Encoding.Unicode.GetString(entry[GptHeader.Layout.EntryName..GptHeader.Layout.EntryMinimum]).Split('\0')[0],
            });
        }
    }

    private long ToBytes(ulong sectors) => sectors > (ulong)(long.MaxValue / sectorSize) ? long.MaxValue : (long)sectors * sectorSize;
}
