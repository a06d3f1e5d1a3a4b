namespace OfflinePatch.Disks.Partitions;

/// <summary>The entry of type 0xEE in sector 0, as it is stored: what firmware looks for before it reads a GPT.</summary>
/// <param name="Slot">1 to 4.</param>
/// <param name="Status">The status byte: 0x00, or 0x80 (active).</param>
/// <param name="FirstSector">First sector that it covers; a right one says 1.</param>
/// <param name="SectorCount">Sectors that it covers; the whole disk after sector 0, at most 0xFFFFFFFF.</param>
/// <param name="HasBootSignature">Whether sector 0 ends with 55 AA.</param>
/// <param name="HasOtherEntries">Whether other slots hold partitions: a hybrid MBR.</param>
public sealed record ProtectiveMbr(int Slot, byte Status, uint FirstSector, uint SectorCount, bool HasBootSignature, bool HasOtherEntries)
{
    /// <summary>Reads sector 0; null where no slot has type 0xEE. A slot that starts at sector 1 wins over one that does not.</summary>
    internal static ProtectiveMbr? TryRead(ReadOnlySpan<byte> sector)
    {
        var hasSignature = MasterBootRecord.TryCreate(sector, out _);
        var slots = MasterBootRecord.WithoutSignature(sector).Slots;
        ProtectiveMbr? found = null;
        for (var slot = 0; slot < slots.Length; slot++)
        {
            var entry = slots[slot];
            if (entry.Type == PartitionTypes.MbrProtective && (found is null || (found.FirstSector != 1 && entry.FirstSector == 1)))
            {
                found = new ProtectiveMbr(slot + 1, entry.Status, entry.FirstSector, entry.SectorCount, hasSignature,
                    HasOtherEntries: Array.Exists(slots, e => e.IsPartition));
            }
        }

        return found;
    }
}
