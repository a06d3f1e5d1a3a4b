using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Image;

/// <summary>
/// <c>image.format</c>: the target takes this container (images-and-cloud.md R1, R2). Judged by content, never by name.
/// </summary>
internal sealed class ImageFormatRule() : Rule(Description)
{
    private static readonly string[] AllFormats = ["vmdk", "vhd", "qcow2", "raw", "vhdx", "qed", "vdi", "qcow", "zvhd2", "zvhd"];

    private static readonly ListParameter Formats = new("formats", AllFormats,
        "The container formats that the target takes, the preferred one first.")
    { Allowed = AllFormats };

    private static readonly RuleContract Description = new("image.format")
    {
        Title = "The target accepts the image format",
        Source = "Huawei IMS: external image files are VMDK, VHD, QCOW2, RAW, VHDX, QED, VDI, QCOW, ZVHD2 or ZVHD",
        Summary = "The container, recognised by its content. Another format is written with -o and -O.",
        NeedsWindows = false,
        Parameters = [Formats],
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var format = FormatOf(context);
        var accepted = Value(context, Formats);
        if (context.HasParents && context.OutputFormat is null)
        {
            return Finding.Failed(
                $"{format.ToUpperInvariant()} depends on another image, its backing or parent file, and an image service takes one file "
                    + "only.",
                "Write a flat copy: `offlinepatch fix IMAGE --allow-backing -o COPY`.", format);
        }

        return accepted.Contains(format, StringComparer.OrdinalIgnoreCase)
            ? Finding.Ok($"{context.Profile.Title} takes {format.ToUpperInvariant()}.")
            : Finding.Failed(
                $"{format.ToUpperInvariant()} is not accepted by {context.Profile.Title}: it takes "
                    + $"{string.Join(", ", accepted.Select(f => f.ToUpperInvariant()))}.",
                $"Write a copy in another format: `offlinepatch fix IMAGE -o COPY -O {(accepted.Count > 0 ? accepted[0] : "raw")}`.",
                format);
    }

    /// <summary>The format of the file that goes to the target, as the command line calls it.</summary>
    internal static string FormatOf(RuleContext context) => (context.OutputFormat ?? context.Disk.Format).ToString().ToLowerInvariant();
}
