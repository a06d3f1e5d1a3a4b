using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Rules.Image;

/// <summary>
/// <c>image.encryption</c>: neither the container nor the whole disk is encrypted (images-and-cloud.md R17). BitLocker has a gate of its
/// own.
/// </summary>
internal sealed class ImageEncryptionRule() : Rule(Description)
{
    private static readonly RuleContract Description = new("image.encryption")
    {
        Title = "The image is not encrypted",
        Source = "Huawei IMS: encrypted images cannot be imported",
        Summary = "Encryption of the container (one that is encrypted as a whole is refused when it is opened), LUKS on the disk, "
            + "BitLocker.",
        NeedsWindows = false,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        foreach (var (name, value) in context.Disk.Properties)
        {
            if (name.Contains("encrypt", StringComparison.OrdinalIgnoreCase) && value is not ("" or "0" or "none" or "false" or "no"))
            {
                return Finding.Failed(
                    $"The container is encrypted ({name} = {value}).",
                    "Decrypt the virtual disk in the source hypervisor, then export it again.", value);
            }
        }

        Span<byte> start = stackalloc byte[6];
        if (context.Disk.Length >= start.Length)
        {
            context.Disk.Read(0, start);
            if (start.SequenceEqual((ReadOnlySpan<byte>)[(byte)'L', (byte)'U', (byte)'K', (byte)'S', 0xBA, 0xBE]))
            {
                return Finding.Failed("The disk is a LUKS container.", "Decrypt the disk in the source machine, then export it again.",
                    "LUKS");
            }
        }

        return context.Volumes.Any(v => v.Kind == VolumeKind.BitLocker)
            ? Finding.NotApplicable("See volume.bitlocker.")
            : Finding.Ok("The container is not encrypted, the disk is not a LUKS container, and no volume has the signature of BitLocker.");
    }
}
