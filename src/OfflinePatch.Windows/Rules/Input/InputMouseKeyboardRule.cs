using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Input;

/// <summary>
/// <c>input.mouse-keyboard</c>: the class drivers are in the filters of their classes, nothing of another hypervisor is, and no inbox
/// driver is disabled (images-and-cloud.md §1.4 and §4.3: the importer of the target regenerates these keys, without saying how).
/// </summary>
internal sealed class InputMouseKeyboardRule() : Rule(Description)
{
    /// <summary>
    /// The classes, each with the driver that its upper filters must name. KVM's tablet is a USB device of the class HID.
    /// </summary>
    private static readonly (string Class, string Guid, string? Driver)[] Classes =
    [
        ("Keyboard", DeviceClass.Keyboard, "kbdclass"),
        ("Mouse", DeviceClass.Mouse, "mouclass"),
        ("HIDClass", DeviceClass.HidClass, null),
        ("USB", DeviceClass.Usb, null),
    ];

    private static readonly string[] ForeignFilters =
        ["vmkbd", "vmkbd2", "vmkbd3", "vmmouse", "vmusbmouse", "VBoxMouse", "VBoxUSBMon", "prl_mouf", "prl_mou", "xenmou"];

    private static readonly string[] InboxDrivers = ["i8042prt", "kbdclass", "mouclass", "kbdhid", "mouhid", "hidusb"];

    private static readonly RuleContract Description = new("input.mouse-keyboard")
    {
        Title = "Mouse and keyboard work",
        Severity = RuleSeverity.Warning,
        Source = "Huawei IMS: the import deletes the registry keys of mouse and keyboard and generates them again",
        Summary = @"Control\Class\{4D36E96B…} and {4D36E96F…}: UpperFilters holds kbdclass, mouclass; there, and in those of HID and "
            + @"USB: no filter of another hypervisor, none without a driver file, none that is disabled; i8042prt, kbdclass, mouclass, "
            + @"kbdhid, mouhid, hidusb: Start=4 becomes 3.",
        CanFix = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var before = new List<string>();
        var after = new List<string>();
        foreach (var set in context.Windows.BootControlSets)
        {
            foreach (var change in FilterChanges(context, set))
            {
                before.Add($@"{set.Name}\Control\Class\{change.Key.Name}\{change.Value}: {Text(change.Old)}");
                after.Add(Text(change.New));
            }

            foreach (var key in DisabledDrivers(set))
            {
                before.Add($@"{set.Name}\Services\{key.Name}\Start=4");
                after.Add($"{key.Name}: demand");
            }
        }

        return before.Count == 0
            ? Finding.Ok("No filter of the keyboard, mouse, HID and USB classes is missing or disabled, and no inbox driver of keyboard "
                + "and mouse is disabled.")
            : Finding.Broken("The driver stack of mouse or keyboard is damaged.", string.Join("; ", before),
                string.Join("; ", after.Distinct()));
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        foreach (var set in context.Windows.BootControlSets)
        {
            foreach (var (key, value, _, filters) in FilterChanges(context, set).ToList())
            {
                if (filters.Count == 0)
                {
                    key.DeleteValue(value);
                }
                else
                {
                    key.SetMultiString(value, filters);
                }
            }

            foreach (var key in DisabledDrivers(set).ToList())
            {
                key.SetDword("Start", 3);
            }
        }
    }

    private static IEnumerable<(GuestKey Key, string Value, IReadOnlyList<string> Old,
        IReadOnlyList<string> New)> FilterChanges(RuleContext context, ControlSet set)
    {
        foreach (var (_, guid, driver) in Classes)
        {
            if (set.Find(@"Control\Class\" + guid) is not { } key)
            {
                continue; // nothing was ever installed: setup creates the class with its filters
            }

            foreach (var value in (string[])["UpperFilters", "LowerFilters"])
            {
                var old = key.GetMultiString(value) ?? [];
                var wanted = old.Where(f => !IsForeign(context, set, f, driver)).ToList();
                if (value == "UpperFilters" && driver is not null && !wanted.Contains(driver, StringComparer.OrdinalIgnoreCase))
                {
                    wanted.Add(driver);
                }

                if (!wanted.SequenceEqual(old, StringComparer.Ordinal))
                {
                    yield return (key, value, old, wanted);
                }
            }
        }
    }

    private static bool IsForeign(RuleContext context, ControlSet set, string filter, string? driver)
    {
        if (filter.Equals(driver, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        return ForeignFilters.Contains(filter, StringComparer.OrdinalIgnoreCase)
            || set.Service(filter) is not { } service
            || !ServiceImage.IsEnabled(service)
            || ServiceImage.HasFile(context.Windows, service) == false;
    }

    private static IEnumerable<GuestKey> DisabledDrivers(ControlSet set) =>
        InboxDrivers.Select(set.Service).OfType<GuestKey>().Where(k => k.GetDword("Start") == ServiceImage.Disabled);

    private static string Text(IReadOnlyList<string> filters) => filters.Count == 0 ? "(none)" : string.Join(", ", filters);
}
