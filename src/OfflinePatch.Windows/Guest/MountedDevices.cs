using System.Buffers.Binary;
using OfflinePatch.Disks.Partitions;

namespace OfflinePatch.Windows.Guest;

/// <summary>One value of SYSTEM\MountedDevices (boot-network-accounts.md §1.5).</summary>
/// <param name="Name">The value's name: <c>\DosDevices\C:</c> or <c>\??\Volume{…}</c>.</param>
/// <param name="Letter"><c>C:</c>, or null for a volume name.</param>
/// <param name="MbrSignature">The disk signature, for a partition of an MBR disk.</param>
/// <param name="Offset">First byte of the partition, for a partition of an MBR disk.</param>
/// <param name="PartitionGuid">The partition's GUID, for a partition of a GPT disk.</param>
public sealed record MountedDevice(string Name, string? Letter, uint? MbrSignature, ulong? Offset, Guid? PartitionGuid)
{
    /// <summary>Whether it names a partition, not a removable device by its path.</summary>
    public bool IsPartition => MbrSignature is not null || PartitionGuid is not null;

    /// <summary>The partition on a disk that it names, or null.</summary>
    public Partition? FindOn(PartitionTable table) =>
        PartitionGuid is { } guid
            ? table.Scheme == PartitionScheme.Gpt ? table.Partitions.FirstOrDefault(p => p.UniqueGuid == guid) : null
            : MbrSignature is { } signature && table.Scheme == PartitionScheme.Mbr && table.MbrSignature == signature
                ? table.Partitions.FirstOrDefault(p => (ulong)p.Offset == Offset)
                : null;

    /// <summary>Whether it names something on this disk, even if the partition is gone.</summary>
    public bool IsOn(PartitionTable table) =>
        FindOn(table) is not null
            || (MbrSignature is { } signature && table.Scheme == PartitionScheme.Mbr && table.MbrSignature == signature);

    /// <summary>In words.</summary>
    public string Describe() =>
        PartitionGuid is { } guid ? $"GPT partition {guid}"
            : MbrSignature is { } signature ? $"disk signature {signature:X8}"
            : "removable";
}

/// <summary>Reads SYSTEM\MountedDevices.</summary>
public static class MountedDevices
{
    private const string LetterPrefix = @"\DosDevices\";

    /// <summary>Every value; odd ones as removable devices.</summary>
    public static IReadOnlyList<MountedDevice> Read(WindowsSystem system)
    {
        var devices = new List<MountedDevice>();
        foreach (var value in system.Load(HiveName.System).Hive?.Root.Find("MountedDevices")?.Values ?? [])
        {
            devices.Add(Parse(value.Name, value.ReadData()));
        }

        return devices;
    }

    /// <summary>What a value holds that names a partition of a disk.</summary>
    public static byte[] IdOf(PartitionTable table, Partition partition)
    {
        if (table.Scheme == PartitionScheme.Gpt)
        {
            return IdOf(partition.UniqueGuid);
        }

        var id = new byte[12];
        BinaryPrimitives.WriteUInt32LittleEndian(id, table.MbrSignature);
        BinaryPrimitives.WriteInt64LittleEndian(id.AsSpan(4), partition.Offset);
        return id;
    }

    /// <summary>What a value holds that names a partition of a GPT disk.</summary>
    internal static byte[] IdOf(Guid partition) => [.. "DMIO:ID:"u8, .. partition.ToByteArray()];

    /// <summary>
    /// Decodes one value: 12 bytes are signature and offset; <c>DMIO:ID:</c> and a GUID is a GPT partition; anything else is a device path.
    /// </summary>
    public static MountedDevice Parse(string name, ReadOnlySpan<byte> data)
    {
        var letter = name.Length == LetterPrefix.Length + 2 && name.StartsWith(LetterPrefix, StringComparison.OrdinalIgnoreCase)
            && name[^1] == ':'
            ? name[LetterPrefix.Length..].ToUpperInvariant()
            : null;
        if (data.Length == 12)
        {
            return new MountedDevice(
                name, letter, BinaryPrimitives.ReadUInt32LittleEndian(data), BinaryPrimitives.ReadUInt64LittleEndian(data[4..]),
                PartitionGuid: null);
        }

        return data.Length == 24 && data.StartsWith("DMIO:ID:"u8)
            ? new MountedDevice(name, letter, null, null, new Guid(data[8..]))
            : new MountedDevice(name, letter, null, null, null);
    }
}
