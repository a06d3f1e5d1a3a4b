using System.Buffers.Binary;

namespace OfflinePatch.Drivers.Pe;

/// <summary>
/// Finds the version resource: type 16, first name, first language, then VS_FIXEDFILEINFO by its signature. Source: pe-format, verrsrc.h.
/// </summary>
internal static class PeVersionResource
{
    private const uint VersionType = 16;
    private const uint SubdirectoryBit = 0x8000_0000;

    public static DriverVersion? Read(ReadOnlySpan<byte> file, (int Offset, int Length, uint Address) resources)
    {
        if (resources.Length < 16 || resources.Offset > file.Length - resources.Length)
        {
            return null;
        }

        var area = file.Slice(resources.Offset, resources.Length);
        if (FindEntry(area, 0, VersionType) is not { } type || (type & SubdirectoryBit) == 0
            || FindEntry(area, type & ~SubdirectoryBit, null) is not { } name || (name & SubdirectoryBit) == 0
            || FindEntry(area, name & ~SubdirectoryBit, null) is not { } leaf || (leaf & SubdirectoryBit) != 0
            || leaf > area.Length - 16)
        {
            return null;
        }

        var address = BinaryPrimitives.ReadUInt32LittleEndian(area[(int)leaf..]);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(area[((int)leaf + 4)..]);
        if (address < resources.Address || address - resources.Address > area.Length
            || length > area.Length - (address - resources.Address))
        {
            return null;
        }

        var data = area.Slice((int)(address - resources.Address), (int)length);
        ReadOnlySpan<byte> signature = [0xBD, 0x04, 0xEF, 0xFE];
        var at = data.IndexOf(signature);
        if (at < 0 || at + 16 > data.Length)
        {
            return null;
        }

        var high = BinaryPrimitives.ReadUInt32LittleEndian(data[(at + 8)..]);
        var low = BinaryPrimitives.ReadUInt32LittleEndian(data[(at + 12)..]);
        return new DriverVersion(((ulong)high << 32) | low);
    }

    // The value of the entry with this id, or of the first entry.
    private static uint? FindEntry(ReadOnlySpan<byte> area, uint directory, uint? id)
    {
        if (directory > area.Length - 16)
        {
            return null;
        }

        var start = (int)directory;
        var entries =
            BinaryPrimitives.ReadUInt16LittleEndian(area[(start + 12)..]) + BinaryPrimitives.ReadUInt16LittleEndian(area[(start + 14)..]);
        for (var i = 0; i < Math.Min(entries, 4096) && start + 16 + ((i + 1) * 8) <= area.Length; i++)
        {
            var entry = area[(start + 16 + (i * 8))..];
            if (id is null || BinaryPrimitives.ReadUInt32LittleEndian(entry) == id)
            {
                return BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]);
            }
        }

        return null;
    }
}
