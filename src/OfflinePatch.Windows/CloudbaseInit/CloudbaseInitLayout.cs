using OfflinePatch.Core;

namespace OfflinePatch.Windows.CloudbaseInit;

/// <summary>What is where in a directory of Cloudbase-Init, packed or installed (boot-network-accounts.md §7.1).</summary>
internal static class CloudbaseInitLayout
{
    public const string Python = @"Python\python.exe";
    public const string Program = @"Python\Scripts\cloudbase-init.exe";
    public const string ConfigurationDirectory = "conf";
    public const string Configuration = @"conf\cloudbase-init.conf";
    public const string UnattendConfiguration = @"conf\cloudbase-init-unattend.conf";
    public const string Unattend = @"conf\Unattend.xml";
    public const string LogDirectory = "Log";
    public const string ScriptsDirectory = "LocalScripts";

    /// <summary>What the service's command line needs besides its own program.</summary>
    public static IReadOnlyList<string> RequiredFiles { get; } = [Python, Program];

    /// <summary>The version, from the metadata that Python's installer leaves: <c>cloudbase_init-1.1.6.dist-info</c>.</summary>
    public static string? FindVersion(IFileSystem tree, string root)
    {
        const string Prefix = "cloudbase_init-";
        var packages = FilePath.Join(root, @"Python\Lib\site-packages");
        if (!tree.DirectoryExists(packages))
        {
            return null;
        }

        foreach (var entry in tree.Enumerate(packages))
        {
            if (entry.Name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
                && (entry.Name.Contains(".dist-info", StringComparison.OrdinalIgnoreCase)
                    || entry.Name.Contains(".egg", StringComparison.OrdinalIgnoreCase)))
            {
                var version = new string([.. entry.Name.Skip(Prefix.Length).TakeWhile(c => char.IsAsciiDigit(c) || c == '.')]).TrimEnd('.');
                return version.Length > 0 ? version : null;
            }
        }

        return null;
    }

    /// <summary>
    /// Python 3.5 and later is built with the Universal C Runtime: vcruntime140.dll is next to it, and api-ms-win-crt files where it
    /// brings its own.
    /// </summary>
    public static bool NeedsUniversalRuntime(Predicate<string> hasFile) =>
        hasFile(@"Python\vcruntime140.dll") && !hasFile(@"Python\ucrtbase.dll") && !hasFile(@"Python\api-ms-win-crt-runtime-l1-1-0.dll");
}
