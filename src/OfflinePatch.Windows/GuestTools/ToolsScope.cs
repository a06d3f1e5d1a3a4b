using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.GuestTools;

/// <summary>What of a product is in a Windows, and what of it may be removed.</summary>
internal sealed class ToolsScope
{
    private static readonly Guid[] DiskClasses = [DriverClass.ScsiAdapter, DriverClass.Hdc, DriverClass.DiskDrive, DriverClass.Volume];

    private readonly HashSet<string> _services = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _staying = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> _kept = [];

    private ToolsScope(WindowsSystem system, ToolsProduct product)
    {
        System = system;
        Product = product;
        Installer = new InstallerRecords(system, product);
        HasOtherOfVendor = (product.SharedFolders.Count > 0 || product.SharedKeys.Count > 0) && Installer.HasOtherOfVendor;
        Paths = new GuestPaths(system, HasOtherOfVendor ? product.Folders : product.Folders.Concat(product.SharedFolders), product.Files);
    }

    public WindowsSystem System { get; }

    public ToolsProduct Product { get; }

    public InstallerRecords Installer { get; }

    public GuestPaths Paths { get; }

    /// <summary>Whether another product of the vendor is installed: what they share stays.</summary>
    public bool HasOtherOfVendor { get; }

    /// <summary>The services that are removed, in whichever control set they are.</summary>
    public IReadOnlySet<string> Services => _services;

    /// <summary>The packages of the driver store that are removed.</summary>
    public IReadOnlyList<StorePackage> Packages { get; private set; } = [];

    /// <summary>Whether drivers are removed that a disk may depend on.</summary>
    public bool RemovesBootDrivers { get; private set; }

    /// <summary>What stays although it belongs to the product, each with the reason.</summary>
    public IReadOnlyList<string> Kept => _kept;

    /// <summary>Examines a Windows.</summary>
    /// <param name="system">The Windows.</param>
    /// <param name="product">The product.</param>
    /// <param name="replacement">Null when another storage driver starts Windows on the target; else why it is not sure that one
    /// does.</param>
    public static ToolsScope Of(WindowsSystem system, ToolsProduct product, string? replacement)
    {
        var scope = new ToolsScope(system, product);
        scope.FindServices(replacement);
        scope.FindPackages();
        return scope;
    }

    /// <summary>The published names of the packages that are removed: <c>oem3.inf</c>.</summary>
    public bool IsPublished(string? infPath) =>
        infPath is not null && Packages.Any(p => p.Published.Length > 0 && p.Published.Equals(infPath, StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// Whether a service of the product is in no control set any more, so that a device that names it is only remembered.
    /// </summary>
    public bool IsGone(string service) =>
        Product.Services.Contains(service, StringComparer.OrdinalIgnoreCase) && System.ControlSets.All(s => s.Service(service) is null);

    private void FindServices(string? replacement)
    {
        foreach (var set in System.ControlSets)
        {
            foreach (var key in set.Find("Services")?.SubKeys ?? [])
            {
                if ((Product.Services.Contains(key.Name, StringComparer.OrdinalIgnoreCase)
                    || Product.BootDrivers.Contains(key.Name, StringComparer.OrdinalIgnoreCase)
                    || Paths.Owns(key.GetString("ImagePath"))) && !IsInbox(key))
                {
                    _services.Add(key.Name);
                }
            }
        }

        RemovesBootDrivers = replacement is null;
        var boot = Product.BootDrivers.Concat(UsedByDisks()).Where(_services.Contains).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        if (!RemovesBootDrivers && boot.Count > 0)
        {
            _services.ExceptWith(boot);
            _staying.UnionWith(boot);
            _kept.Add($"{string.Join(", ", boot)}: {replacement}");
        }

        // One that stays may need another one: asked again after each.
        while (Dependants() is [var (service, needed), ..])
        {
            _services.Remove(needed);
            _staying.Add(needed);
            _kept.Add($"{needed}: {service} depends on it");
        }
    }

    private void FindPackages()
    {
        var names = RemovesBootDrivers ? Product.Infs.Concat(Product.BootInfs) : Product.Infs;
        var found = StoreRemoval.Find(System, names);
        var needed = found.Count == 0 ? [] : NeededPackages(found);
        Packages = [.. found.Except(needed)];
        _kept.AddRange(needed.Select(p => $"{p.InfName} in the driver store: a service that stays needs it"));
        if (Packages.Count > 0 && !StoreRemoval.CanRemove(System))
        {
            _kept.Add($"{string.Join(", ", Packages.Select(p => p.InfName).Distinct(StringComparer.OrdinalIgnoreCase))} in the driver "
                + "store: the index of this Windows has no public form, and no device needs them");
        }
    }

    /// <summary>Packages that hold the file of a service that stays, or that own one of the product's services that stay.</summary>
    private List<StorePackage> NeededPackages(IReadOnlyList<StorePackage> packages)
    {
        var rest = System.ControlSets.SelectMany(s => s.Find("Services")?.SubKeys ?? []).Where(s => !_services.Contains(s.Name)).ToList();
        var files = rest.Select(s => ServiceImage.Resolve(System, s)).OfType<string>().ToList();
        var owners = rest.Where(s => _staying.Contains(s.Name)).SelectMany(ServiceOwners.Of).ToHashSet(StringComparer.OrdinalIgnoreCase);
        owners.UnionWith(
            from set in System.ControlSets
            from device in set.Devices()
            where device.Key.GetString("Service") is { } service && _staying.Contains(service)
            let driver = device.Key.GetString("Driver")
            let inf = driver is null ? null : set.Find($@"Control\Class\{driver}")?.GetString("InfPath")
            where inf is not null
            select inf);
        return [.. packages.Where(p => owners.Contains(p.Published) || owners.Contains("!" + p.Package)
            || (p.Package.Length > 0
                && files.Exists(f => f.StartsWith(StoreRemoval.FolderOf(System, p) + "\\", StringComparison.OrdinalIgnoreCase))))];
    }

    /// <summary>Services of the product that a disk or its controller uses now, whatever the product's file says of them.</summary>
    private IEnumerable<string> UsedByDisks() =>
        from set in System.BootControlSets
        from device in set.Devices()
        where Guid.TryParse(device.Key.GetString("ClassGUID"), out var guid) && DiskClasses.Contains(guid)
        let service = device.Key.GetString("Service")
        where service is not null && _services.Contains(service)
        select service;

    /// <summary>Enabled services of others that need one of the product's.</summary>
    private List<(string Service, string Needed)> Dependants() =>
    [
        .. from set in System.BootControlSets
           from service in set.Find("Services")?.SubKeys ?? []
           where !_services.Contains(service.Name) && service.GetDword("Start") is < ServiceImage.Disabled
           from needed in service.GetMultiString("DependOnService") ?? []
           where _services.Contains(needed)
           select (service.Name, needed),
    ];

    /// <summary>
    /// Whether an INF of Windows owns a service (Windows 8 and later say so): then its name is chance, or Windows brings the driver itself.
    /// </summary>
    private static bool IsInbox(GuestKey service) =>
        (service.GetMultiString("Owners") ?? [])
            .Any(o => o.EndsWith(".inf", StringComparison.OrdinalIgnoreCase) && o[0] != '!' && PublishedNames.NumberOf(o) is null);
}
