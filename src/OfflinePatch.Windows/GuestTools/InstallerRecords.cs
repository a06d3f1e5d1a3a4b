using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.GuestTools;

/// <summary>
/// What "Programs and Features" and Windows Installer know of a product. Windows Installer writes a code as 32 digits without order of
/// bytes ("packed"); keys and values are those that learn.microsoft.com and hives of Windows show. A component can belong to several
/// products: only the value of this product is deleted, and the key when nothing is left in it.
/// </summary>
internal sealed class InstallerRecords
{
    private const string Current = @"Microsoft\Windows\CurrentVersion";
    private const string Installer = Current + @"\Installer";

    private static readonly string[] UninstallKeys = [$@"{Current}\Uninstall", @"WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall"];

    private readonly WindowsSystem _system;
    private readonly ToolsProduct _product;
    private readonly GuestKey? _software;
    private readonly List<GuestKey> _uninstall = [];
    private readonly SortedSet<string> _codes = new(StringComparer.OrdinalIgnoreCase);

    public InstallerRecords(WindowsSystem system, ToolsProduct product)
    {
        _system = system;
        _product = product;
        _software = system.Load(HiveName.Software).Hive?.Root;
        foreach (var key in UninstallKeys.SelectMany(k => _software?.Find(k)?.SubKeys ?? []))
        {
            if (IsNamed(key.GetString("DisplayName")) || IsCode(key.Name))
            {
                _uninstall.Add(key);
                if (Guid.TryParseExact(key.Name, "B", out var code))
                {
                    _codes.Add(Pack(code));
                }
            }
        }

        _codes.UnionWith(product.ProductCodes.Select(Pack));
        foreach (var user in Users)
        {
            _codes.UnionWith((user.Find("Products")?.SubKeys ?? [])
                .Where(p => IsNamed(p.Find("InstallProperties")?.GetString("DisplayName"))).Select(p => p.Name));
        }

        _codes.UnionWith((_software?.Find(@"Classes\Installer\Products")?.SubKeys ?? []).Where(p => IsNamed(p.GetString("ProductName")))
            .Select(p => p.Name));
        foreach (var root in UpgradeRoots)
        {
            _codes.UnionWith(product.UpgradeCodes.SelectMany(c => root.Find(Pack(c))?.Values.Select(v => v.Name).Where(n => n.Length == 32)
                ?? []));
        }
    }

    /// <summary>Whether anything of the product is registered.</summary>
    public bool IsRegistered => _uninstall.Count > 0;

    /// <summary>The version that is registered, or null.</summary>
    public string? Version => _uninstall.Select(k => k.GetString("DisplayVersion")).FirstOrDefault(v => !string.IsNullOrWhiteSpace(v));

    /// <summary>Whether another program of the same vendor is registered: then what they share stays.</summary>
    public bool HasOtherOfVendor => UninstallKeys.SelectMany(k => _software?.Find(k)?.SubKeys ?? [])
        .Any(k => !_uninstall.Exists(u => u.Path == k.Path) && _product.Vendors.Any(v =>
            k.GetString("Publisher")?.StartsWith(v, StringComparison.OrdinalIgnoreCase) == true
                || k.GetString("DisplayName")?.StartsWith(v, StringComparison.OrdinalIgnoreCase) == true));

    private IEnumerable<GuestKey> Users => _software?.Find($@"{Installer}\UserData")?.SubKeys ?? [];

    private IEnumerable<GuestKey> UpgradeRoots =>
        ((string[])[$@"{Installer}\UpgradeCodes", @"Classes\Installer\UpgradeCodes"]).Select(p => _software?.Find(p)).OfType<GuestKey>();

    /// <summary>Files in the product's folders that another product of Windows Installer has too.</summary>
    public IReadOnlySet<string> SharedFiles(GuestPaths paths)
    {
        var shared = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var component in Components().Select(c => c.Component))
        {
            foreach (var value in component.Values.Where(v => !_codes.Contains(v.Name)).ToList())
            {
                if (value.AsString() is { } text && paths.VolumePath(text) is { } path && paths.OwnsVolumePath(path))
                {
                    shared.Add(path);
                }
            }
        }

        return shared;
    }

    /// <summary>The records. Where they are deleted, the cached package and the folder of icons go with them.</summary>
    public IEnumerable<ToolsStep> Steps(GuestPaths paths, IReadOnlySet<string> shared)
    {
        foreach (var key in _uninstall)
        {
            yield return Tree(key);
        }

        if (_software is null)
        {
            yield break;
        }

        foreach (var step in PackageSteps().Concat(ProductSteps()).Concat(ComponentSteps()).Concat(PathSteps(paths, shared)))
        {
            yield return step;
        }
    }

    /// <summary>The cached packages of products and of patches that no other product has.</summary>
    private IEnumerable<ToolsStep> PackageSteps()
    {
        var files = _system.Volume.RequireFiles();
        foreach (var user in Users)
        {
            foreach (var code in _codes)
            {
                if (user.Find($@"Products\{code}") is not { } product)
                {
                    continue;
                }

                if (Cached(product.Find("InstallProperties")?.GetString("LocalPackage")) is { } package)
                {
                    yield return File(package);
                }

                foreach (var patch in (product.Find("Patches")?.SubKeys ?? []).Select(p => p.Name).ToList())
                {
                    if (patch.Length != 32 || IsPatchOfOthers(user, patch))
                    {
                        continue;
                    }

                    if (user.Find($@"Patches\{patch}") is { } record)
                    {
                        if (Cached(record.GetString("LocalPackage")) is { } patchFile)
                        {
                            yield return File(patchFile);
                        }

                        yield return Tree(record);
                    }

                    if (_software!.Find($@"Classes\Installer\Patches\{patch}") is { } published)
                    {
                        yield return Tree(published);
                    }
                }
            }
        }

        foreach (var code in _codes)
        {
            var folder = _system.PathOf($@"Installer\{Unpack(code):B}");
            if (files.DirectoryExists(folder))
            {
                yield return new ToolsStep(_system.GuestPath(folder), () => FolderRemoval.Delete(_system.Files, folder, _ => false));
            }
        }

        string? Cached(string? text) => text is not null && _system.Volume.RequireFiles() is { } volume && PathOf(text) is { } path
            && path.StartsWith(_system.PathOf("Installer") + "\\", StringComparison.OrdinalIgnoreCase)
            && !path.Contains("..", StringComparison.Ordinal) && volume.FileExists(path) ? path : null;

        string? PathOf(string text) => text.StartsWith(_system.DriveLetter + "\\", StringComparison.OrdinalIgnoreCase) ? text[3..] : null;

        ToolsStep File(string path) => new(_system.GuestPath(path), () => _system.Files.DeleteIfPresent(path));
    }

    private IEnumerable<ToolsStep> ProductSteps()
    {
        foreach (var code in _codes)
        {
            foreach (var key in Users.Select(u => u.Find($@"Products\{code}"))
                .Concat(((string[])[$@"Classes\Installer\Products\{code}", $@"Classes\Installer\Features\{code}",
                    $@"{Current}\App Management\ARPCache\{Unpack(code):B}"]).Select(p => _software!.Find(p)))
                .OfType<GuestKey>())
            {
                yield return Tree(key);
            }
        }

        foreach (var root in UpgradeRoots)
        {
            foreach (var key in root.SubKeys.Where(k => _codes.Any(k.HasValue)).ToList())
            {
                yield return new ToolsStep($"{key.Path}: value of the product", () => DeleteValues(root, key));
            }
        }
    }

    private IEnumerable<ToolsStep> ComponentSteps()
    {
        foreach (var group in Components().Where(c => _codes.Any(c.Component.HasValue)).GroupBy(c => c.Root.Path).ToList())
        {
            yield return new ToolsStep($"{group.Key}: {group.Count()} components, the value of the product in each", () =>
            {
                foreach (var (root, component) in group)
                {
                    DeleteValues(root, component);
                }
            });
        }
    }

    /// <summary>Folders that Windows Installer made, counters of shared files.</summary>
    private IEnumerable<ToolsStep> PathSteps(GuestPaths paths, IReadOnlySet<string> shared)
    {
        foreach (var key in ((string[])[$@"{Installer}\Folders", $@"{Current}\SharedDLLs",
            @"WOW6432Node\Microsoft\Windows\CurrentVersion\SharedDLLs"]).Select(p => _software!.Find(p)).OfType<GuestKey>())
        {
            var own = key.Values.Select(v => v.Name)
                .Where(n => paths.VolumePath(n) is { } path
                    && !shared.Any(s => s.StartsWith(path.TrimEnd('\\'), StringComparison.OrdinalIgnoreCase))
                    && (paths.Owns(n.TrimEnd('\\'))
                        || _codes.Any(c =>
                            path.StartsWith(_system.PathOf($@"Installer\{Unpack(c):B}"), StringComparison.OrdinalIgnoreCase))))
                .ToList();
            if (own.Count > 0)
            {
                yield return new ToolsStep($"{key.Path}: {own.Count} paths of the product", () => own.ForEach(n => key.DeleteValue(n)));
            }
        }
    }

    private IEnumerable<(GuestKey Root, GuestKey Component)> Components() => Users.Select(u => u.Find("Components")).OfType<GuestKey>()
        .SelectMany(root => root.SubKeys.Select(component => (root, component)));

    private bool IsPatchOfOthers(GuestKey user, string patch) =>
        (user.Find("Products")?.SubKeys ?? []).Any(p => !_codes.Contains(p.Name) && p.Find($@"Patches\{patch}") is not null);

    private void DeleteValues(GuestKey root, GuestKey key)
    {
        var name = key.Name;
        foreach (var code in _codes)
        {
            key.DeleteValue(code);
        }

        if (!key.Values.Any() && !key.SubKeys.Any())
        {
            root.DeleteSubKeyTree(name);
        }
    }

    private static ToolsStep Tree(GuestKey key) => RegistrySteps.Tree(key);

    private bool IsNamed(string? displayName) => displayName is not null && _product.Uninstall.Any(u => u.EndsWith('*')
        ? displayName.StartsWith(u[..^1], StringComparison.OrdinalIgnoreCase)
        : displayName.Equals(u, StringComparison.OrdinalIgnoreCase));

    private bool IsCode(string name) => Guid.TryParseExact(name, "B", out var code) && _product.ProductCodes.Contains(code);

    /// <summary>A code as Windows Installer writes it: the digits of each of the eleven numbers of a GUID in reverse.</summary>
    public static string Pack(Guid code) => Swap(code.ToString("N").ToUpperInvariant());

    private static Guid Unpack(string packed) => Guid.TryParseExact(Swap(packed), "N", out var code) ? code : Guid.Empty;

    private static string Swap(string digits)
    {
        if (digits.Length != 32)
        {
            return "";
        }

        Span<char> swapped = stackalloc char[32];
        ReadOnlySpan<int> lengths = [8, 4, 4, 2, 2, 2, 2, 2, 2, 2, 2];
        var at = 0;
        foreach (var length in lengths)
        {
            for (var i = 0; i < length; i++)
            {
                swapped[at + i] = digits[at + length - 1 - i];
            }

            at += length;
        }

        return new string(swapped);
    }
}
