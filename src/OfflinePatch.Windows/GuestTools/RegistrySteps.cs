using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.GuestTools;

/// <summary>Steps on keys and values. A step looks up its key again when it runs: an earlier one may have deleted it.</summary>
internal static class RegistrySteps
{
    /// <summary>Deletes a key with what is below it.</summary>
    public static ToolsStep Tree(GuestKey key)
    {
        var (root, path) = (key.Hive.Root, key.Inner.Path);
        return new ToolsStep(key.Path, () => root.DeleteSubKeyTree(path));
    }

    /// <summary>Deletes a value.</summary>
    public static ToolsStep Value(GuestKey key, string name)
    {
        var (root, path) = (key.Hive.Root, key.Inner.Path);
        return new ToolsStep($@"{key.Path}\{name}", () => root.Find(path)?.DeleteValue(name));
    }

    /// <summary>Removes strings from a REG_MULTI_SZ; a list that becomes empty is deleted.</summary>
    public static ToolsStep FromList(GuestKey key, string value, Predicate<string> own)
    {
        var (root, path) = (key.Hive.Root, key.Inner.Path);
        return new ToolsStep($@"{key.Path}\{value}: {string.Join(", ", (key.GetMultiString(value) ?? []).Where(t => own(t)))}", () =>
        {
            if (root.Find(path) is not { } now)
            {
                return;
            }

            var rest = (now.GetMultiString(value) ?? []).Where(t => !own(t)).ToList();
            if (rest.Count == 0)
            {
                now.DeleteValue(value);
            }
            else
            {
                now.SetMultiString(value, rest);
            }
        });
    }
}
