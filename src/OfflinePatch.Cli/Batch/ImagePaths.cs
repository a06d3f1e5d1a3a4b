using System.Buffers.Binary;
using System.IO.Enumeration;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using OfflinePatch.Core;

namespace OfflinePatch.Cli.Batch;

/// <summary>The images of a command line.</summary>
internal static partial class ImagePaths
{
    private const int DepthLimit = 32;

    private static readonly HashSet<string> Endings = new(StringComparer.OrdinalIgnoreCase)
    {
        ".raw", ".img", ".vmdk", ".vhd", ".vhdx", ".vdi", ".qcow2", ".qcow", ".qed", ".zvhd", ".zvhd2", ".ova",
    };

    /// <summary>
    /// The first path that names the same file as an earlier one, or null. Links are followed, since a lock is on the file behind them.
    /// </summary>
    public static string? FirstDuplicate(IEnumerable<string> paths)
    {
        var comparer = OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase;
        var seen = new HashSet<string>(comparer);
        return paths.FirstOrDefault(path => !seen.Add(HostPaths.Resolve(path)));
    }

    /// <summary>
    /// Directories become the images in them and below them, by their endings; patterns that the shell left alone become what they match;
    /// every other word stays. The order is that of the words, and by name inside one.
    /// </summary>
    /// <exception cref="HostIOException"><c>CLI-0008</c>: nothing matches a pattern, or a directory holds no image.</exception>
    public static IReadOnlyList<string> Expand(IEnumerable<string> words)
    {
        var images = new List<string>();
        foreach (var word in words)
        {
            if (HostPaths.IsDirectory(word))
            {
                var found = new List<string>();
                Collect(word, found, 0);
                images.AddRange(found.Count > 0
                    ? WithoutLinksToOthers(found)
                    : throw Nothing($"there is no image in the directory {Path.GetFullPath(word)}",
                        $"Images are recognised by their endings: {string.Join(' ', Endings)}. Name a file that has another one."));
            }
            else if (word.AsSpan().IndexOfAny('*', '?') >= 0 && !HostPaths.FileExists(word))
            {
                var found = Match(word);
                images.AddRange(found.Count > 0 ? found : throw Nothing($"no file matches {word}", "Check the pattern."));
            }
            else
            {
                images.Add(word);
            }
        }

        return images;
    }

    /// <summary>What a directory holds, without links to images that it also holds: each is to be worked on once.</summary>
    private static IEnumerable<string> WithoutLinksToOthers(List<string> paths)
    {
        var files = paths.Where(p => !HostPaths.IsLink(p)).Select(HostPaths.Resolve).ToHashSet(StringComparer.Ordinal);
        return paths.Where(p => !HostPaths.IsLink(p) || files.Add(HostPaths.Resolve(p)));
    }

    /// <summary>The images of one of several tasks: which one an image belongs to depends on its path alone.</summary>
    /// <param name="images">All images.</param>
    /// <param name="index">The task, from 1.</param>
    /// <param name="count">The number of tasks.</param>
    public static IReadOnlyList<string> Shard(IEnumerable<string> images, int index, int count) =>
        [
            .. images.Where(i =>
                (int)(BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(i))) % (ulong)count) == index - 1)];

    /// <summary>The images in a directory, not below it.</summary>
    public static IReadOnlyList<string> In(string directory)
    {
        var images = new List<string>();
        Collect(directory, images, DepthLimit);
        return images;
    }

    /// <summary>Whether a file is a part of the VMDK of this name without its ending.</summary>
    public static bool IsPartOf(string name, string stem) =>
        PartName().Match(name) is { Success: true } match && match.Groups["stem"].Value.Equals(stem, StringComparison.OrdinalIgnoreCase);

    private static void Collect(string directory, List<string> images, int depth)
    {
        if (depth > DepthLimit)
        {
            return;
        }

        var entries = HostPaths.List(directory).OrderBy(e => e.Name, StringComparer.Ordinal).ToList();
        var names = entries.Select(e => e.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, isDirectory) in entries.Where(e => !e.Name.StartsWith('.')))
        {
            var path = Path.Combine(directory, name);
            if (isDirectory)
            {
                Collect(path, images, depth + 1);
            }
            else if (Endings.Contains(Path.GetExtension(name)) && !IsPart(name, names))
            {
                images.Add(path);
            }
        }
    }

    // server-flat.vmdk and server-s001.vmdk are parts of server.vmdk.
    private static bool IsPart(string name, HashSet<string> names) =>
        PartName().Match(name) is { Success: true } match && names.Contains(match.Groups["stem"].Value + ".vmdk");

    private static List<string> Match(string pattern)
    {
        var folder = Path.GetDirectoryName(pattern) ?? "";
        IEnumerable<string> folders = folder.AsSpan().IndexOfAny('*', '?') >= 0 ? MatchFolders(folder) : [folder];
        return
        [
            .. folders.Where(f => f.Length == 0 || HostPaths.IsDirectory(f)).SelectMany(f => HostPaths.List(f)
                .Where(e => !e.IsDirectory && IsMatch(Path.GetFileName(pattern), e.Name)).Select(e => Path.Combine(f, e.Name))
                .Order(StringComparer.Ordinal)),
        ];
    }

    private static IEnumerable<string> MatchFolders(string pattern)
    {
        var above = Path.GetDirectoryName(pattern) ?? "";
        IEnumerable<string> folders = above.AsSpan().IndexOfAny('*', '?') >= 0 ? MatchFolders(above) : [above];
        var name = Path.GetFileName(pattern);
        return folders.Where(f => f.Length == 0 || HostPaths.IsDirectory(f)).SelectMany(f => HostPaths.List(f)
            .Where(e => e.IsDirectory && IsMatch(name, e.Name)).Select(e => Path.Combine(f, e.Name)).Order(StringComparer.Ordinal));
    }

    private static bool IsMatch(string pattern, string name) =>
        (!name.StartsWith('.') || pattern.StartsWith('.'))
            && FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: OperatingSystem.IsWindows());

    private static HostIOException Nothing(string message, string remedy) => new("CLI-0008", $"{message}.", remedy, isMissing: true);

    [GeneratedRegex(@"^(?<stem>.+)-(flat|delta|sesparse|ctk|rdm|rdmp|[sf][0-9]{3})\.vmdk$",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PartName();
}
