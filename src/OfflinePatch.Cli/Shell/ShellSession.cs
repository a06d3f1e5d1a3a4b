using OfflinePatch.Cli.Commands.Fs;
using OfflinePatch.Cli.Registry;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Shell;

/// <summary>
/// Commands over one opened image: files and registry are changed in one transaction, which <c>commit</c> writes and <c>abort</c> drops.
/// </summary>
/// <param name="edit">The image.</param>
/// <param name="partition">The partition to begin with, or null for that of Windows.</param>
/// <param name="isWritable">Whether it may be changed.</param>
/// <param name="access">Who may read copies of its files.</param>
/// <param name="cancellation">Ends a command.</param>
internal sealed class ShellSession(ImageEdit edit, int? partition, bool isWritable, OutputAccess? access, CancellationToken cancellation)
{
    /// <summary>Each command, its arguments, and what it does.</summary>
    public static readonly (string Name, string Arguments, string Text)[] Commands =
    [
        ("cd", "[PATH]", "go to a directory; without PATH to the root"),
        ("pwd", "", "say where"),
        ("partition", "N", "go to another volume"),
        ("ls", "[PATH...]", "list directories, files or patterns"),
        ("tree", "[PATH]", "list everything below a directory"),
        ("cat", "PATH...", "print files"),
        ("get", "PATH... TARGET", "copy out: into a directory of this machine, or one file to its new name"),
        ("put", "SOURCE... PATH", "copy files and directories of this machine in"),
        ("mkdir", "PATH...", "create directories"),
        ("rm", "[-r] PATH...", "delete files and empty directories; -r whole trees"),
        ("mv", "FROM TO", "rename or move"),
        ("reg", "query|set|delete KEY [NAME [TYPE DATA]]",
            "show a key; set a value (types as reg set has them); delete a key, or one value"),
        ("diff", "", "list what was changed and is not written yet"),
        ("commit", "", "check and write all changes as one transaction, and end"),
        ("abort", "", "drop all changes, and end"),
        ("help", "", "list the commands"),
        ("exit", "", "end; refused while there are changes"),
    ];

    private int? _partition = partition;
    private string _directory = "";
    private readonly List<string> _registryChanges = []; // in order
    private bool _hasChanges;

    /// <summary>Whether the shell is at its end.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>Whether there are changes that are not written.</summary>
    public bool HasChanges => _hasChanges;

    /// <summary>What the commit wrote; null before.</summary>
    public EditResult? Written { get; private set; }

    /// <summary>The prompt: the volume and the directory.</summary>
    public string Prompt => $"{(_partition is { } number ? $"{number}:" : "")}\\{_directory}> ";

    private GuestVolume Volume => edit.FindVolume(_partition);

    private IFileSystem Files => Volume.FileSystem!;

    /// <summary>Runs one line.</summary>
    /// <exception cref="UsageException">The line means nothing.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="RefusedException">It would do harm.</exception>
    /// <exception cref="HostIOException">The host failed.</exception>
    public void Run(string line)
    {
        var words = ShellWords.Split(line);
        if (words.Length == 0)
        {
            return;
        }

        RunLog.Trace?.Invoke($"shell: {line.Trim()}");
        try
        {
            Run(words);
        }
        catch (ReaderGoneException)
        {
            // Nobody reads what this line prints. The lines after it change the image all the same.
        }
    }

    private void Run(string[] words)
    {
        var arguments = words[1..];
        switch (words[0])
        {
            case "cd":
                ChangeDirectory(arguments.Length == 0 ? "\\" : One(words));
                break;
            case "pwd":
                Output.Line($"\\{_directory}");
                break;
            case "partition":
                ChangePartition(One(words));
                break;
            case "ls":
                List(arguments);
                break;
            case "tree":
                Tree(arguments.Length == 0 ? "" : One(words));
                break;
            case "cat":
                foreach (var path in Some(words, 1))
                {
                    using var content = FsCatCommand.Open(Files, Resolve(path));
                    FsCatCommand.Write(content, cancellation);
                }

                break;
            case "get":
                Get(Some(words, 2));
                break;
            case "put":
                if (words.Contains("-", StringComparer.Ordinal))
                {
                    throw new UsageException("standard input holds the commands; put takes files");
                }

                Changed(f => FsPutCommand.Put(f, [.. Some(words, 2)[..^1], Resolve(words[^1], keepsEnd: true)], cancellation));
                break;
            case "mkdir":
                Changed(f => Some(words, 1).ToList().ForEach(p => f.CreateDirectory(Resolve(p))));
                break;
            case "rm":
                var isRecursive = arguments is ["-r" or "-R" or "-rf", ..];
                Changed(f =>
                    FsRemoveCommand.Remove(f, [.. (isRecursive ? arguments[1..] : Some(words, 1)).Select(p => Resolve(p))], isRecursive,
                        isForced: false, cancellation));
                break;
            case "mv":
                Changed(f => FsMoveCommand.Move(f, [.. Some(words, 2).Select(p => Resolve(p))]));
                break;
            case "reg":
                Registry(arguments);
                break;
            case "diff":
                Diff();
                break;
            case "commit":
                RequireWritable();
                Written = edit.Commit(cancellation);
                _hasChanges = false;
                IsEnded = true;
                break;
            case "abort":
                Output.Line(_hasChanges ? "The changes were dropped; nothing was written." : "There were no changes.");
                _hasChanges = false;
                IsEnded = true;
                break;
            case "exit" or "quit":
                IsEnded = !_hasChanges
                    ? true
                    : throw new UsageException("there are changes that are not written", "`commit` writes them, `abort` drops them.");
                break;
            case "help":
                foreach (var (name, form, text) in Commands)
                {
                    Paragraph.Write($"  {$"{name} {form}",-48} ", 51, text);
                }

                break;
            default:
                var meant = Words.Suggestion.For(words[0], Commands.Select(c => c.Name));
                throw new UsageException($"unknown command {words[0]}{(meant is null ? "" : $"; did you mean {meant}?")}",
                    "`help` lists the commands.");
        }
    }

    private static string[] Some(string[] words, int least) => words.Length > least ? words[1..] : throw new UsageException(
        $"{words[0]}: {Commands.First(c => c.Name == words[0]).Arguments} is expected");

    private static string One(string[] words) => words.Length == 2 ? words[1] : throw new UsageException($"{words[0]} takes one word");

    private string Resolve(string path, bool keepsEnd = false)
    {
        var isAbsolute = path.StartsWith('/') || path.StartsWith('\\')
            || (path.Length >= 2 && path[1] == ':' && char.IsAsciiLetter(path[0]));
        var names = isAbsolute ? [] : FilePath.Split(_directory).ToList();
        foreach (var name in FilePath.Split(GuestPath.Normalize(path)))
        {
            if (name == "..")
            {
                names.RemoveRange(Math.Max(0, names.Count - 1), Math.Min(1, names.Count));
            }
            else if (name != ".")
            {
                names.Add(name);
            }
        }

        return string.Join('\\', names) + (keepsEnd && (path.EndsWith('/') || path.EndsWith('\\')) && names.Count > 0 ? "\\" : "");
    }

    private void ChangeDirectory(string path)
    {
        var target = Resolve(path);
        _directory = target.Length == 0 || Files.DirectoryExists(target)
            ? target
            : throw new FileNotFoundException($"There is no directory {path}.", path);
    }

    private void ChangePartition(string word)
    {
        var number = int.TryParse(word, System.Globalization.CultureInfo.InvariantCulture, out var parsed)
            ? parsed
            : throw new UsageException($"partition takes a number, not '{word}'");
        edit.FindVolume(number);
        _partition = number;
        _directory = "";
    }

    private void List(string[] paths)
    {
        using var output = Output.OpenBulk();
        foreach (var (_, entry) in (paths.Length == 0 ? [_directory] : paths.Select(p => Resolve(p)))
            .SelectMany(p => FsListCommand.List(Files, p)))
        {
            cancellation.ThrowIfCancellationRequested();
            FsListCommand.WriteLine(output, entry, entry.Name);
        }
    }

    private void Tree(string path)
    {
        using var output = Output.OpenBulk();
        foreach (var (name, entry) in FsTreeCommand.Walk(Files, Resolve(path)))
        {
            cancellation.ThrowIfCancellationRequested();
            FsListCommand.WriteLine(output, entry, name);
        }
    }

    private void Get(string[] words)
    {
        var copy = new GuestCopy(Files, access, cancellation);
        string[] paths = [.. words[..^1].Select(p => Resolve(p))];
        if (HostPaths.FileExists(words[^1]))
        {
            throw new UsageException($"{words[^1]} is a file, and is not replaced");
        }

        _ = FsGetCommand.IsFileName(Files, [.. paths, words[^1]], words[^1])
            ? copy.RunFile(paths[0], words[^1])
            : copy.Run(paths, words[^1]);
    }

    private void Registry(string[] words)
    {
        if (words is not [var action, var key, .. var rest])
        {
            throw new UsageException("reg: query|set|delete KEY [NAME [TYPE DATA]] is expected");
        }

        var location = edit.Registry.Locate(key);
        switch (action)
        {
            case "query":
                using (var output = Output.OpenBulk())
                {
                    RegistryView.Print(output, edit.Registry.Require(key), location.FullPath, recursive: false,
                        rest.Length > 0 ? rest[0] : null);
                }

                break;
            case "set" or "add":
                RequireWritable();
                var opened = location.Hive.Create(location.Path);
                if (rest.Length > 0)
                {
                    var type = ValueArgument.TypeOf(rest.Length > 1 ? rest[1] : "sz")
                        ?? throw new UsageException($"there is no type {rest[1]}; one of {string.Join(", ", ValueArgument.Types)}");
                    var data = rest.Length > 2 ? string.Join(' ', rest[2..]) : "";
                    var content = ValueArgument.Parse(type, data, "\\0") ?? throw new UsageException($"'{data}' is not {type} data");
                    opened.SetValue(rest[0], content.Type, content.Data);
                }

                RegistryChanged($"set      {location.FullPath}{(rest.Length > 0 ? "\\" + rest[0] : "")}");
                break;
            case "delete":
                RequireWritable();
                if (!(rest.Length > 0
                    ? edit.Registry.Require(key).DeleteValue(rest[0])
                    : location.Hive.Root.DeleteSubKeyTree(location.Path)))
                {
                    throw new FileNotFoundException(
                        $"There is no {(rest.Length > 0 ? $"value '{rest[0]}' in " : "key ")}{location.FullPath}.");
                }

                RegistryChanged($"deleted  {location.FullPath}{(rest.Length > 0 ? "\\" + rest[0] : "")}");
                break;
            default:
                throw new UsageException($"reg {action}: query, set or delete is expected");
        }
    }

    private void Diff()
    {
        foreach (var file in edit.Machine.Changes.Files)
        {
            Output.Line($"{file.Kind.ToString().ToLowerInvariant(),-9}{file.Path}"
                + (file.Kind == FileChangeKind.Deleted ? "" : $" ({file.Length} bytes)"));
        }

        foreach (var change in _registryChanges)
        {
            Output.Line(change);
        }

        if (!_hasChanges)
        {
            Output.Line("nothing was changed");
        }
    }

    private void RegistryChanged(string change)
    {
        _registryChanges.Add(change);
        _hasChanges = true;
    }

    private void Changed(Action<IWritableFileSystem> change)
    {
        RequireWritable();
        change(edit.OpenVolume(_partition));
        _hasChanges = true;
    }

    private void RequireWritable()
    {
        if (!isWritable)
        {
            throw new UsageException("the image was opened to be read (--read-only)");
        }
    }
}
