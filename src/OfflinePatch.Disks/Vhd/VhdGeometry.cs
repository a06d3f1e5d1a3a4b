namespace OfflinePatch.Disks.Vhd;

/// <summary>Cylinders, heads and sectors of a disk.</summary>
internal static class VhdGeometry
{
    /// <summary>The geometry that the specification's appendix "CHS Calculation" gives a disk.</summary>
    public static (ushort Cylinders, byte Heads, byte Sectors) Of(long totalSectors)
    {
        var total = Math.Min(totalSectors, VhdLayout.MaxGeometrySectors);
        if (total >= 65535L * 16 * 63)
        {
            return ((ushort)(total / 255 / 16), 16, 255);
        }

        long sectors = 17;
        var tracks = total / sectors;
        var heads = Math.Max(4, (tracks + 1023) / 1024);
        if (tracks >= heads * 1024 || heads > 16)
        {
            sectors = 31;
            heads = 16;
            tracks = total / sectors;
        }

        if (tracks >= heads * 1024)
        {
            sectors = 63;
            heads = 16;
            tracks = total / sectors;
        }

        return ((ushort)(tracks / heads), (byte)heads, (byte)sectors);
    }
}
