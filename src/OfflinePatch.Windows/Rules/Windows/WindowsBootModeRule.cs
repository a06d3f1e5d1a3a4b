using OfflinePatch.Drivers;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Windows;

/// <summary><c>windows.boot-mode</c>: the way the machine boots suits its architecture and the target (images-and-cloud.md R16).</summary>
internal sealed class WindowsBootModeRule() : Rule(Description)
{
    private static readonly ListParameter Modes = new("firmware", ["bios", "uefi"], "The firmware that the target offers.")
    {
        Allowed = ["bios", "uefi"],
    };
    private static readonly ListParameter UefiSystems = new("uefiSystems", [],
        "The `os_version` strings that the target lists for UEFI; others get a remark. Empty: every Windows.");

    private static readonly RuleContract Description = new("windows.boot-mode")
    {
        Title = "The boot mode suits the target",
        Source = "Huawei IMS: Arm images must boot in UEFI mode; a UEFI image needs hw_firmware_type=uefi",
        Summary = "Partition table, EFI system partition, machine type of the kernel.",
        Parameters = [Modes, UefiSystems],
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var facts = context.Windows.Facts;
        var isArm = facts.Architecture is ProcessorArchitecture.Arm64 or ProcessorArchitecture.Arm;
        if (context.Firmware == Firmware.Unknown)
        {
            return Finding.NotApplicable("Nothing on this disk boots (see boot.same-disk).");
        }

        if (isArm && context.Firmware != Firmware.Uefi)
        {
            return Finding.Failed(
                $"{facts.ArchitectureText} Windows on a disk that boots by BIOS: the target starts Arm machines by UEFI only.",
                "`offlinepatch convert-boot uefi IMAGE`.", "bios", "uefi");
        }

        var modes = Value(context, Modes);
        var mode = context.Firmware == Firmware.Uefi ? "uefi" : "bios";
        if (!modes.Contains(mode, StringComparer.OrdinalIgnoreCase))
        {
            return Finding.Failed(
                $"The disk boots by {mode.ToUpperInvariant()}, which {context.Profile.Title} does not offer.",
                mode == "bios" ? "`offlinepatch convert-boot uefi IMAGE`." : "Choose a target that boots by UEFI.",
                mode);
        }

        var listed = Value(context, UefiSystems);
        var name = OsNames.OsVersion(facts);
        return Finding.Ok(
            $"The disk is laid out to boot by {mode.ToUpperInvariant()}: register the image with hw_firmware_type={mode}."
            + (mode == "uefi" && listed.Count > 0 && (name is null || !listed.Contains(name, StringComparer.OrdinalIgnoreCase))
                ? $" {context.Profile.Title} does not list {name ?? "this Windows"} for UEFI."
                : ""));
    }
}
