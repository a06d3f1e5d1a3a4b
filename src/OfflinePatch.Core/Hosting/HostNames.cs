namespace OfflinePatch.Core.Hosting;

/// <summary>Names of host files that come from an image or an undo file, and are not trusted.</summary>
internal static class HostNames
{
    /// <summary>Whether a name stays in its folder on every host: no separator, no drive, no parent.</summary>
    public static bool IsPlain(ReadOnlySpan<char> name) => IsPlainHere(name) && name.IndexOfAny("\\:") < 0;

    /// <summary>Whether a name stays in its folder on this host, as some names are legal only on other hosts: <c>a:b.raw</c>.</summary>
    public static bool IsPlainHere(ReadOnlySpan<char> name) => name.Length > 0 && name is not "." and not ".."
        && name.IndexOfAny(OperatingSystem.IsWindows() ? "/\\:\0" : "/\0") < 0;
}
