using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.GuestTools;

/// <summary>
/// COM classes, type libraries and programs in <c>SOFTWARE\Classes</c> and <c>App Paths</c>. The path of the server decides: one in the
/// product's folder is the product's.
/// </summary>
internal static class ClassRegistration
{
    private const int MaximumKeys = 200_000;

    private static readonly string[] Roots = ["Classes", @"Classes\WOW6432Node", @"WOW6432Node\Classes"];
    private static readonly string[] Servers = ["InprocServer32", "InprocHandler32", "LocalServer32"];
    private static readonly string[] Programs = [@"Microsoft\Windows\CurrentVersion\App Paths",
        @"WOW6432Node\Microsoft\Windows\CurrentVersion\App Paths"];

    public static IEnumerable<ToolsStep> Steps(ToolsScope scope)
    {
        var software = scope.System.Software.Root;
        if (scope.Paths.Folders.Count == 0 && scope.Paths.Files.Count == 0)
        {
            yield break;
        }

        foreach (var root in Roots.Select(r => software.Find(r)).OfType<GuestKey>())
        {
            var applications = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            foreach (var type in (root.Find("CLSID")?.SubKeys ?? []).Take(MaximumKeys)
                .Where(k => Servers.Any(s => scope.Paths.Owns(k.Find(s)?.GetString("")))).ToList())
            {
                foreach (var name in ((string[])["ProgID", "VersionIndependentProgID"]).Select(n => type.Find(n)?.GetString(""))
                    .OfType<string>().Where(n => n.Length > 0))
                {
                    if (software.Find($@"Classes\{name}") is { } programId
                        && type.Name.Equals(programId.Find("CLSID")?.GetString(""), StringComparison.OrdinalIgnoreCase))
                    {
                        yield return RegistrySteps.Tree(programId);
                    }
                }

                if (type.GetString("AppID") is { } application)
                {
                    applications.Add(application);
                }

                yield return RegistrySteps.Tree(type);
            }

            foreach (var library in (root.Find("TypeLib")?.SubKeys ?? []).Take(MaximumKeys).Where(k => IsOwnLibrary(scope.Paths, k))
                .ToList())
            {
                yield return RegistrySteps.Tree(library);
            }

            foreach (var application in (root.Find("AppID")?.SubKeys ?? []).Where(k => applications.Contains(k.Name)
                || (k.GetString("AppID") is { } id && applications.Contains(id))
                || (k.GetString("LocalService") is { } s && scope.Services.Contains(s))).ToList())
            {
                yield return RegistrySteps.Tree(application);
            }
        }

        foreach (var program in Programs.SelectMany(p => software.Find(p)?.SubKeys ?? []).Where(k => scope.Paths.Owns(k.GetString("")))
            .ToList())
        {
            yield return RegistrySteps.Tree(program);
        }
    }

    /// <summary>Every file of a library is the product's: TypeLib\{ID}\VERSION\LANGUAGE\win32.</summary>
    private static bool IsOwnLibrary(GuestPaths paths, GuestKey library)
    {
        var files = library.SubKeys.SelectMany(v => v.SubKeys).SelectMany(l => l.SubKeys)
            .Where(p => p.Name.StartsWith("win", StringComparison.OrdinalIgnoreCase)).Select(p => p.GetString("")).OfType<string>()
            .ToList();
        return files.Count > 0 && files.TrueForAll(paths.Owns);
    }
}
