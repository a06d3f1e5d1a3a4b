using OfflinePatch.Core;
using OfflinePatch.Windows.BootStore;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Rules.Boot;

/// <summary>
/// <c>boot.loader</c>: a machine new to this disk starts Windows from it. UEFI: the fallback loader <c>\EFI\Boot\bootx64.efi</c>
/// is Windows' own boot manager, because boot entries in NVRAM do not travel with a disk, and the firmware starts whatever lies there.
/// BIOS: boot code, one active partition, and a boot sector that starts bootmgr and knows where its partition begins (images-and-cloud.md
/// §4.8, boot-network-accounts.md §1.6). Another loader that lies in that place (GRUB, an older boot manager) is kept next to it. UEFI
/// firmware reads a GPT only after a protective entry that starts at sector 1, in the disk's own sector size.
/// </summary>
internal sealed class BootLoaderRule() : Rule(Description)
{
    private const string KeptSuffix = ".before";
    private const int LargestLoader = 64 << 20; // bootmgfw.efi has 1 to 3 MiB

    private static readonly RuleContract Description = new("boot.loader")
    {
        Title = "The firmware finds the boot loader",
        Source = "UEFI 2.10 §3.5.1.1 (fallback loader), §5.2.3 (protective MBR); EDK2 PartitionDxe; virt-v2v fix_win_esp; Azure "
            + "win-fix-boot-partition.ps1",
        Summary = @"UEFI: \EFI\Boot\boot{x64,ia32,aa64}.efi becomes a copy of \EFI\Microsoft\Boot\bootmgfw.efi; another loader there is "
            + @"kept as NAME.before; the protective entry of sector 0 is written where it is missing or starts elsewhere than at sector "
            + @"1. BIOS: the active flag of the partition with bootmgr, HiddenSectors of its boot sector; boot code of both is checked.",
        CanFix = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context) => context.Firmware switch
    {
        Firmware.Uefi => InspectUefi(context),
        Firmware.Bios => InspectBios(context),
        _ => Finding.NotApplicable("Nothing on this disk boots (see boot.same-disk)."),
    };

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        if (context.Firmware == Firmware.Uefi)
        {
            if (FirmwareView.Of(context).MissingEntry is not null)
            {
                FirmwareView.Fix(context);
            }

            WriteFallbackLoader(context);
            return;
        }

        BiosBootRepair.Apply(context);
    }

    private static void WriteFallbackLoader(RuleContext context)
    {
        var path = FallbackLoader.PathFor(context.Windows.Facts.Architecture)!;
        if (IsSame(context.Boot.Esp!.Files!, path, BootFilesFinder.UefiBootManager))
        {
            return;
        }

        var esp = context.Boot.Esp.RequireWritable();
        var loader = esp.ReadFile(BootFilesFinder.UefiBootManager, LargestLoader);
        esp.CreateDirectory(@"EFI\Boot");
        if (esp.FileExists(path) && !esp.FileExists(path + KeptSuffix))
        {
            esp.Move(path, path + KeptSuffix);
        }

        esp.WriteFile(path, loader);
    }

    private static Finding InspectUefi(RuleContext context)
    {
        var view = FirmwareView.Of(context);
        if (view.Problem is not null)
        {
            return Finding.Failed(view.Problem, view.Remedy!);
        }

        var loader = InspectFallbackLoader(context);
        if (view.MissingEntry is not { } fault || loader is { State: FindingState.Failed, Fixable: false })
        {
            return loader;
        }

        const string Wanted = "a protective entry from sector 1 to the end of the disk";
        return loader.State == FindingState.Ok
            ? Finding.Broken($"The firmware does not see the partitions: {fault}.", fault, Wanted)
            : Finding.Broken($"The firmware does not see the partitions: {fault}. {loader.Message}", $"{fault}; {loader.Before}",
                $"{Wanted}; {loader.After}");
    }

    private static Finding InspectFallbackLoader(RuleContext context)
    {
        if (context.Boot.Esp is not { Files: { } files } esp)
        {
            return Finding.Failed(
                $"The EFI system partition cannot be read: {context.Boot.Esp?.Failure?.Message}",
                "Repair the EFI system partition in the source machine (`chkdsk`, or format it and run `bcdboot C:\\Windows /s S: /f "
                    + "UEFI`).");
        }

        if (files.Find(BootFilesFinder.UefiBootManager) is not { IsDirectory: false, Length: > 0 })
        {
            return Finding.Failed(
                $@"\{BootFilesFinder.UefiBootManager} is missing or empty on partition {esp.Number}.",
                "Run `bcdboot C:\\Windows /s S: /f UEFI` in the source machine's recovery environment, then export it again.");
        }

        if (FallbackLoader.PathFor(context.Windows.Facts.Architecture) is not { } path)
        {
            return Finding.Failed("The architecture of Windows is unknown, and with it the name of the fallback loader.",
                "See windows.supported.");
        }

        var copy = $@"copy of \{BootFilesFinder.UefiBootManager}";
        return files.Find(path) is not { IsDirectory: false, Length: > 0 }
            ? Finding.Broken($@"\{path} is missing on the EFI system partition: a new machine has no boot entry for this disk.", "missing",
                copy)
            : IsSame(files, path, BootFilesFinder.UefiBootManager)
                ? Finding.Ok($@"\{path} is Windows' boot manager; it is what firmware starts that has no boot entry for this disk.")
                : Finding.Broken(
                    $@"\{path} is not the boot manager of this Windows (\{BootFilesFinder.UefiBootManager}): a new machine starts "
                        + @"something else.",
                    "another loader", $@"{copy}; the other is kept as \{path}{KeptSuffix}");
    }

    private static Finding InspectBios(RuleContext context)
    {
        if (FirmwareView.Of(context) is { Problem: { } problem, Remedy: { } remedy })
        {
            return Finding.Failed(problem, remedy);
        }

        var repair = BiosBootRepair.Find(context);
        return repair.Problem is not null
            ? Finding.Failed(repair.Problem, repair.Remedy!)
            : repair.Steps.Count == 0
                ? Finding.Ok($"There are boot code in the master boot record, one active partition ({context.Boot.Active!.Number}), and "
                    + "boot code, signature and the right HiddenSectors in its boot sector.")
                : Finding.Broken(
                    "The BIOS boot chain is broken: " + string.Join("; ", repair.Steps.Select(s => s.Before)) + ".",
                    string.Join("; ", repair.Steps.Select(s => s.Before)), string.Join("; ", repair.Steps.Select(s => s.After)));
    }

    private static bool IsSame(IFileSystem files, string path, string other) =>
        files.Find(path) is { IsDirectory: false } file && file.Length == files.Find(other)?.Length
        && files.ReadFile(path, LargestLoader).AsSpan().SequenceEqual(files.ReadFile(other, LargestLoader));
}
