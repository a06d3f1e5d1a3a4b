using OfflinePatch.Disks.Partitions;
using OfflinePatch.Windows.BootStore;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Rules.Boot;

/// <summary>
/// The BIOS boot chain: what is wrong with MBR and boot sector, and what can be repaired in place (boot-network-accounts.md §1.6).
/// </summary>
internal sealed record BiosBootRepair(string? Problem, string? Remedy, IReadOnlyList<BootStep> Steps)
{
    private const string Rewrite = "Repair it in the source machine's recovery environment: `bootrec /fixmbr`, `bootrec /fixboot`, "
        + "`bcdboot C:\\Windows`; then export it again.";

    /// <summary>Examines the chain; writes nothing.</summary>
    public static BiosBootRepair Find(RuleContext context)
    {
        var disk = context.Disk;
        if (context.Partitions is not { Scheme: PartitionScheme.Mbr } || context.Boot.Active?.Partition is not { } partition)
        {
            return new BiosBootRepair(null, null, []);
        }

        var volume = context.Boot.Active;
        if (volume.Files?.Find(BootFilesFinder.BiosBootManager) is not { Length: > 0 })
        {
            return new BiosBootRepair($@"\{BootFilesFinder.BiosBootManager} is missing or empty on partition {partition.Number}.", Rewrite,
                []);
        }

        var steps = new List<BootStep>();
        if (partition.IsLogical)
        {
            return new BiosBootRepair($"The boot manager is on a logical partition ({partition.Number}), which the BIOS cannot start.",
                Rewrite, steps);
        }

        if (MbrBootCode.IsMissing(disk))
        {
            steps.Add(new BootStep("the master boot record has no boot code (bytes 0 to 439 are zero)",
                "boot code that starts the active partition", () =>
            {
                MbrBootCode.Write(disk);
                context.Changes.RecordFile("disk: master boot record", FileChangeKind.Replaced, 512);
            }));
        }

        // The table was read when the image was opened; the flags are read again, so that a second inspection sees what was changed.
        var active = MbrActiveFlag.Read(disk);
        if (active is not [var only] || only != partition.Number)
        {
            var wrong = active.FirstOrDefault(a => a != partition.Number);
            steps.Add(new BootStep(
                wrong != 0 ? $"in the master boot record partition {wrong} is active" : "in the master boot record no partition is active",
                $"partition {partition.Number} is active",
                () =>
                {
                    MbrActiveFlag.Set(disk, partition.Number);
                    context.Changes.RecordFile("disk: master boot record", FileChangeKind.Replaced, 512);
                }));
        }

        var boot = new PartitionBootSector(disk, partition);
        if (Judge(boot) is { } fault)
        {
            return new BiosBootRepair($"The boot sector of partition {partition.Number} {fault}.", Rewrite, []);
        }

        var start = partition.Offset / disk.SectorSize;
        if (start <= uint.MaxValue && boot.HiddenSectors != start)
        {
            steps.Add(new BootStep(
                $"HiddenSectors of partition {partition.Number} is {boot.HiddenSectors}", $"HiddenSectors = {start}",
                () =>
                {
                    boot.SetHiddenSectors((uint)start);
                    context.Changes.RecordFile($"partition {partition.Number}: boot sector", FileChangeKind.Replaced, 512);
                }));
        }

        return new BiosBootRepair(null, null, steps);
    }

    /// <summary>What keeps a boot sector from starting bootmgr; null when nothing is seen.</summary>
    private static string? Judge(PartitionBootSector boot) =>
        !boot.HasSignature ? "lacks its signature 55AA"
        : !boot.HasBootCode ? "has no boot code (bytes 84 to 509 are zero)"
        : boot.Contains("NTLDR"u8) ? "starts NTLDR, the loader of Windows XP, not bootmgr"
        : null;

    /// <summary>Repairs what <see cref="Find"/> gives.</summary>
    public static void Apply(RuleContext context)
    {
        foreach (var step in Find(context).Steps)
        {
            step.Apply();
        }
    }
}
