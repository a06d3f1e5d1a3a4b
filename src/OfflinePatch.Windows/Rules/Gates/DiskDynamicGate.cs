namespace OfflinePatch.Windows.Rules.Gates;

/// <summary><c>disk.dynamic</c>: the disk is a basic disk, not one of the Logical Disk Manager.</summary>
internal sealed class DiskDynamicGate() : GateRule(Description)
{
    private static readonly RuleContract Description = new("disk.dynamic")
    {
        Title = "The disk is not a dynamic disk",
        Source = "MBR type 0x42 or the LDM partition types of GPT: volumes are not partitions there",
        Summary = "The partition table.",
        NeedsWindows = false,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context) =>
        context.Partitions is { HasDynamicDisk: true }
            ? Finding.Failed(
                "The partition table belongs to a dynamic disk (Logical Disk Manager).",
                "Convert the disk to a basic disk in the source machine (back up, delete the dynamic volumes, or use a conversion tool), "
                    + "then export it again.")
            : Finding.Ok("The disk is a basic disk.");
}
