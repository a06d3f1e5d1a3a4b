namespace OfflinePatch.Windows.DriverStore;

/// <summary>
/// Staging for Windows 7 and Server 2008 R2 (drivers.md §4). Their driver store index has a form that is not public; what works is: a boot
/// driver's file, service and critical device entries; and every package in a folder that DevicePath lists, from which setup installs at
/// the first boot.
/// </summary>
internal sealed class LegacyStaging(StagingPlan plan)
{
    public const string CriticalDevices = @"Control\CriticalDeviceDatabase";

    /// <summary>The package's folder below <see cref="DevicePath.Folder"/>: the INF's name without extension.</summary>
    public static string FolderOf(string infName) => System.IO.Path.GetFileNameWithoutExtension(infName).ToLowerInvariant();

    public void Write()
    {
        WriteFolder();
        if (!plan.IsBootCritical)
        {
            return;
        }

        var files = new StagedFiles(plan);
        files.WriteReflected();
        files.WriteCatalog(FolderOf(plan.Package.InfName) + ".cat");
        new ServiceWriter(plan).Write();
        foreach (var set in plan.System.ControlSets)
        {
            foreach (var (id, service) in CriticalIds(plan))
            {
                var key = set.Key.Create($@"{CriticalDevices}\{id.Replace('\\', '#')}");
                key.SetString("ClassGUID", DriverClass.Value(plan.ClassGuid));
                key.SetString("Service", service);
            }
        }
    }

    /// <summary>
    /// The ids under which a boot driver is found: those of the INF, each hardware id without its subsystem, and vendor and device alone.
    /// </summary>
    public static IEnumerable<(string Id, string Service)> CriticalIds(StagingPlan plan)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (id, _, _, _, effects) in plan.Ids())
        {
            if (effects.FunctionDriver is not { StartType: 0 } service)
            {
                continue;
            }

            foreach (var form in (string[])[id, WithoutSubsystem(id)])
            {
                if (seen.Add(form))
                {
                    yield return (form, service.Name);
                }
            }
        }
    }

    private static string WithoutSubsystem(string id) =>
        string.Join('&', id.Split('&').Where(p => !p.StartsWith("SUBSYS_", StringComparison.OrdinalIgnoreCase)));

    private void WriteFolder()
    {
        var name = FolderOf(plan.Package.InfName);
        var directory = plan.System.PathOf($@"{DevicePath.Folder}\{name}");
        var files = plan.System.Files;
        files.CreateDirectory(directory);
        files.WriteFile($"{directory}\\{plan.Package.InfName}", plan.Package.InfContent);
        foreach (var file in plan.Package.Files(plan.Target).Append(plan.Package.CatalogName(plan.Target.Architecture)))
        {
            if (file is not null && plan.Package.ReadFile(file) is { } content)
            {
                if (FilePath.ParentOf(file) is { Length: > 0 } folder)
                {
                    files.CreateDirectory($"{directory}\\{folder}");
                }

                files.WriteFile($"{directory}\\{file}", content);
            }
        }

        DevicePath.Add(plan.System, name);
    }
}
