namespace OfflinePatch.Ntfs.Volume;

/// <summary>A path on a volume: names, and the stream after a colon.</summary>
internal readonly record struct NtfsPath(string[] Parts, string Stream)
{
    private static readonly char[] Separators = ['\\', '/'];

    /// <summary>The last name.</summary>
    public string Name => Parts.Length == 0 ? "" : Parts[^1];

    /// <summary>The path of the directory.</summary>
    public NtfsPath Parent => new(Parts.Length == 0 ? [] : Parts[..^1], "");

    /// <summary>The path without streams: a colon belongs to the last name. Windows makes no such name; ntfs-3g and WSL do.</summary>
    public static NtfsPath Literal(string path) => new(path.Split(Separators, StringSplitOptions.RemoveEmptyEntries), "");

    /// <summary>Splits a path at <c>\</c> and <c>/</c>; <c>name:stream</c> and <c>name:stream:$DATA</c> name a stream.</summary>
    public static NtfsPath Parse(string path)
    {
        var parts = path.Split(Separators, StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0)
        {
            return new NtfsPath([], "");
        }

        var colon = parts[^1].IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            return new NtfsPath(parts, "");
        }

        var stream = parts[^1][(colon + 1)..];
        if (stream.EndsWith(":$DATA", StringComparison.OrdinalIgnoreCase))
        {
            stream = stream[..^6];
        }

        parts[^1] = parts[^1][..colon];
        return new NtfsPath(parts[^1].Length == 0 ? parts[..^1] : parts, stream);
    }
}
