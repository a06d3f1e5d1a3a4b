using OfflinePatch.Disks;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Image;

/// <summary>
/// <c>image.vmdk-origin</c>: a VMDK was exported by VMware (images-and-cloud.md R18): its descriptor has a known createType and the disk
/// database (ddb.adapterType, ddb.virtualHWVersion) that VMware writes. Other programs write VMDKs that the target rejects.
/// </summary>
internal sealed class ImageVmdkOriginRule() : Rule(Description)
{
    private static readonly string[] Demanded = ["ddb.adapterType", "ddb.virtualHWVersion", "ddb.geometry.cylinders"];

    private static readonly RuleContract Description = new("image.vmdk-origin")
    {
        Title = "A VMDK comes from VMware",
        Severity = RuleSeverity.Warning,
        Source = "Huawei IMS: a VMDK must be exported from a VM created in VMware",
        Summary = "The VMDK descriptor: createType, ddb.adapterType, ddb.virtualHWVersion, ddb.geometry.*.",
        NeedsWindows = false,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        if (context.Disk is not { Format: ImageFormat.Vmdk } disk || context.OutputFormat is not (null or ImageFormat.Vmdk))
        {
            return Finding.NotApplicable("The image that goes to the target is not a VMDK.");
        }

        if (context.OutputFormat == ImageFormat.Vmdk)
        {
            return Finding.Ok("The copy gets a complete descriptor.");
        }

        var missing = Demanded.Where(d => !disk.Properties.ContainsKey(d)).ToList();
        var createType = disk.Properties.GetValueOrDefault("createType", disk.Subformat);
        return missing.Count == 0
            ? Finding.Ok($"The descriptor has what VMware writes ({createType}, hardware version "
                + $"{disk.Properties["ddb.virtualHWVersion"]}).")
            : Finding.Failed(
                $"The VMDK descriptor ({createType}) lacks {string.Join(", ", missing)}: VMware did not write it.",
                "Export the machine with VMware, or write a copy in another format: `offlinepatch fix IMAGE -o COPY.qcow2 -O qcow2`.",
                $"without {string.Join(", ", missing)}");
    }
}
