using OfflinePatch.Core;
using OfflinePatch.Windows.BootStore;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Rules.Boot;

/// <summary>
/// <c>boot.loader</c>: a machine without memory of this disk starts Windows from it. UEFI: the fallback loader <c>\EFI\Boot\bootx64.efi</c> is
/// Windows' own boot manager, because boot entries in NVRAM do not travel with a disk, and the firmware starts whatever lies there. BIOS: boot
/// code, one active partition, and a boot sector that starts bootmgr and knows where its partition begins (images-and-cloud.md §4.8,
/// boot-network-accounts.md §1.6). Another loader that lies in that place (GRUB, an older boot manager) is kept beside it.
/// </summary>
internal sealed class BootLoaderRule() : Rule(Description)
{
    private const string KeptSuffix = ".before";
    private const int LargestLoader = 64 << 20; // bootmgfw.efi has 1 to 3 MiB

    private static readonly RuleContract Description = new("boot.loader")
    {
        Title = "The firmware finds the boot loader",
        Source = "UEFI 2.10 §3.5.1.1 (fallback loader); virt-v2v fix_win_esp; Azure win-fix-boot-partition.ps1",
        Summary = @"UEFI: \EFI\Boot\boot{x64,ia32,aa64}.efi becomes a copy of \EFI\Microsoft\Boot\bootmgfw.efi; another loader there is kept as NAME.before. BIOS: the active flag of the partition with bootmgr, HiddenSectors of its boot sector; boot code of both is looked at.",
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
            var esp = context.Boot.Esp!.RequireWritable();
            var loader = esp.ReadFile(BootFilesFinder.UefiBootManager, LargestLoader);
            var path = FallbackLoader.PathFor(context.Windows.Facts.Architecture)!;
            esp.CreateDirectory(@"EFI\Boot");
            if (esp.FileExists(path) && !esp.FileExists(path + KeptSuffix))
            {
                esp.Move(path, path + KeptSuffix);
            }

            esp.WriteFile(path, loader);
            return;
        }

        BiosBootRepair.Apply(context);
    }

    private static Finding InspectUefi(RuleContext context)
    {
        if (context.Boot.Esp is not { Files: { } files } esp)
        {
            return Finding.Failed(
                $"The EFI system partition cannot be read: {context.Boot.Esp?.Failure?.Message}",
                "Repair the EFI system partition in the source machine (`chkdsk`, or format it and run `bcdboot C:\\Windows /s S: /f UEFI`).");
        }

        if (files.Find(BootFilesFinder.UefiBootManager) is not { IsDirectory: false, Length: > 0 })
        {
            return Finding.Failed(
                $@"\{BootFilesFinder.UefiBootManager} is missing or empty on partition {esp.Number}.",
                "Run `bcdboot C:\\Windows /s S: /f UEFI` in the source machine's recovery environment, then export it again.");
        }

        if (FallbackLoader.PathFor(context.Windows.Facts.Architecture) is not { } path)
        {
            return Finding.Failed("The architecture of Windows is unknown, and with it the name of the fallback loader.", "See windows.supported.");
        }

        var copy = $@"copy of \{BootFilesFinder.UefiBootManager}";
        return files.Find(path) is not { IsDirectory: false, Length: > 0 }
            ? Finding.Broken($@"\{path} is missing on the EFI system partition: a new machine has no boot entry for this disk.", "missing", copy)
            : IsSame(files, path, BootFilesFinder.UefiBootManager)
                ? Finding.Ok($@"\{path} is Windows' boot manager: the firmware starts the disk without a boot entry.")
                : Finding.Broken(
                    $@"\{path} is not the boot manager of this Windows (\{BootFilesFinder.UefiBootManager}): a new machine starts something else.",
                    "another loader", $@"{copy}; the other is kept as \{path}{KeptSuffix}");
    }

    private static Finding InspectBios(RuleContext context)
    {
        var repair = BiosBootRepair.Find(context);
        return repair.Problem is not null
            ? Finding.Failed(repair.Problem, repair.Remedy!)
            : repair.Steps.Count == 0
                ? Finding.Ok($"Boot code, active partition {context.Boot.Active!.Number} and its boot sector are in order.")
                : Finding.Broken(
                    "The BIOS boot chain is broken: " + string.Join("; ", repair.Steps.Select(s => s.Before)) + ".",
                    string.Join("; ", repair.Steps.Select(s => s.Before)), string.Join("; ", repair.Steps.Select(s => s.After)));
    }

    private static bool IsSame(IFileSystem files, string path, string other) =>
        files.Find(path)?.Length == files.Find(other)?.Length && files.ReadFile(path, LargestLoader).AsSpan().SequenceEqual(files.ReadFile(other, LargestLoader));
}
