using System.Globalization;
using OfflinePatch.Core;
using OfflinePatch.Registry.Errors;

namespace OfflinePatch.Registry.Bcd;

/// <summary>
/// A boot configuration store: the hive <c>\Boot\BCD</c> or <c>\EFI\Microsoft\Boot\BCD</c>. Read leniently: an object or element that is
/// damaged is left out and noted. Source: learn.microsoft.com, BCD reference.
/// </summary>
/// <remarks>As safe for use by several threads as the hive that it is read from.</remarks>
public sealed class BcdStore
{
    /// <summary>The element with the default loader, of the boot manager.</summary>
    public const uint DefaultObject = 0x23000003;

    /// <summary>The element with the loaders in the order of the menu, of the boot manager.</summary>
    public const uint DisplayOrder = 0x24000001;

    /// <summary>The element with the device of an application.</summary>
    public const uint ApplicationDevice = 0x11000001;

    /// <summary>The element with the path of an application.</summary>
    public const uint ApplicationPath = 0x12000002;

    /// <summary>The element with the device of Windows, of a loader.</summary>
    public const uint OsDevice = 0x21000001;

    /// <summary>The element with the folder of Windows, of a loader.</summary>
    public const uint SystemRoot = 0x22000002;

    /// <summary>The object of the boot manager.</summary>
    public static Guid BootManagerId => BcdNames.BootManagerId;

    /// <summary>The object of the memory tester.</summary>
    public static Guid MemoryTesterId => BcdNames.MemoryTesterId;

    /// <summary>The key of the elements of an object.</summary>
    public static string ElementsPath(Guid id) => $@"Objects\{id:B}\Elements";

    /// <summary>The key of an element, below that of the elements of its object.</summary>
    public static string ElementKey(uint element) => $"{element:x8}";

    private BcdStore(IReadOnlyList<BcdObject> objects, IReadOnlyList<string> notes)
    {
        Objects = objects;
        Notes = notes;
    }

    /// <summary>The objects, in the order of the hive.</summary>
    public IReadOnlyList<BcdObject> Objects { get; }

    /// <summary>What was left out, and why.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>The boot manager; null when the store has none.</summary>
    public BcdObject? BootManager => Find(BcdNames.BootManagerId);

    /// <summary>
    /// The loader that starts without a choice: the boot manager's default; else the first of its menu that loads Windows; else the only
    /// loader. Null when there is none.
    /// </summary>
    public BcdObject? DefaultLoader
    {
        get
        {
            if (BootManager?.Find(DefaultObject)?.Objects is [var id, ..] && Find(id) is { } chosen)
            {
                return chosen;
            }

            var menu = BootManager?.Find(DisplayOrder)?.Objects ?? [];
            var listed = menu.Select(Find).FirstOrDefault(o => o is { IsOsLoader: true });
            return listed ?? (Objects.Count(o => o.IsOsLoader) == 1 ? Objects.First(o => o.IsOsLoader) : null);
        }
    }

    /// <summary>Reads a store.</summary>
    /// <exception cref="CorruptImageException"><c>REG-0601</c>: the hive has no key <c>Objects</c>; or its root is damaged.</exception>
    public static BcdStore Open(Hive hive)
    {
        var root = hive.Find("Objects") ?? throw RegistryError.NoBcd();
        var objects = new List<BcdObject>();
        var notes = new List<string>();
        foreach (var key in root.SubKeys)
        {
            try
            {
                if (Guid.TryParse(key.Name, out var id))
                {
                    objects.Add(new BcdObject(id, key.Find("Description")?.GetDword("Type") ?? 0, ReadElements(key, notes)));
                }
                else
                {
                    notes.Add($"the object '{key.Name}' has no GUID for a name");
                }
            }
            catch (CorruptImageException error)
            {
                notes.Add(error.Message);
            }
        }

        return new BcdStore(objects, notes);
    }

    /// <summary>The object of an id; null when there is none.</summary>
    public BcdObject? Find(Guid id) => Objects.FirstOrDefault(o => o.Id == id);

    private static List<BcdElement> ReadElements(HiveKey key, List<string> notes)
    {
        var elements = new List<BcdElement>();
        var type = key.Find("Description")?.GetDword("Type") ?? 0;
        foreach (var element in key.Find("Elements")?.SubKeys ?? [])
        {
            if (uint.TryParse(element.Name, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id)
                && element.FindValue("Element") is { } value)
            {
                elements.Add(new BcdElement(id, BcdNames.Element(type, id), value));
            }
            else
            {
                notes.Add($"the element '{element.Path}' has no id for a name, or no value");
            }
        }

        return elements;
    }
}
