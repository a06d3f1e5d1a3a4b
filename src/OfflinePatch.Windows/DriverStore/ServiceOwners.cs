using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>
/// The value <c>Owners</c> of a service: the INFs that installed it or use it. Windows 10 writes the package after its INF:
/// <c>oem0.inf</c>, <c>!vmusbmouse.inf_amd64_b47444d422028d98</c>, <c>msmouse.inf</c> (seen in a hive of 1709, also with the package of an
/// older version than the one that <c>oem0.inf</c> is now).
/// </summary>
internal static class ServiceOwners
{
    private const string Value = "Owners";

    /// <summary>The owners of a service.</summary>
    public static IReadOnlyList<string> Of(GuestKey service) => service.GetMultiString(Value) ?? [];

    /// <summary>The owners that are left when a package is removed.</summary>
    /// <param name="owners">The value.</param>
    /// <param name="published"><c>oem0.inf</c>, or empty where another package is published under that name.</param>
    /// <param name="package">The directory of the package in the store, or empty.</param>
    public static List<string> Without(IReadOnlyList<string> owners, string published, string package)
    {
        var rest = new List<string>();
        var goes = false;
        foreach (var owner in owners)
        {
            if (!owner.StartsWith('!'))
            {
                goes = published.Length > 0 && owner.Equals(published, StringComparison.OrdinalIgnoreCase);
            }

            if (!goes && !(package.Length > 0 && owner.Equals($"!{package}", StringComparison.OrdinalIgnoreCase)))
            {
                rest.Add(owner);
            }
        }

        return rest;
    }

    /// <summary>Removes a package from the owners of every service; services stay.</summary>
    public static void Remove(ControlSet set, string published, string package)
    {
        foreach (var service in set.Find("Services")?.SubKeys.ToList() ?? [])
        {
            var owners = Of(service);
            var rest = Without(owners, published, package);
            if (rest.Count == owners.Count)
            {
                continue;
            }

            if (rest.Count > 0)
            {
                service.SetMultiString(Value, rest);
            }
            else
            {
                service.DeleteValue(Value);
            }
        }
    }
}
