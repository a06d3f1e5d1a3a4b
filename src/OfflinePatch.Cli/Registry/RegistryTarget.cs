using OfflinePatch.Core;
using OfflinePatch.Registry;

namespace OfflinePatch.Cli.Registry;

/// <summary>What the <c>reg</c> commands work on: a bare hive file, or the hives of an image.</summary>
internal abstract class RegistryTarget : IDisposable
{
    /// <summary>Opens a target; a file that begins as a hive does is one, all else is an image.</summary>
    public static RegistryTarget Open(string path, bool writable, string? undoFolder = null) =>
        HiveFileTarget.IsHive(path) ? new HiveFileTarget(path, writable, undoFolder) : new ImageTarget(path, writable, undoFolder);

    /// <summary>The key that a user names, with the hive that holds it.</summary>
    /// <exception cref="FileNotFoundException">The image has no such hive.</exception>
    public abstract HiveLocation Locate(string key);

    /// <summary>The hive and path for a key of .reg text; null when the text means another hive than a bare one.</summary>
    public abstract HiveLocation LocateImport(string key);

    /// <summary>The names of all hives, each with its verdict.</summary>
    public abstract IEnumerable<(string Name, HiveCheckReport Report)> Check();

    /// <summary>Makes hives whole from their logs; returns what was done, hive by hive. Nothing is on disk before <see cref="Commit"/>.</summary>
    public abstract IEnumerable<(string Name, HiveRecovery Recovery)> Replay();

    /// <summary>Writes what was changed, all or nothing; false when nothing was.</summary>
    public abstract bool Commit(CancellationToken cancellation);

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>The key at a location.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public HiveKey Require(string key)
    {
        var location = Locate(key);
        return location.Hive.Find(location.Path) ?? throw new FileNotFoundException($"There is no key {location.FullPath}.");
    }
}

/// <summary>A key by its hive.</summary>
/// <param name="Hive">The hive.</param>
/// <param name="Path">The path from the hive's root.</param>
/// <param name="RootPath">The path of the hive's root as Windows shows it: <c>HKEY_LOCAL_MACHINE\SYSTEM</c>.</param>
internal readonly record struct HiveLocation(Hive Hive, string Path, string RootPath)
{
    /// <summary>The key as Windows shows it.</summary>
    public string FullPath => Path.Length == 0 ? RootPath : $"{RootPath}\\{Path}";
}
