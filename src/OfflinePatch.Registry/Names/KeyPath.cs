namespace OfflinePatch.Registry.Names;

/// <summary>Paths of keys: names separated by <c>\</c>.</summary>
internal static class KeyPath
{
    /// <summary>The places of the names in a path; empty ones between, before and after separators are left out.</summary>
    public static List<Range> Split(string path)
    {
        var names = new List<Range>();
        var start = 0;
        for (var i = 0; i <= path.Length; i++)
        {
            if (i == path.Length || path[i] == '\\')
            {
                if (i > start)
                {
                    names.Add(start..i);
                }

                start = i + 1;
            }
        }

        return names;
    }

    /// <summary>Joins a path and a name.</summary>
    public static string Join(string path, string name) => path.Length == 0 ? name : $"{path}\\{name}";
}
