namespace OfflinePatch.Windows.Inspection;

/// <summary>A filter driver in the list of a device class.</summary>
/// <param name="Key">Control\Class\{GUID}.</param>
/// <param name="Value">UpperFilters or LowerFilters.</param>
/// <param name="Filter">The service.</param>
public sealed record ClassFilter(GuestKey Key, string Value, string Filter);

/// <summary>
/// The filter lists of the device classes that a boot goes through (drivers.md §12, images-and-cloud.md §4.3). A filter whose service or file is
/// missing stops the boot (0x7B). Inbox filters are never judged.
/// </summary>
public static class ClassFilters
{
    private static readonly string[] BootClasses =
    [
        "{4D36E967-E325-11CE-BFC1-08002BE10318}", // DiskDrive
        "{4D36E96A-E325-11CE-BFC1-08002BE10318}", // HDC
        "{4D36E97B-E325-11CE-BFC1-08002BE10318}", // SCSIAdapter
        "{4D36E97D-E325-11CE-BFC1-08002BE10318}", // System
        "{71A27CDD-812A-11D0-BEC7-08002BE2092F}", // Volume
    ];

    private static readonly string[] Inbox =
    [
        "partmgr", "fvevol", "iorate", "storqosflt", "wcifs", "ehstorclass", "storflt", "volsnap", "rdyboost", "spldr", "volmgrx", "iasf", "iastorf",
        "iastorav", "tpm", "bcache",
    ];

    private static readonly string[] ValueNames = ["UpperFilters", "LowerFilters"];

    /// <summary>Every filter of the boot classes.</summary>
    public static IEnumerable<ClassFilter> OfBootClasses(ControlSet set)
    {
        foreach (var guid in BootClasses)
        {
            if (set.Find(@"Control\Class\" + guid) is not { } key)
            {
                continue;
            }

            foreach (var value in ValueNames)
            {
                foreach (var filter in key.GetMultiString(value) ?? [])
                {
                    if (filter.Length > 0)
                    {
                        yield return new ClassFilter(key, value, filter);
                    }
                }
            }
        }
    }

    /// <summary>The filters that have no service, or whose file is missing or empty.</summary>
    public static IEnumerable<ClassFilter> Broken(WindowsSystem system, ControlSet set) =>
        OfBootClasses(set).Where(f =>
            !Inbox.Contains(f.Filter, StringComparer.OrdinalIgnoreCase)
            && (set.Service(f.Filter) is not { } service || ServiceImage.HasFile(system, service) == false));

    /// <summary>Takes a filter out of its list; an empty list is deleted, because Windows does not expect one.</summary>
    public static void Remove(GuestKey key, string value, string filter)
    {
        var rest = (key.GetMultiString(value) ?? []).Where(f => !f.Equals(filter, StringComparison.OrdinalIgnoreCase)).ToList();
        if (rest.Count == 0)
        {
            key.DeleteValue(value);
        }
        else
        {
            key.SetMultiString(value, rest);
        }
    }
}
