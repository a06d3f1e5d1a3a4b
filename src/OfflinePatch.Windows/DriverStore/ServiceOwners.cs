using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>
/// The value <c>Owners</c> of a service: the INFs that installed it. Beside <c>oem0.inf</c> Windows 10 also lists
/// <c>!vmusbmouse.inf_amd64_…</c>, the package, in services of its own that the package uses.
/// </summary>
internal static class ServiceOwners
{
    private const string Value = "Owners";

    /// <summary>The owners of a service.</summary>
    public static IReadOnlyList<string> Of(GuestKey service) => service.GetMultiString(Value) ?? [];

    /// <summary>Whether an owner stands for a package.</summary>
    /// <param name="owner">One string of the value.</param>
    /// <param name="published"><c>oem0.inf</c>, or empty.</param>
    /// <param name="package">The directory of the package in the store, or empty.</param>
    public static bool IsPackage(string owner, string published, string package) =>
        owner.Length > 0
        && (owner.Equals(published, StringComparison.OrdinalIgnoreCase)
            || (package.Length > 0 && owner.Equals($"!{package}", StringComparison.OrdinalIgnoreCase)));

    /// <summary>Takes a package out of the owners of every service; services stay.</summary>
    public static void Remove(ControlSet set, string published, string package)
    {
        foreach (var service in set.Find("Services")?.SubKeys.ToList() ?? [])
        {
            var owners = Of(service);
            var rest = owners.Where(o => !IsPackage(o, published, package)).ToList();
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
