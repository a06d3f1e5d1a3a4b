namespace OfflinePatch.Windows.Guest;

/// <summary>Why a service on which others depend does not start.</summary>
internal enum DependencyFault
{
    /// <summary>Start is 4.</summary>
    Disabled,

    /// <summary>There is no such service: no key, or one without Start.</summary>
    Missing,

    /// <summary>It is a group (DependOnGroup), and no service of that group can start.</summary>
    EmptyGroup,
}

/// <summary>A service or a group that does not start, and on which another depends.</summary>
/// <param name="Set">The control set.</param>
/// <param name="Name">The service, or the group.</param>
/// <param name="Needs">Which service depends on it.</param>
/// <param name="Fault">Why it does not start.</param>
internal sealed record LostDependency(ControlSet Set, string Name, string Needs, DependencyFault Fault)
{
    /// <summary>The evidence: the value or the key, and what is wrong with it.</summary>
    public string Evidence => Fault switch
    {
        DependencyFault.Disabled => $@"{Set.Name}\Services\{Name}\Start=4",
        DependencyFault.Missing => $@"{Set.Name}\Services\{Name}: missing",
        _ => $@"{Set.Name}\Services\{Needs}\DependOnGroup: no service of the group {Name} is enabled",
    };
}

/// <summary>
/// What services depend on. The service control manager starts a service when all that DependOnService names have started, and of each
/// group of DependOnGroup at least one member; else error 1068, for one that is not there error 1075. Source: learn.microsoft.com,
/// CreateService (lpDependencies) and HKLM\SYSTEM\CurrentControlSet\Services.
/// </summary>
internal static class ServiceDependencies
{
    private const int MaxServices = 200;
    private const char GroupMark = '+'; // SC_GROUP_IDENTIFIER

    /// <summary>The direct and indirect dependencies of some services that do not start; each service and group once.</summary>
    public static IEnumerable<LostDependency> Lost(ControlSet set, params IEnumerable<string> services)
    {
        var seen = new HashSet<string>(services, StringComparer.OrdinalIgnoreCase);
        var pending = new Queue<string>(seen);
        var groups = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        HashSet<string>? enabled = null;
        while (pending.TryDequeue(out var needs) && seen.Count < MaxServices)
        {
            var service = set.Service(needs);
            foreach (var name in service?.GetMultiString("DependOnService") ?? [])
            {
                if (name.Length > 0 && name[0] != GroupMark && seen.Add(name))
                {
                    pending.Enqueue(name);
                    if (FaultOf(set, name) is { } fault)
                    {
                        yield return new(set, set.Service(name)?.Name ?? name, needs, fault);
                    }
                }
            }

            foreach (var group in service?.GetMultiString("DependOnGroup") ?? [])
            {
                if (group.TrimStart(GroupMark) is { Length: > 0 } name && groups.Count < MaxServices && groups.Add(name)
                    && !(enabled ??= EnabledGroups(set)).Contains(name))
                {
                    yield return new(set, name, needs, DependencyFault.EmptyGroup);
                }
            }
        }
    }

    private static DependencyFault? FaultOf(ControlSet set, string name) => set.Service(name)?.GetDword("Start") switch
    {
        null => DependencyFault.Missing,
        ServiceImage.Disabled => DependencyFault.Disabled,
        _ => null,
    };

    /// <summary>The groups that have a service which is not disabled.</summary>
    private static HashSet<string> EnabledGroups(ControlSet set) =>
        (set.Find("Services")?.SubKeys ?? []).Where(ServiceImage.IsEnabled).Select(s => s.GetString("Group")).OfType<string>()
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
}
