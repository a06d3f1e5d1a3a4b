namespace OfflinePatch.Core.Hosting;

/// <summary>Names of host files that come from an image or an undo file, and are not trusted.</summary>
internal static class HostNames
{
    /// <summary>Whether a name stays in its folder on every host: no separator, no drive, no parent.</summary>
    public static bool IsPlain(ReadOnlySpan<char> name) => name.Length > 0 && name is not "." and not ".." && name.IndexOfAny("/\\:\0") < 0;
}
