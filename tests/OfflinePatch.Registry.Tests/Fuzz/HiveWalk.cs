namespace OfflinePatch.Registry.Tests.Fuzz;

/// <summary>Reads everything of a hive that a caller can ask for.</summary>
internal static class HiveWalk
{
    public static void Run(HiveKey root)
    {
        var pending = new Stack<HiveKey>([root]);
        while (pending.TryPop(out var key))
        {
            _ = (key.Name, key.LastWriteTimeUtc, key.ClassName);
            foreach (var value in key.Values)
            {
                _ = (value.Name, value.Type, value.AsString(), value.AsMultiString(), value.AsQword());
                _ = value.ReadData();
            }

            foreach (var child in key.SubKeys)
            {
                pending.Push(child);
            }
        }
    }
}
