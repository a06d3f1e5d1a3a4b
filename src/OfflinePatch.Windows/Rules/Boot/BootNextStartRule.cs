using OfflinePatch.Registry;
using OfflinePatch.Registry.Bcd;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Boot;

/// <summary>
/// <c>boot.next-start</c>: what the boot manager does at the very next start is to start Windows: no one-time boot sequence, and no menu that waits for a person. The
/// default entry itself is judged by <c>boot.same-disk</c>.
/// </summary>
internal sealed class BootNextStartRule() : Rule(Description)
{
    private const uint BootSequence = 0x24000002;
    private const uint Timeout = 0x25000004;
    private const uint DisplayBootMenu = 0x26000020;
    private const uint AdvancedOptions = 0x16000040;
    private const uint OptionsEdit = 0x16000041;
    private const uint GraphicsModeDisabled = 0x16000046;
    private const ulong LongestTimeout = 24 * 60 * 60; // bcdedit /timeout takes seconds; what is meant to be endless is written as all ones

    private static readonly RuleContract Description = new("boot.next-start")
    {
        Title = "The next start starts Windows, without a person",
        Source = "bcdedit /bootsequence (one-time boot order), /timeout, /set displaybootmenu; virt-v2v removes graphicsmodedisabled",
        Summary = @"BCD: boot manager elements bootsequence (removed by a fix), timeout, displaybootmenu; of the default loader advancedoptions, optionsedit; graphicsmodedisabled.",
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
                $"BCD entry {manager.Identifier} has a one-time boot sequence: the next start runs {entry?.Description ?? entry?.ProgramPath ?? $"{sequence[0]:B}"}, not Windows.",
                string.Join(", ", sequence.Select(s => $"{s:B}")), "bootsequence removed, as the boot manager does when it has used it");
        }

        var loader = store.DefaultLoader;
        var entries = manager.Find(BcdStore.DisplayOrder)?.Objects.Count ?? 0;
        if (manager.Find(Timeout)?.Integer is > LongestTimeout and var timeout && (manager.Find(DisplayBootMenu)?.Boolean == true || entries > 1))
        {
            return Finding.Failed(
                $"BCD entry {manager.Identifier}: the boot menu is shown and waits for a person without end (timeout).", "In the source machine: `bcdedit /timeout 10`, then export it again.", $"{timeout}");
        }

        foreach (var (id, name) in new[] { (AdvancedOptions, "advancedoptions"), (OptionsEdit, "optionsedit") })
        {
            if (loader?.Find(id)?.Boolean == true)
            {
                return Finding.Failed(
                    $"BCD entry {loader.Identifier} has {name}: a menu that waits for a person is shown at every start.",
                    $"In the source machine: `bcdedit /deletevalue {loader.Identifier} {name}`, then export it again.") with
                { Severity = RuleSeverity.Warning };
            }
        }

        if (context.Firmware == Firmware.Uefi && store.Objects.FirstOrDefault(o => o.Find(GraphicsModeDisabled)?.Boolean == true) is { } textMode)
        {
            return Finding.Failed(
                $"BCD entry {textMode.Identifier} has graphicsmodedisabled, with which UEFI machines were seen to stop in the boot manager.",
                $"In the source machine: `bcdedit /deletevalue {textMode.Identifier} graphicsmodedisabled`, then export it again.") with
            { Severity = RuleSeverity.Warning };
        }

        return Finding.Ok("The boot manager goes straight to its default entry.");
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        var hive = context.Boot.Store!.Hive!;
        var manager = BootEntries.Read(hive)!.BootManager!;
        hive.Root.Find($@"Objects\{manager.Id:B}\Elements")?.DeleteSubKeyTree($"{BootSequence:x8}");
    }
}
