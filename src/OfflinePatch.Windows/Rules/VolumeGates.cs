using OfflinePatch.Windows.Inspection;

namespace OfflinePatch.Windows.Rules;

/// <summary>Which volumes the gates ask: those that are written, or whose state decides whether Windows trusts what is written.</summary>
internal static class VolumeGates
{
    /// <summary>NTFS volumes that hold Windows or its boot files; where no Windows was found, every NTFS volume.</summary>
    public static IEnumerable<GuestVolume> Written(Guest guest) =>
        guest.Volumes.Where(v => v.Kind == VolumeKind.Ntfs
            && (guest.FoundWindows is null || guest.Systems.Any(s => s.Volume == v) || v == guest.Boot.SystemVolume || v == guest.Boot.Active));
}

/// <summary><c>volume.bitlocker</c>: no volume is encrypted by BitLocker, suspended protection included (boot-network-accounts.md §4).</summary>
public sealed class VolumeBitLockerGate : GateRule
{
    /// <inheritdoc/>
    public override string Id => "volume.bitlocker";

    /// <inheritdoc/>
    public override string Title => "No volume is encrypted by BitLocker";

    /// <inheritdoc/>
    public override string Source => "Huawei IMS: encrypted images cannot be imported; libbde: the boot sector's OEM id is -FVE-FS-";

    /// <inheritdoc/>
    public override string Summary => "The boot sector of every partition.";

    /// <inheritdoc/>
    public override bool NeedsWindows => false;

    /// <inheritdoc/>
    public override Finding Inspect(Guest guest)
    {
        var encrypted = guest.Volumes.Where(v => v.Kind == VolumeKind.BitLocker).ToList();
        return encrypted.Count == 0
            ? Finding.Ok("No volume is encrypted by BitLocker.")
            : Finding.Failed(
                $"{string.Join(", ", encrypted.Select(v => $"Partition {v.Number}"))}: BitLocker (boot sector signature -FVE-FS-).",
                "Decrypt in the source machine: `manage-bde -off C:` for each drive, wait until `manage-bde -status` says fully decrypted, shut down, export again. Suspending is not enough.");
    }
}

/// <summary><c>volume.dirty</c>: Windows does not want to check the volume at its next start (ntfs.md §10).</summary>
public sealed class VolumeDirtyGate : GateRule
{
    /// <inheritdoc/>
    public override string Id => "volume.dirty";

    /// <inheritdoc/>
    public override string Title => "The volume is not marked dirty";

    /// <inheritdoc/>
    public override string Source => "NTFS: $Volume flag 0x0001; Windows runs chkdsk before it uses the volume";

    /// <inheritdoc/>
    public override string Summary => "$Volume, $VOLUME_INFORMATION flags of the volumes with Windows and its boot files.";

    /// <inheritdoc/>
    public override bool NeedsWindows => false;

    /// <inheritdoc/>
    public override Finding Inspect(Guest guest)
    {
        var dirty = VolumeGates.Written(guest).Where(v => v.Condition is { IsDirty: true }).ToList();
        return dirty.Count == 0
            ? Finding.Ok("No volume is marked dirty.")
            : Finding.Failed(
                $"{string.Join(", ", dirty.Select(v => v.Description))}: the dirty flag of $Volume is set.",
                "Start the source machine, run `chkdsk C: /f`, restart, shut it down with `shutdown /s /t 0`, and export it again.");
    }
}

/// <summary><c>volume.log-unclean</c>: $LogFile holds nothing that Windows would still redo over our changes (ntfs.md §11).</summary>
public sealed class VolumeLogUncleanGate : GateRule
{
    /// <inheritdoc/>
    public override string Id => "volume.log-unclean";

    /// <inheritdoc/>
    public override string Title => "The volume was dismounted cleanly";

    /// <inheritdoc/>
    public override string Source => "NTFS: restart pages of $LogFile; version 2.0 or an open client means mounted, crashed or hibernated";

    /// <inheritdoc/>
    public override string Summary => "$LogFile of the volumes with Windows and its boot files.";

    /// <inheritdoc/>
    public override bool NeedsWindows => false;

    /// <inheritdoc/>
    public override Finding Inspect(Guest guest)
    {
        var unclean = VolumeGates.Written(guest).Where(v => v.Condition is { LogProblem: not null }).ToList();
        return unclean.Count == 0
            ? Finding.Ok("Every $LogFile is clean.")
            : Finding.Failed(
                string.Join(" ", unclean.Select(v => $"{v.Description}: {v.Condition!.LogProblem}")),
                "Shut the source machine down fully (`shutdown /s /t 0`, not a snapshot of a running machine, not fast startup), then export it again.");
    }
}

/// <summary><c>volume.hibernated</c>: Windows does not sleep on the volume (boot-network-accounts.md §5).</summary>
public sealed class VolumeHibernatedGate : GateRule
{
    /// <inheritdoc/>
    public override string Id => "volume.hibernated";

    /// <inheritdoc/>
    public override string Title => "Windows is not hibernated";

    /// <inheritdoc/>
    public override string Source => "hiberfil.sys begins with HIBR; a resumed Windows overwrites changes with its cached metadata";

    /// <inheritdoc/>
    public override string Summary => "The first bytes of hiberfil.sys.";

    /// <inheritdoc/>
    public override bool NeedsWindows => false;

    /// <inheritdoc/>
    public override Finding Inspect(Guest guest)
    {
        var asleep = guest.Volumes.Where(v => v.Condition is { HibernationProblem: not null }).ToList();
        if (asleep.Count > 0)
        {
            return Finding.Failed(
                string.Join(" ", asleep.Select(v => $"{v.Description}: {v.Condition!.HibernationProblem}")),
                "In the source machine: `powercfg /h off`, then `shutdown /s /t 0`, then export it again.");
        }

        var notes = guest.Volumes.Select(v => v.Condition?.HibernationNote).OfType<string>().ToList();
        return Finding.Ok("No Windows is hibernated." + (notes.Count == 0 ? "" : " " + string.Join(" ", notes)));
    }
}

/// <summary><c>disk.dynamic</c>: the disk is a basic disk, not one of the Logical Disk Manager.</summary>
public sealed class DiskDynamicGate : GateRule
{
    /// <inheritdoc/>
    public override string Id => "disk.dynamic";

    /// <inheritdoc/>
    public override string Title => "The disk is not a dynamic disk";

    /// <inheritdoc/>
    public override string Source => "MBR type 0x42 or the LDM partition types of GPT: volumes are not partitions there";

    /// <inheritdoc/>
    public override string Summary => "The partition table.";

    /// <inheritdoc/>
    public override bool NeedsWindows => false;

    /// <inheritdoc/>
    public override Finding Inspect(Guest guest) =>
        guest.Partitions is { HasDynamicDisk: true }
            ? Finding.Failed(
                "The partition table belongs to a dynamic disk (Logical Disk Manager).",
                "Convert the disk to a basic disk in the source machine (back up, delete the dynamic volumes, or use a conversion tool), then export it again.")
            : Finding.Ok("The disk is a basic disk.");
}
