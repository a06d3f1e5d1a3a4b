using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using OfflinePatch.Core;
using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>The names that a package has in a Windows: <c>oemN.inf</c>, and its directory in the driver store.</summary>
/// <param name="Published"><c>oem3.inf</c>.</param>
/// <param name="Package"><c>viostor.inf_amd64_0123456789abcdef</c>.</param>
internal sealed record PublishedNames(string Published, string Package)
{
    /// <summary>Highest N that is considered: the bitmap OemInfMap of real machines has some dozens of bits.</summary>
    public const int Maximum = 8192;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    /// <summary>N of <see cref="Published"/>.</summary>
    public int Number => NumberOf(Published) ?? -1;

    /// <summary>The name of the published catalogue: <c>oem3.cat</c>.</summary>
    public string Catalog => System.IO.Path.ChangeExtension(Published, ".cat");

    /// <summary>N of a name <c>oemN.inf</c>, or null.</summary>
    public static int? NumberOf(string name) =>
        name.Length > 7 && name.StartsWith("oem", StringComparison.OrdinalIgnoreCase)
            && name.EndsWith(".inf", StringComparison.OrdinalIgnoreCase)
        && int.TryParse(name.AsSpan(3, name.Length - 7), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number < Maximum
            ? number
            : null;

    /// <summary>
    /// Whether a directory name has the form that Windows demands: <c>name.inf_arch_16hex</c> (a locale or "neutral" before the digits on
    /// Windows 7).
    /// </summary>
    public static bool IsPackageName(string name, string infName, ProcessorArchitecture architecture)
    {
        var prefix = $"{infName}_{architecture.InfName()}_";
        return name.Length == prefix.Length + 16 && name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)
            && !name.AsSpan(prefix.Length).ContainsAnyExcept(HexDigits);
    }

    /// <summary>Chooses the names of a new package: the lowest free N, and a directory name from the package's own content.</summary>
    /// <exception cref="RefusedException"><c>STG-0001</c>: no N is free.</exception>
    public static PublishedNames Choose(WindowsSystem system, DriverPackage package, ProcessorArchitecture architecture)
    {
        var used = new HashSet<int>(OemInfMap.Read(system));
        foreach (var entry in system.Files.DirectoryExists(system.PathOf("INF")) ? system.Files.Enumerate(system.PathOf("INF")) : [])
        {
            used.Add(NumberOf(entry.Name) ?? -1);
        }

        foreach (var hive in (HiveName[])[HiveName.System, HiveName.Drivers])
        {
            foreach (var key in system.Find(hive)?.Root.Find(@"DriverDatabase\DriverInfFiles")?.SubKeys ?? [])
            {
                used.Add(NumberOf(key.Name) ?? -1);
            }
        }

        for (var number = 0; number < Maximum; number++)
        {
            if (!used.Contains(number))
            {
                return new PublishedNames($"oem{number}.inf", PackageName(package, architecture));
            }
        }

        throw DriverStoreError.NoFreeName(system.GuestPath(system.PathOf("INF")));
    }

    /// <summary>Deletes what has a published name (INF, its compiled form, catalogue), and frees the number.</summary>
    public static void Delete(WindowsSystem system, string published)
    {
        foreach (var path in (string[])
            [
                $@"INF\{published}", $@"INF\{System.IO.Path.ChangeExtension(published, ".pnf")}",
                $@"{StagedFiles.CatalogRoot}\{System.IO.Path.ChangeExtension(published, ".cat")}",
            ])
        {
            system.Files.DeleteIfPresent(system.PathOf(path));
        }

        foreach (var hive in (HiveName[])[HiveName.System, HiveName.Drivers])
        {
            if (system.Find(hive)?.Root.Find("DriverDatabase") is { } database)
            {
                OemInfMap.Remove(database, NumberOf(published) ?? -1);
            }
        }
    }

    /// <summary>
    /// The directory in the driver store. Windows' own hash is not public; a directory that was exported from a driver store keeps its
    /// name, any other gets 16 digits from the SHA-256 of INF and catalogue, so that the same package always has the same name (drivers.md
    /// §3.1).
    /// </summary>
    public static string PackageName(DriverPackage package, ProcessorArchitecture architecture)
    {
        var inf = package.InfName.ToLowerInvariant();
        var folder = FilePath.NameOf(package.Folder);
        if (IsPackageName(folder, inf, architecture))
        {
            return folder.ToLowerInvariant();
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(package.InfContent);
        if (package.CatalogName(architecture) is { } catalog && package.ReadFile(catalog) is { } content)
        {
            hash.AppendData(content);
        }

        return $"{inf}_{architecture.InfName()}_{Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8))}";
    }
}
