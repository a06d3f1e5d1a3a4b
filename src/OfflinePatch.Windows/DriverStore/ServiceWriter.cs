using OfflinePatch.Drivers.Inf;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>
/// Writes the services of a package and their event sources into every control set (drivers.md §5). Services of Windows itself are never
/// touched; a service that exists keeps what its owner set, except what booting from the disk needs.
/// </summary>
internal sealed class ServiceWriter(StagingPlan plan)
{
    public void Write()
    {
        foreach (var set in plan.System.ControlSets)
        {
            var done = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            foreach (var effects in plan.Effects)
            {
                foreach (var service in effects.Services)
                {
                    if (service.Name.Length > 0 && plan.Owns(service) && done.Add(service.Name))
                    {
                        WriteService(set, plan.Placed(service), effects);
                    }
                }

                foreach (var source in effects.EventSources)
                {
                    WriteEventSource(set, source, effects);
                }
            }
        }
    }

    private void WriteService(ControlSet set, InfService service, InfEffects effects)
    {
        var existing = set.Service(service.Name);
        if (existing is not null && !MayChange(existing))
        {
            return;
        }

        var boots = plan.IsBootCritical && service.StartType == 0;
        var key = existing ?? set.Key.Create($@"Services\{service.Name}");
        var image = plan.Directories.ImagePath(service);
        if (existing is null || existing.GetDword("Type") is null)
        {
            WriteNew(key, service, image);
        }
        else
        {
            Complete(key, service, image, boots);
        }

        if (plan.Names.Published.Length > 0)
        {
            key.AddString("Owners", plan.Names.Published);
        }

        foreach (var edit in effects.Registry.Concat(service.Values).Where(e =>
            e.Context is InfRegistryContext.Service or InfRegistryContext.Framework && e.Root == InfRegistryRoot.Relative
                && e.Owner.Equals(service.Name, StringComparison.OrdinalIgnoreCase)))
        {
            key.Apply(edit, force: existing is null || boots || plan.IsNew);
        }

        if (boots)
        {
            // Windows 8 and later write this for boot drivers whose device is absent, and it outweighs Start.
            key.DeleteSubKeyTree("StartOverride");
        }
    }

    private void WriteNew(GuestKey key, InfService service, string? image)
    {
        key.SetDword("Type", service.ServiceType);
        key.SetDword("Start", service.StartType);
        key.SetDword("ErrorControl", Math.Min(service.ErrorControl, 1)); // 3 would stop the boot when the driver fails
        if (image is not null)
        {
            key.SetExpandString("ImagePath", image);
        }

        if (DisplayName(service) is { } display)
        {
            key.SetString("DisplayName", display);
        }

        if (service.Description is { Length: > 0 } description)
        {
            key.EnsureString("Description", Indirect(service.DescriptionToken!, description));
        }

        if (service.LoadOrderGroup is { Length: > 0 } group)
        {
            key.SetString("Group", group);
        }

        if (service.DependOnServices.Count > 0)
        {
            key.SetMultiString("DependOnService", service.DependOnServices);
        }

        if (service.DependOnGroups.Count > 0)
        {
            key.SetMultiString("DependOnGroup", service.DependOnGroups);
        }

        if (service.ServiceType >= 0x10)
        {
            key.SetString("ObjectName", service.StartName is { Length: > 0 } account ? account : "LocalSystem");
        }
    }

    private void Complete(GuestKey key, InfService service, string? image, bool boots)
    {
        if (boots)
        {
            key.SetDword("Start", 0);
            key.EnsureDword("ErrorControl", 1);
            if (service.LoadOrderGroup is { Length: > 0 } group)
            {
                key.EnsureString("Group", group);
            }
        }

        if (image is not null && (plan.IsNew || ServiceImage.HasFile(plan.System, key) != true))
        {
            key.SetExpandString("ImagePath", image);
            if (DisplayName(service) is { } display)
            {
                key.SetString("DisplayName", display);
            }
        }
    }

    /// <summary>
    /// A service belongs to drivers of others when an oemN.inf owns it, or when it is named in the manifest for this driver.
    /// </summary>
    private bool MayChange(GuestKey service) =>
        (plan.Entry?.Services.Contains(service.Name, StringComparer.OrdinalIgnoreCase) ?? false)
        || (service.GetMultiString("Owners") ?? []).Any(o => PublishedNames.NumberOf(o) is not null)
        || service.GetDword("Type") is null;

    private string? DisplayName(InfService service) =>
        service.DisplayName is { Length: > 0 } text ? Indirect(service.DisplayNameToken!, text) : null;

    /// <summary><c>@oem3.inf,%Token%;Text</c> for a text that the INF has by a token.</summary>
    private string Indirect(string token, string text) =>
        plan.Target.HasDriverDatabase && token.Length > 2 && token[0] == '%' && token[^1] == '%'
            ? $"@{plan.Names.Published},{token};{text}"
            : text;

    private static void WriteEventSource(ControlSet set, InfEventSource source, InfEffects effects)
    {
        var path = $@"{source.Log}\{source.Source}";
        foreach (var edit in effects.Registry.Where(e => e is { Context: InfRegistryContext.EventLog, Root: InfRegistryRoot.Relative }
            && e.Owner.Equals(path, StringComparison.OrdinalIgnoreCase)))
        {
            set.Key.Create($@"Services\EventLog\{path}").Apply(edit, force: false);
        }
    }
}
