using OfflinePatch.Core;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>
/// Removes the records of a package from <c>DriverDatabase</c>. Keys that this leaves empty go too; those that every Windows has stay.
/// </summary>
internal static class DriverIndex
{
    /// <summary>Removes a published INF from every device id and class: no device leads to it any more.</summary>
    public static void RemoveIds(GuestKey database, string published)
    {
        if (database.Find("DeviceIds") is not { } root)
        {
            return;
        }

        var pending = new Stack<(string Path, GuestKey Key)>(root.SubKeys.Select(k => (k.Name, k)));
        var found = new List<string>();
        while (pending.TryPop(out var next))
        {
            if (next.Key.HasValue(published))
            {
                found.Add(next.Path);
            }

            foreach (var key in next.Key.Inner.SubKeyCount > 0 ? next.Key.SubKeys : [])
            {
                pending.Push(($@"{next.Path}\{key.Name}", key));
            }
        }

        foreach (var path in found)
        {
            root.Find(path)!.DeleteValue(published);
            for (var empty = path; empty.Length > 0 && root.Find(empty) is { Inner: { ValueCount: 0, SubKeyCount: 0 } };
                empty = FilePath.ParentOf(empty))
            {
                root.DeleteSubKeyTree(empty);
            }
        }
    }

    /// <summary>Removes every record of a package from a database.</summary>
    /// <param name="database">The key <c>DriverDatabase</c>.</param>
    /// <param name="published"><c>oem3.inf</c>, or empty where no name is known.</param>
    /// <param name="package">Its directory in the store.</param>
    public static void Remove(GuestKey database, string published, string package)
    {
        database.Find("DriverPackages")?.DeleteSubKeyTree(package);
        if (published.Length == 0)
        {
            return;
        }

        if (database.Find($@"DriverInfFiles\{published}") is { } inf)
        {
            var rest = (inf.GetMultiString("") ?? []).Where(p => !p.Equals(package, StringComparison.OrdinalIgnoreCase)).ToList();
            if (rest.Count > 0)
            {
                // Several packages under one name: the index belongs to those that stay.
                inf.SetMultiString("", rest);
                if (package.Equals(inf.GetString("Active"), StringComparison.OrdinalIgnoreCase))
                {
                    inf.SetString("Active", rest[0]);
                }

                return;
            }

            database.Find("DriverInfFiles")!.DeleteSubKeyTree(published);
        }

        RemoveIds(database, published);
    }
}
