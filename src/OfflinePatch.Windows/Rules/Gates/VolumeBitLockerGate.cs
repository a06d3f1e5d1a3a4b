using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Rules.Gates;

/// <summary>
/// <c>volume.bitlocker</c>: no volume is encrypted by BitLocker, suspended protection included (boot-network-accounts.md §4).
/// </summary>
internal sealed class VolumeBitLockerGate() : GateRule(Description)
{
    private static readonly RuleContract Description = new("volume.bitlocker")
    {
        Title = "No volume is encrypted by BitLocker",
        Source = "Huawei IMS: encrypted images cannot be imported; libbde: the boot sector's OEM id is -FVE-FS-",
        Summary = "The boot sector of every partition.",
        NeedsWindows = false,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var encrypted = context.Volumes.Where(v => v.Kind == VolumeKind.BitLocker).ToList();
        return encrypted.Count == 0
            ? Finding.Ok("No boot sector of a volume has the signature of BitLocker (-FVE-FS-).")
            : Finding.Failed(
                $"{string.Join(", ", encrypted.Select(v => $"Partition {v.Number}"))}: BitLocker (boot sector signature -FVE-FS-).",
                "Decrypt in the source machine: `manage-bde -off C:` for each drive, wait until `manage-bde -status` says fully "
                    + "decrypted, shut down, export again. Suspending is not enough.");
    }
}
