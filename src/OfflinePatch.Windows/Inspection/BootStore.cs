namespace OfflinePatch.Windows.Inspection;

/// <summary>An object of a boot configuration store, with the elements that rules ask for (boot-network-accounts.md §1).</summary>
/// <param name="Id">Its GUID, as the store writes it: <c>{9dea862c-…}</c>.</param>
/// <param name="Type">Description\Type: 0x10100002 boot manager, 0x10200003 Windows loader…</param>
/// <param name="Key">Its key.</param>
public sealed record BootObject(string Id, uint Type, GuestKey Key)
{
    /// <summary>Element 12000004: its name in the boot menu.</summary>
    public string? Description => Text("12000004");

    /// <summary>Element 12000002: the program.</summary>
    public string? ProgramPath => Text("12000002");

    /// <summary>Element 22000002: the Windows directory on <see cref="OsDevice"/>.</summary>
    public string? SystemRoot => Text("22000002");

    /// <summary>Element 11000001: where the program is.</summary>
    public BootDevice Device => ReadDevice("11000001");

    /// <summary>Element 21000001: where Windows is.</summary>
    public BootDevice OsDevice => ReadDevice("21000001");

    /// <summary>Whether it starts Windows (winload), not a recovery environment.</summary>
    public bool StartsWindows =>
        ProgramPath?.Contains("winload", StringComparison.OrdinalIgnoreCase) == true && Element("26000022")?.GetBinary("Element") is not [not 0, ..];

    /// <summary>A text element, or null.</summary>
    public string? Text(string element) => Element(element)?.GetString("Element");

    /// <summary>The objects that an object list names, in its order.</summary>
    public IReadOnlyList<string> Objects(string element) => Element(element)?.GetMultiString("Element") ?? [];

    private GuestKey? Element(string element) => Key.Find(@"Elements\" + element);

    private BootDevice ReadDevice(string element) => BootDevice.Parse(Element(element)?.GetBinary("Element") ?? []);
}

/// <summary>A boot configuration store.</summary>
public sealed class BootStore
{
    /// <summary>The Windows boot manager.</summary>
    public const string BootManagerId = "{9dea862c-5cdd-4e70-acc1-f32b344d4795}";

    private const uint LoaderType = 0x10200003;
    private const int MaximumObjects = 4096; // a store holds some dozens; more is damage

    private BootStore(IReadOnlyList<BootObject> objects) => Objects = objects;

    /// <summary>Every object.</summary>
    public IReadOnlyList<BootObject> Objects { get; }

    /// <summary>The boot manager, or null.</summary>
    public BootObject? BootManager => Find(BootManagerId);

    /// <summary>The loader that starts by default: the boot manager's default entry; else the first of its display order that starts Windows.</summary>
    public BootObject? DefaultLoader
    {
        get
        {
            if (BootManager is not { } manager)
            {
                return Loaders.FirstOrDefault();
            }

            return manager.Text("23000003") is { } id && Find(id) is { } standard
                ? standard
                : manager.Objects("24000001").Select(Find).OfType<BootObject>().FirstOrDefault(o => o.StartsWindows) ?? Loaders.FirstOrDefault();
        }
    }

    /// <summary>Every loader that starts Windows.</summary>
    public IEnumerable<BootObject> Loaders => Objects.Where(o => o.Type == LoaderType && o.StartsWindows);

    /// <summary>Reads a store.</summary>
    public static BootStore Read(GuestHive hive)
    {
        var objects = new List<BootObject>();
        foreach (var key in hive.Root.Find("Objects")?.SubKeys.Take(MaximumObjects) ?? [])
        {
            objects.Add(new BootObject(key.Name, key.Find("Description")?.GetDword("Type") ?? 0, key));
        }

        return new BootStore(objects);
    }

    /// <summary>An object, or null.</summary>
    public BootObject? Find(string id) => Objects.FirstOrDefault(o => o.Id.Equals(id, StringComparison.OrdinalIgnoreCase));
}
