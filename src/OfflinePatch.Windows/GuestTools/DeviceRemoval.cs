using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.GuestTools;

/// <summary>
/// Devices whose driver goes: <c>Enum\BUS\DEVICE\INSTANCE</c>, the class instance that its value Driver names, its entries in
/// <c>Control\DeviceClasses</c> (value DeviceInstance), <c>Control\Video</c>. They are records of the old machine's hardware; Windows
/// installs a device that is present again. Devices that drivers of Windows serve stay, and so do the settings of network connections and
/// DeviceContainers.
/// </summary>
internal static class DeviceRemoval
{
    public static IEnumerable<ToolsStep> Steps(ToolsScope scope, ControlSet set)
    {
        var own = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (path, key) in set.Devices())
        {
            var driver = key.GetString("Driver");
            var instance = driver is null ? null : set.Find($@"Control\Class\{driver}");
            if ((key.GetString("Service") is { } service && (scope.Services.Contains(service) || scope.IsGone(service)))
                || scope.IsPublished(instance?.GetString("InfPath")))
            {
                own.Add(path);
                yield return RegistrySteps.Tree(key);
                if (instance is not null)
                {
                    yield return RegistrySteps.Tree(instance);
                }

                var device = path[..path.LastIndexOf('\\')];
                yield return Emptied(set, device);
            }
        }

        foreach (var type in set.Find(@"Control\DeviceClasses")?.SubKeys ?? [])
        {
            foreach (var entry in own.Count == 0
                ? []
                : type.SubKeys.Where(e => e.GetString("DeviceInstance") is { } i && own.Contains(i)).ToList())
            {
                yield return RegistrySteps.Tree(entry);
            }
        }

        foreach (var type in set.Find(@"Control\Class")?.SubKeys ?? [])
        {
            // A class of the product's own, as its display driver of Windows 7 makes one; and instances whose device is gone already.
            if (type.GetString("Class") is { } name && scope.Services.Contains(name))
            {
                yield return RegistrySteps.Tree(type);
                continue;
            }

            foreach (var instance in type.SubKeys.Where(i => scope.IsPublished(i.GetString("InfPath"))).ToList())
            {
                yield return RegistrySteps.Tree(instance);
            }
        }

        foreach (var adapter in (set.Find(@"Control\Video")?.SubKeys ?? [])
            .Where(k => k.Find("Video")?.GetString("Service") is { } s && scope.Services.Contains(s)).ToList())
        {
            yield return RegistrySteps.Tree(adapter);
        }
    }

    /// <summary>The key of a device that has no instance any more.</summary>
    private static ToolsStep Emptied(ControlSet set, string device) => new($@"{set.Key.Path}\Enum\{device}", () =>
    {
        if (set.Find($@"Enum\{device}") is { } key && !key.SubKeys.Any())
        {
            set.Key.DeleteSubKeyTree($@"Enum\{device}");
        }
    });
}
