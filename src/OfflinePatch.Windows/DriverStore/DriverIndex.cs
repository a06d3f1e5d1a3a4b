using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>
/// Takes the records of a package out of <c>DriverDatabase</c>. Keys that become empty by it go too; those that every Windows has stay.
/// </summary>
internal static class DriverIndex
{
    /// <summary>
    /// Takes a published INF out of the index of device ids: no device leads to it any more. Everything else of it stays.
    /// </summary>
    public static void RemoveIds(GuestKey database, StagedDriver driver)
    {
        if (database.Find("DeviceIds") is not { } ids)
        {
            return;
        }

        foreach (var id in driver.Ids.Concat(ids.SubKeys.Where(k => k.Name.StartsWith('{') && k.HasValue(driver.PublishedName))
            .Select(k => k.Name).ToList()))
        {
            DeleteValue(ids, id, driver.PublishedName);
        }
    }

    /// <summary>Takes every record of a package out of the database of its hive.</summary>
    public static void Remove(GuestKey database, StagedDriver driver)
    {
        if (database.Find($@"DriverInfFiles\{driver.PublishedName}") is { } inf)
        {
            var rest = (inf.GetMultiString("") ?? []).Where(p => !p.Equals(driver.PackageName, StringComparison.OrdinalIgnoreCase))
                .ToList();
            if (rest.Count > 0)
            {
                // Several packages under one name: the index belongs to those that stay.
                inf.SetMultiString("", rest);
                if (driver.IsActive)
                {
                    inf.SetString("Active", rest[0]);
                }

                database.Find("DriverPackages")?.DeleteSubKeyTree(driver.PackageName);
                return;
            }

            database.Find("DriverInfFiles")!.DeleteSubKeyTree(driver.PublishedName);
        }

        RemoveIds(database, driver);
        database.Find("DriverPackages")?.DeleteSubKeyTree(driver.PackageName);
    }

    /// <summary>Deletes a value, and its key and those above it, below <paramref name="root"/>, that hold nothing afterwards.</summary>
    private static void DeleteValue(GuestKey root, string path, string name)
    {
        if (root.Find(path) is not { } key || !key.DeleteValue(name))
        {
            return;
        }

        while (path.Length > 0 && root.Find(path) is { Inner: { ValueCount: 0, SubKeyCount: 0 } })
        {
            var slash = path.LastIndexOf('\\');
            var parent = slash < 0 ? root : root.Find(path[..slash])!;
            parent.DeleteSubKeyTree(path[(slash + 1)..]);
            path = slash < 0 ? "" : path[..slash];
        }
    }
}
