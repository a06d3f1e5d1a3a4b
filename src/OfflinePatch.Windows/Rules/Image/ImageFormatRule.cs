using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Image;

/// <summary><c>image.format</c>: the target takes this container (images-and-cloud.md R1, R2). Judged by content, never by the name.</summary>
public sealed class ImageFormatRule : Rule
{
    private static readonly string[] AllFormats = ["vmdk", "vhd", "qcow2", "raw", "vhdx", "qed", "vdi", "qcow", "zvhd2", "zvhd"];

    /// <inheritdoc/>
    public override string Id => "image.format";

    /// <inheritdoc/>
    public override string Title => "The target accepts the image format";

    /// <inheritdoc/>
    public override RuleSeverity Severity => RuleSeverity.Error;

    /// <inheritdoc/>
    public override string Source => "Huawei IMS: external image files are VMDK, VHD, QCOW2, RAW, VHDX, QED, VDI, QCOW, ZVHD2 or ZVHD";

    /// <inheritdoc/>
    public override string Summary => "The container, recognised by its content. Another format is written with -o and -O.";

    /// <inheritdoc/>
    public override bool NeedsWindows => false;

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        if (FormatOf(context) is not { } format)
        {
            return Finding.NotApplicable("There is no container.");
        }

        var accepted = context.Profile.List(Id, "formats", AllFormats);
        return accepted.Contains(format, StringComparer.OrdinalIgnoreCase)
            ? Finding.Ok($"{format.ToUpperInvariant()} is accepted.")
            : Finding.Failed(
                $"{format.ToUpperInvariant()} is not accepted by {context.Profile.Title}: it takes {string.Join(", ", accepted.Select(f => f.ToUpperInvariant()))}.",
                $"Write a copy in another format: `offlinepatch fix IMAGE -o COPY -O {(accepted.Count > 0 ? accepted[0] : "raw")}`.", format);
    }

    /// <summary>The format of the file that goes to the target, as the command line calls it.</summary>
    internal static string? FormatOf(RuleContext context) => (context.Options.OutputFormat ?? context.Disk?.Format)?.ToString().ToLowerInvariant();
}
