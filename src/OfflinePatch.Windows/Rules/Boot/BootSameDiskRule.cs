using OfflinePatch.Disks.Partitions;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Bcd;
using OfflinePatch.Windows.BootStore;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Boot;

/// <summary>
/// <c>boot.same-disk</c>: the boot partition (Windows) and the system partition (boot manager and BCD) are on this one disk
/// (boot-network-accounts.md §1.4). The proof: the BCD's device elements name a partition of this disk's own table, by its ids, and that
/// partition holds the Windows directory that the entry names. SYSTEM\MountedDevices is compared with both.
/// </summary>
internal sealed class BootSameDiskRule() : Rule(Description)
{
    private const string Rebuild =
        "Rebuild the boot configuration in the source machine's recovery environment (`bcdboot C:\\Windows`, with the system partition "
            + "on this disk), then export it again.";

    private const string MakeDefault =
        "Make an entry that starts Windows from its partition the default one in the source machine (`bcdedit /default`), then export it "
            + "again.";

    private const uint KernelElement = 0x22000011;
    private const uint HalElement = 0x22000012;

    private static readonly RuleContract Description = new("boot.same-disk")
    {
        Title = "Boot and system partition are on this disk",
        Source = "Huawei IMS/OTC: the boot partition and the system partition must be on the same disk",
        Summary = @"BCD (default loader: device, path, osdevice, systemroot, safeboot; boot manager: device), partition table, "
            + @"SYSTEM\MountedDevices. With --repair-boot: boot files from \Windows\Boot, boot configuration from BCD-Template or "
            + @"corrected in place, the active flag, a new EFI system partition.",
        CanFix = true,
        ChangesLayout = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context) =>
        Judge(context) is var finding && finding.State == FindingState.Failed && context.FoundWindows is { } windows
            ? WithRepair(context, finding, BootRepair.Find(context.Machine, windows))
            : finding;

    /// <inheritdoc/>
    public override void Fix(RuleContext context) => BootRepair.Find(context.Machine, context.Windows).Apply();

    /// <summary>A failure, with what <c>--repair-boot</c> does about it.</summary>
    private static Finding WithRepair(RuleContext context, Finding failure, BootRepair repair)
    {
        if (repair.Problem is { } problem)
        {
            return failure with { Remedy = $"It cannot be repaired here: {problem} {failure.Remedy}" };
        }

        if (repair.Steps.Count == 0)
        {
            return failure;
        }

        var before = string.Join("; ", repair.Steps.Select(s => s.Before));
        var after = string.Join("; ", repair.Steps.Select(s => s.After));
        return context.Request.RepairBoot
            ? failure with { Remedy = "Run `offlinepatch fix --repair-boot`.", Before = before, After = after, Fixable = true }
            : failure with { Remedy = $"Run `offlinepatch fix --repair-boot`: {after}.", Before = before };
    }

    private static Finding Judge(RuleContext context)
    {
        var table = context.Partitions;
        if (context.Boot.SystemVolume is not { } systemVolume)
        {
            return Finding.Failed(
                $"No boot manager on this disk: no EFI system partition with {BootFilesFinder.UefiBootManager}, no active partition with "
                    + $"{BootFilesFinder.BiosBootManager} and {BootFilesFinder.BiosStorePath}.",
                "The system partition is on another disk, or lost. " + Rebuild);
        }

        var storePath = context.Firmware == Firmware.Uefi ? BootFilesFinder.UefiStorePath : BootFilesFinder.BiosStorePath;
        if (context.Boot.Store is not { } load)
        {
            return Finding.Failed($@"{systemVolume.Description} holds no boot configuration (\{storePath}).", Rebuild);
        }

        if (load.Hive is not { } hive)
        {
            return Finding.Failed($@"The boot configuration \{storePath} cannot be read: {load.Failure?.Message}", Rebuild);
        }

        if (BootEntries.Read(hive) is not { DefaultLoader: { } loader } store)
        {
            return Finding.Failed($@"The boot configuration \{storePath} has no entry that starts Windows.", Rebuild);
        }

        return JudgeProgram(context, table, store, loader) ?? JudgeLoader(context, table, loader)
            ?? JudgeManager(table, store, systemVolume) ?? Finding.Ok(Proof(context, table, loader, systemVolume));
    }

    /// <summary>The entry starts Windows, with the program for this firmware, and the program is there.</summary>
    private static Finding? JudgeProgram(RuleContext context, PartitionTable table, BcdStore store, BcdObject loader)
    {
        if (!loader.StartsWindows || store.StartsWinPe(loader))
        {
            return Finding.Failed($"The default BCD entry {loader.Identifier} starts {loader.ProgramPath ?? loader.TypeName}, not Windows.",
                MakeDefault);
        }

        if (store.StartsInSafeMode(loader))
        {
            return Finding.Failed(
                $"BCD entry {loader.Identifier} has the element safeboot: Windows starts in safe mode, where no agent runs.",
                $"{OfflineCommands.DeleteBcdElement(loader.Identifier, "safeboot")}.");
        }

        var program = loader.ProgramPath!.Trim('\\');
        var ending = context.Firmware == Firmware.Uefi ? ".efi" : ".exe";
        if (!program.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
        {
            return Finding.Failed(
                $@"BCD entry {loader.Identifier} starts \{program}, which is not for "
                    + $@"{(context.Firmware == Firmware.Uefi ? "UEFI" : "BIOS")} (winload{ending}).", Rebuild);
        }

        return loader.Device.FindOn(table) is { } partition && VolumeOf(context, partition)?.Files is { } files
            && files.Find(program) is not { IsDirectory: false, Length: > 0 }
            ? Finding.Failed(
                $@"BCD entry {loader.Identifier} starts \{program} on partition {partition.Number}, which is missing or empty.",
                "Repair Windows in the source machine's recovery environment (`sfc /scannow /offbootdir=C:\\ /offwindir=C:\\Windows`), "
                    + "then export it again.")
            : JudgeKernel(context, store, loader);
    }

    /// <summary>A kernel or HAL of another name than the usual one is there.</summary>
    private static Finding? JudgeKernel(RuleContext context, BcdStore store, BcdObject loader)
    {
        foreach (var (id, name) in new[] { (KernelElement, "kernel"), (HalElement, "hal") })
        {
            if (context.FoundWindows is { } windows && store.Effective(loader, id)?.Text is { Length: > 0 } file
                && windows.Volume.RequireFiles()
                    .Find(windows.PathOf($@"System32\{file.TrimStart('\\')}")) is not { IsDirectory: false, Length: > 0 })
            {
                return Finding.Failed(
                    $@"BCD entry {loader.Identifier}: {name} is {file}, which is missing or empty in "
                        + $@"{windows.GuestPath(windows.PathOf("System32"))}.",
                    $"{OfflineCommands.DeleteBcdElement(loader.Identifier, name)}.", file);
            }
        }

        return null;
    }

    private static GuestVolume? VolumeOf(RuleContext context, Partition partition) =>
        context.Volumes.FirstOrDefault(v => v.Partition?.Number == partition.Number);

    private static Finding? JudgeLoader(RuleContext context, PartitionTable table, BcdObject loader)
    {
        foreach (var (name, device) in new[] { ("osdevice", loader.OsDevice), ("device", loader.Device) })
        {
            switch (device.Kind)
            {
                case BcdDeviceKind.Locate or BcdDeviceKind.Boot:
                    if (name == "osdevice"
                        && !context.Systems.Any(
                            s => s.SystemRoot.Equals((loader.SystemRoot ?? @"\Windows").Trim('\\'), StringComparison.OrdinalIgnoreCase)))
                    {
                        return Finding.Failed(
                            $@"BCD entry {loader.Identifier} searches for Windows in \{loader.SystemRoot?.Trim('\\') ?? "Windows"}, "
                                + @"which no partition of this disk has.", Rebuild);
                    }

                    continue;
                case BcdDeviceKind.Unknown:
                    return Finding.Failed($"BCD entry {loader.Identifier} has no usable {name}.", Rebuild);
                case not (BcdDeviceKind.GptPartition or BcdDeviceKind.MbrPartition):
                    return Finding.Failed(
                        $"BCD entry {loader.Identifier}: {name} is {device.Describe()}, so that Windows does not start from a partition "
                            + "of this disk.", MakeDefault);
            }

            if (!device.IsOn(table))
            {
                return Finding.Failed(
                    $"BCD entry {loader.Identifier}: {name} is {device.Describe()}, but this disk is {DiskId(table)}: another disk, or a "
                        + "clone with a new id.",
                    Rebuild, device.Describe(), DiskId(table));
            }

            if (device.FindOn(table) is not { } partition)
            {
                return Finding.Failed(
                    $"BCD entry {loader.Identifier}: {name} is {device.Describe()}, and there is no such partition: it was moved or "
                        + "deleted.",
                    Rebuild, device.Describe());
            }

            var root = (loader.SystemRoot ?? @"\Windows").Trim('\\');
            var volume = VolumeOf(context, partition);
            if (name == "osdevice" && (volume?.Files is not { } files || !SystemFinder.IsSystemRoot(files, root)))
            {
                return Finding.Failed(
                    $@"BCD entry {loader.Identifier} starts Windows from \{root} on partition {partition.Number}, where there is none.",
                    Rebuild);
            }
        }

        return null;
    }

    private static Finding? JudgeManager(PartitionTable table, BcdStore store, GuestVolume systemVolume)
    {
        if (store.BootManager?.Device is not { IsPartition: true } device)
        {
            return null; // "the boot device", or absent: the firmware found it, whatever it says
        }

        return device.FindOn(table) is { } partition && partition.Number == systemVolume.Number
            ? null
            : Finding.Failed(
                $"The boot manager's device is {device.Describe()}, but the store is on partition {systemVolume.Number} of "
                    + $"{DiskId(table)}.",
                Rebuild, device.Describe()) with
            { Severity = RuleSeverity.Warning }; // the firmware has found boot manager and store by itself
    }

    private static string Proof(RuleContext context, PartitionTable table, BcdObject loader, GuestVolume systemVolume)
    {
        var windows = context.Windows.Volume.Number;
        var text = $"The system partition ({systemVolume.Number}) and Windows (partition {windows}) are on this disk, {DiskId(table)}.";
        if (loader.OsDevice.IsSearched)
        {
            text += $" The BCD finds Windows by search (osdevice: {loader.OsDevice.Describe()}).";
        }

        if (context.Systems.Count > 1)
        {
            text += $" There are {context.Systems.Count} Windows installations; only the one that starts by default is prepared.";
        }

        if (context.Boot is { UefiStore: not null, BiosStore: not null })
        {
            text += $" There are two boot configurations; the {(context.Firmware == Firmware.Uefi ? "UEFI" : "BIOS")} one was judged.";
        }

        return text;
    }

    private static string DiskId(PartitionTable table) =>
        table.Scheme == PartitionScheme.Gpt ? $"disk {table.DiskGuid}" : $"the disk with signature {table.MbrSignature:X8}";
}
