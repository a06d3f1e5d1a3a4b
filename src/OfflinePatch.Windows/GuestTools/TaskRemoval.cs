using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.GuestTools;

/// <summary>
/// Scheduled tasks of a product: <c>System32\Tasks\PATH</c> and <c>Schedule\TaskCache</c>: <c>Tree\PATH</c> (value Id) and that id below
/// Tasks, Plain, Boot, Logon and Maintenance ([MS-TSCH] and hives of Windows). A task is a product's when it has the name that the product
/// gives it, or when its program is in a folder of the product.
/// </summary>
internal static class TaskRemoval
{
    private const string Cache = @"Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache";
    private const int MaximumTasks = 20_000;
    private const int MaximumFile = 1 << 20;

    private static readonly string[] Lists = ["Tasks", "Plain", "Boot", "Logon", "Maintenance"];

    public static IEnumerable<ToolsStep> Steps(WindowsSystem system, ToolsProduct product, GuestPaths paths)
    {
        var root = system.Software.Root.Find(Cache);
        var files = system.Volume.RequireFiles();
        var done = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (path, key) in Tree(root))
        {
            var id = key.GetString("Id") ?? "";
            if (IsNamed(product, path) || paths.IsNamedIn(root?.Find($@"Tasks\{id}")?.GetBinary("Actions") ?? []))
            {
                done.Add(path);
                yield return new ToolsStep($@"scheduled task \{path}", () => Delete(system, path, id));
            }
        }

        foreach (var path in Files(system, files))
        {
            if (done.Add(path) && (IsNamed(product, path) || paths.IsNamedIn(Content(files, system.PathOf($@"System32\Tasks\{path}")))))
            {
                yield return new ToolsStep($@"file of the scheduled task \{path}", () => Delete(system, path, ""));
            }
        }

        // A task that lost its name in the tree, and not yet its record.
        foreach (var key in root?.Find("Tasks")?.SubKeys.Take(MaximumTasks) ?? [])
        {
            var path = (key.GetString("Path") ?? "").TrimStart('\\');
            if (!done.Contains(path) && ((path.Length > 0 && IsNamed(product, path)) || paths.IsNamedIn(key.GetBinary("Actions") ?? [])))
            {
                yield return new ToolsStep($@"{key.Path} (\{path})", () => DeleteRecords(root!, key.Name));
            }
        }
    }

    private static bool IsNamed(ToolsProduct product, string path) => product.Tasks.Any(t => t.EndsWith('*')
        ? path.StartsWith(t[..^1], StringComparison.OrdinalIgnoreCase)
        : path.Equals(t, StringComparison.OrdinalIgnoreCase));

    private static bool IsNamedIn(this GuestPaths paths, byte[] content)
    {
        var wide = Encoding.Unicode.GetString(content);
        var odd = content.Length > 1 ? Encoding.Unicode.GetString(content, 1, content.Length - 1) : "";
        var narrow = Encoding.Latin1.GetString(content);
        return paths.Folders.Concat(paths.Files).Any(f => Names(wide, f) || Names(odd, f) || Names(narrow, f));
    }

    private static bool Names(string text, string path)
    {
        var at = text.IndexOf('\\' + path, StringComparison.OrdinalIgnoreCase);
        if (at < 0 && path.StartsWith(@"Program Files\", StringComparison.OrdinalIgnoreCase))
        {
            at = text.IndexOf("%ProgramFiles%" + path["Program Files".Length..], StringComparison.OrdinalIgnoreCase);
            return at >= 0;
        }

        return at >= 0 && (at + 1 + path.Length == text.Length || !char.IsLetterOrDigit(text[at + 1 + path.Length]));
    }

    private static void Delete(WindowsSystem system, string path, string id)
    {
        var root = system.Software.Root.Find(Cache);
        root?.DeleteSubKeyTree($@"Tree\{path}");
        if (id.Length > 0 && root is not null)
        {
            DeleteRecords(root, id);
        }

        system.Files.DeleteIfPresent(system.PathOf($@"System32\Tasks\{path}"));

        // Folders that held nothing else.
        for (var folder = FilePath.ParentOf(path); folder.Length > 0; folder = FilePath.ParentOf(folder))
        {
            FolderRemoval.DeleteEmpty(system.Files, system.PathOf($@"System32\Tasks\{folder}"));
            if (root?.Find($@"Tree\{folder}") is { } key && !key.SubKeys.Any() && !key.HasValue("Id"))
            {
                root.DeleteSubKeyTree($@"Tree\{folder}");
            }
        }
    }

    private static void DeleteRecords(GuestKey root, string id)
    {
        foreach (var list in Lists)
        {
            root.DeleteSubKeyTree($@"{list}\{id}");
        }
    }

    private static List<(string Path, GuestKey Key)> Tree(GuestKey? root)
    {
        var found = new List<(string, GuestKey)>();
        var pending = new Queue<(string, GuestKey)>();
        if (root?.Find("Tree") is { } tree)
        {
            pending.Enqueue(("", tree));
        }

        while (found.Count < MaximumTasks && pending.TryDequeue(out var next))
        {
            foreach (var key in next.Item2.SubKeys)
            {
                var path = next.Item1.Length == 0 ? key.Name : $@"{next.Item1}\{key.Name}";
                pending.Enqueue((path, key));
                if (key.HasValue("Id"))
                {
                    found.Add((path, key));
                }
            }
        }

        return found;
    }

    private static List<string> Files(WindowsSystem system, IFileSystem files)
    {
        var root = system.PathOf(@"System32\Tasks");
        var found = new List<string>();
        var folders = new Queue<string>(files.DirectoryExists(root) ? [""] : []);
        while (found.Count < MaximumTasks && folders.TryDequeue(out var folder))
        {
            foreach (var entry in files.Enumerate(folder.Length == 0 ? root : $@"{root}\{folder}"))
            {
                var path = folder.Length == 0 ? entry.Name : $@"{folder}\{entry.Name}";
                if (!entry.IsDirectory)
                {
                    found.Add(path);
                }
                else if ((entry.Attributes & FileAttributes.ReparsePoint) == 0)
                {
                    folders.Enqueue(path);
                }
            }
        }

        return found;
    }

    private static byte[] Content(IFileSystem files, string path) =>
        files.Find(path) is { IsDirectory: false, Length: > 0 and < MaximumFile } ? files.ReadFile(path, MaximumFile) : [];
}
