namespace OfflinePatch.Cli.Rendering;

/// <summary>Sizes as people read them.</summary>
internal static class Sizes
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>At most one decimal: <c>40 GiB</c>, <c>1.5 MiB</c>.</summary>
    public static string Text(long bytes)
    {
        var value = (double)bytes;
        var unit = 0;
        while (value >= 1024 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return $"{value:0.#} {Units[unit]}";
    }
}
