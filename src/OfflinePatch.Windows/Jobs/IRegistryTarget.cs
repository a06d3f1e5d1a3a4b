using OfflinePatch.Core;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Check;
using OfflinePatch.Registry.Logs;

namespace OfflinePatch.Windows.Jobs;

/// <summary>A registry that can be read and edited offline: the hives of an image, or one bare hive file.</summary>
public interface IRegistryTarget
{
    /// <summary>
    /// The hive and path of a key. In an image <c>HKLM\SYSTEM\…</c> (CurrentControlSet resolves) or <c>HKU\PROFILE\…</c>; in a hive file
    /// from its root.
    /// </summary>
    /// <exception cref="UnsupportedImageException"><c>JOB-0010</c>: there is no such hive.</exception>
    HiveLocation Locate(string key);

    /// <summary>
    /// The hives below a key that is above them, by their full paths: below nothing the roots, below <c>HKLM</c> the hives of the machine,
    /// below <c>HKU</c> those of its users. Null for a key inside a hive.
    /// </summary>
    IReadOnlyList<string>? RootsBelow(string key);

    /// <summary>The hive and path for a key as .reg text names it, always with a root such as <c>HKEY_LOCAL_MACHINE</c>.</summary>
    /// <exception cref="UnsupportedImageException"><c>JOB-0010</c>: there is no such hive.</exception>
    HiveLocation LocateImport(string key);

    /// <summary>The boot configuration store: the hive itself, or the store that the machine boots with.</summary>
    /// <exception cref="UnsupportedImageException"><c>JOB-0010</c>: there is none.</exception>
    Hive BootStore();

    /// <summary>Checks every hive.</summary>
    IReadOnlyList<(string Name, HiveCheckReport Report)> Check();

    /// <summary>Recovers dirty hives from their logs; they are written with the next commit. Returns what was done, hive by hive.</summary>
    /// <exception cref="RefusedException">A hive is dirty, and its logs cannot recover it.</exception>
    IReadOnlyList<(string Name, HiveRecovery Recovery)> Replay();

    /// <summary>The key at a location.</summary>
    /// <exception cref="UnsupportedImageException"><c>JOB-0010</c>, <c>JOB-0011</c>: there is no such hive or key.</exception>
    HiveKey Require(string key)
    {
        var location = Locate(key);
        return location.Hive.Find(location.Path) ?? throw JobError.NoKey(location.FullPath);
    }
}

/// <summary>A key by its hive.</summary>
/// <param name="Hive">The hive.</param>
/// <param name="Path">The path from the root of the hive.</param>
/// <param name="RootPath">The path of the root as Windows shows it: <c>HKEY_LOCAL_MACHINE\SYSTEM</c>.</param>
public readonly record struct HiveLocation(Hive Hive, string Path, string RootPath)
{
    /// <summary>The key as Windows shows it.</summary>
    public string FullPath => Path.Length == 0 ? RootPath : $"{RootPath}\\{Path}";
}
