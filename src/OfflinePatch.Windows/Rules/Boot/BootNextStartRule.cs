using OfflinePatch.Registry;
using OfflinePatch.Registry.Bcd;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Boot;

/// <summary>
/// <c>boot.next-start</c>: what the boot manager does at the next start is to start Windows: no one-time boot sequence, and no menu
/// that waits for a user. The default entry itself is judged by <c>boot.same-disk</c>.
/// </summary>
internal sealed class BootNextStartRule() : Rule(Description)
{
    private const uint BootSequence = 0x24000002;
    private const uint Timeout = 0x25000004;
    private const uint DisplayBootMenu = 0x26000020;
    private const uint AdvancedOptions = 0x16000040;
    private const uint OptionsEdit = 0x16000041;
    private const uint GraphicsModeDisabled = 0x16000046;
    private const uint HalBreakpoint = 0x260000A1;
    private const uint OneTimeAdvancedOptions = 0x260000C3;
    private const uint OneTimeOptionsEdit = 0x260000C4;
    private const uint BootStatusPolicy = 0x250000E0;
    private const uint RecoveryEnabled = 0x16000009;
    private const ulong LongTimeout = 120; // seconds
    private const ulong LongestTimeout = 24 * 60 * 60; // bcdedit /timeout takes seconds; what is meant to be endless is written as all ones

    private static readonly (uint Id, string Name)[] OneTimeMenus = [(OneTimeAdvancedOptions, "onetimeadvancedoptions"),
        (OneTimeOptionsEdit, "onetimeoptionsedit")];

    private static readonly RuleContract Description = new("boot.next-start")
    {
        Title = "The next start boots Windows, without user action",
        Source = "bcdedit /bootsequence (one-time boot order), /timeout, /set displaybootmenu; virt-v2v removes graphicsmodedisabled",
        Summary = @"BCD: boot manager elements bootsequence (removed by a fix), timeout, displaybootmenu; of the default loader and what "
            + @"it inherits from advancedoptions, optionsedit, onetimeadvancedoptions and onetimeoptionsedit (removed by a fix), "
            + @"halbreakpoint, bootstatuspolicy, recoveryenabled; graphicsmodedisabled. \Windows\bootstat.dat.",
        CanFix = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        if (context.Boot.Store?.Hive is not { } hive || BootEntries.Read(hive) is not { BootManager: { } manager } store)
        {
            return Finding.NotApplicable("There is no boot configuration that can be read (see boot.same-disk).");
        }

        if (manager.Find(BootSequence) is { Objects: { Count: > 0 } sequence })
        {
            var entry = store.Find(sequence[0]);
            return Finding.Broken(
                $"BCD entry {manager.Identifier} has a one-time boot sequence: the next start runs "
                    + $"{entry?.Description ?? entry?.ProgramPath ?? $"{sequence[0]:B}"}, not Windows.",
                string.Join(", ", sequence.Select(s => $"{s:B}")), "bootsequence removed, as the boot manager does when it has used it");
        }

        if (manager.Find(BcdStore.DefaultObject)?.Objects is [var id, ..] && store.Find(id) is null && store.DefaultLoader is not null)
        {
            return Finding.Failed(
                $"BCD entry {manager.Identifier}: default names {id:B}, an entry that does not exist; what the boot manager starts "
                    + "instead is not known.",
                $"Name the entry of Windows: {OfflineCommands.SetBcdElement("{bootmgr}", "default", store.DefaultLoader.Identifier)}.",
                $"{id:B}") with
            { Severity = RuleSeverity.Warning };
        }

        var loader = store.DefaultLoader;
        return JudgeMenu(manager) ?? (loader is null ? null : JudgeLoader(store, loader)) ?? JudgeGraphics(context, store)
            ?? (loader is null ? null : JudgeLastStart(context, store, loader))
            ?? Finding.Ok("The next start runs the default entry: no one-time boot sequence, and no menu for more than "
                + $"{LongTimeout} seconds.");
    }

    private static Finding? JudgeMenu(BcdObject manager)
    {
        var entries = manager.Find(BcdStore.DisplayOrder)?.Objects.Count ?? 0;
        if (manager.Find(Timeout)?.Integer is not (> LongTimeout and var timeout)
            || (manager.Find(DisplayBootMenu)?.Boolean != true && entries <= 1))
        {
            return null;
        }

        return timeout > LongestTimeout
            ? Finding.Failed(
                $"BCD entry {manager.Identifier}: the boot menu is shown and waits for a user forever (timeout).",
                $"{OfflineCommands.SetBcdElement(manager.Identifier, "timeout", "10")}.", $"{timeout}")
            : Finding.Failed(
                $"BCD entry {manager.Identifier}: the boot menu is shown for {timeout} seconds at every start (timeout).",
                $"{OfflineCommands.SetBcdElement(manager.Identifier, "timeout", "10")}.", $"{timeout}") with
            { Severity = RuleSeverity.Warning };
    }

    private static Finding? JudgeLoader(BcdStore store, BcdObject loader)
    {
        if (store.Effective(loader, HalBreakpoint)?.Boolean == true)
        {
            return Finding.Failed(
                $"BCD entry {loader.Identifier} has halbreakpoint: the kernel stops at its start and waits for a debugger.",
                $"{OfflineCommands.DeleteBcdElement(loader.Identifier, "halbreakpoint")}.");
        }

        foreach (var (id, name) in OneTimeMenus)
        {
            if (loader.Find(id)?.Boolean == true)
            {
                return Finding.Broken(
                    $"BCD entry {loader.Identifier} has {name}: the next start shows a menu that waits for a user.", name,
                    $"{name} removed, as the boot manager does when it has shown the menu");
            }
        }

        foreach (var (id, name) in new[] { (AdvancedOptions, "advancedoptions"), (OptionsEdit, "optionsedit") })
        {
            if (store.Effective(loader, id)?.Boolean == true)
            {
                return Finding.Failed(
                    $"BCD entry {loader.Identifier} has {name}: a menu that waits for a user is shown at every start.",
                    $"{OfflineCommands.DeleteBcdElement(loader.Identifier, name)}.") with
                { Severity = RuleSeverity.Warning };
            }
        }

        return null;
    }

    private static Finding? JudgeGraphics(RuleContext context, BcdStore store)
    {
        if (context.Firmware == Firmware.Uefi
            && store.Objects.FirstOrDefault(o => o.Find(GraphicsModeDisabled)?.Boolean == true) is { } textMode)
        {
            return Finding.Failed(
                $"BCD entry {textMode.Identifier} has graphicsmodedisabled, with which UEFI machines were seen to stop in the boot "
                    + "manager.",
                $"{OfflineCommands.DeleteBcdElement(textMode.Identifier, "graphicsmodedisabled")}.") with
            { Severity = RuleSeverity.Warning };
        }

        return null;
    }

    /// <summary>
    /// A start that did not end makes the next one go to the recovery environment, unless a policy ignores it (bcdedit: bootstatuspolicy 1
    /// IgnoreAllFailures, 3 IgnoreBootFailures), or recovery is off.
    /// </summary>
    private static Finding? JudgeLastStart(RuleContext context, BcdStore store, BcdObject loader)
    {
        if (context.FoundWindows is not { } windows || BootStatus.Read(windows) is not { LastBootSucceeded: false }
            || store.Effective(loader, BootStatusPolicy)?.Integer is 1 or 3 || store.Effective(loader, RecoveryEnabled)?.Boolean == false)
        {
            return null;
        }

        return Finding.Failed(
            $@"{windows.GuestPath(windows.PathOf("bootstat.dat"))} says that the last start of this Windows did not succeed: the next "
                + @"one goes to the recovery environment (Startup Repair) first.",
            "Start the source machine once and shut it down from Windows, then export it again; or let the boot manager ignore it: "
                + $"{OfflineCommands.SetBcdElement(loader.Identifier, "bootstatuspolicy", "IgnoreAllFailures")}.") with
        { Severity = RuleSeverity.Warning };
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        var hive = context.Boot.Store!.Hive!;
        var store = BootEntries.Read(hive)!;
        hive.Root.Find(BcdStore.ElementsPath(store.BootManager!.Id))?.DeleteSubKeyTree(BcdStore.ElementKey(BootSequence));
        foreach (var (id, _) in OneTimeMenus)
        {
            if (store.DefaultLoader is { } loader)
            {
                hive.Root.Find(BcdStore.ElementsPath(loader.Id))?.DeleteSubKeyTree(BcdStore.ElementKey(id));
            }
        }
    }
}
