using OfflinePatch.Core;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.BootStore;

/// <summary>
/// The boot files that Windows keeps in <c>\Windows\Boot</c>, and where bcdboot puts them. UEFI: <c>EFI\*</c>, <c>Fonts</c>,
/// <c>Resources</c> → <c>\EFI\Microsoft\Boot</c>. BIOS: <c>PCAT\bootmgr</c> → <c>\bootmgr</c>, <c>PCAT\bootnxt</c> → <c>\BOOTNXT</c>, the
/// rest of <c>PCAT</c>, <c>Fonts</c>, <c>Resources</c> → <c>\Boot</c>. Source: learn.microsoft.com, "BCDBoot Command-Line Options".
/// </summary>
internal sealed class BootFileSet
{
    private const int MaxFiles = 4096;
    private const int MaxDepth = 4;
    private const int MaxFile = 64 << 20;
    private const long MaxTotal = 512L << 20;

    private readonly IFileSystem _files;
    private readonly List<(string Source, string Target, long Length)> _items = [];
    private string? _missing;

    private BootFileSet(IFileSystem files) => _files = files;

    /// <summary>Bytes of all files.</summary>
    public long Length => _items.Sum(i => i.Length);

    /// <summary>What is missing so that the set cannot start a machine, or else <see cref="Excess"/>; or null.</summary>
    public string? Problem => _missing ?? Excess;

    /// <summary>Why the folder is not one of boot files alone, and nothing of it is copied; or null.</summary>
    public string? Excess { get; private set; }

    /// <summary>Lists the files of an installation for a firmware; reads no content.</summary>
    public static BootFileSet Find(WindowsSystem windows, Firmware firmware)
    {
        var set = new BootFileSet(windows.Volume.RequireFiles());
        var source = windows.PathOf("Boot");
        var target = firmware == Firmware.Uefi ? @"EFI\Microsoft\Boot" : "Boot";
        var own = source + (firmware == Firmware.Uefi ? @"\EFI" : @"\PCAT");
        set.Add(own, target, 0);
        set.Add(source + @"\Fonts", target + @"\Fonts", 0);
        set.Add(source + @"\Resources", target + @"\Resources", 0);
        if (firmware == Firmware.Bios)
        {
            set.Rename(@"Boot\bootmgr", "bootmgr");
            set.Rename(@"Boot\bootnxt", "BOOTNXT");
        }

        var loader = firmware == Firmware.Uefi ? BootFilesFinder.UefiBootManager : BootFilesFinder.BiosBootManager;
        if (!set._items.Exists(i => i.Target.Equals(loader, StringComparison.OrdinalIgnoreCase) && i.Length > 0))
        {
            set._missing = $@"Windows' own copy of the boot manager, \{own}\{System.IO.Path.GetFileName(loader.Replace('\\', '/'))}, is "
                + @"missing";
        }

        if (set._items.Count > MaxFiles || set.Length > MaxTotal || set._items.Exists(i => i.Length > MaxFile))
        {
            set.Excess = $@"\{source} holds more than boot files: {set._items.Count} files, {set.Length} bytes";
        }

        return set;
    }

    /// <summary>The files that a volume does not have, or has empty.</summary>
    public IReadOnlyList<string> MissingOn(IFileSystem volume) =>
        [.. _items.Where(i => volume.Find(i.Target) is not { IsDirectory: false, Length: > 0 }).Select(i => i.Target)];

    /// <summary>Bytes of some of the files.</summary>
    /// <param name="targets">Their places, as <see cref="MissingOn"/> gives them.</param>
    public long LengthOf(IReadOnlyCollection<string> targets) => _items.Where(i => targets.Contains(i.Target)).Sum(i => i.Length);

    /// <summary>Copies what <see cref="MissingOn"/> lists. Files that are there stay.</summary>
    /// <param name="volume">The system partition.</param>
    public void CopyMissing(IWritableFileSystem volume)
    {
        foreach (var (source, target, length) in _items.Where(i => volume.Find(i.Target) is not { IsDirectory: false, Length: > 0 })
            .ToList())
        {
            if (FilePath.ParentOf(target) is { Length: > 0 } folder)
            {
                volume.CreateDirectory(folder);
            }

            using var content = _files.OpenRead(source);
            volume.WriteFile(target, content, length);
        }
    }

    private void Add(string source, string target, int depth)
    {
        if (depth > MaxDepth || _items.Count > MaxFiles || !_files.DirectoryExists(source))
        {
            return;
        }

        foreach (var entry in _files.Enumerate(source).OrderBy(e => e.Name, StringComparer.OrdinalIgnoreCase).ToList())
        {
            if (entry.IsDirectory)
            {
                Add($@"{source}\{entry.Name}", $@"{target}\{entry.Name}", depth + 1);
            }
            else if (entry.Length > 0)
            {
                _items.Add(($@"{source}\{entry.Name}", $@"{target}\{entry.Name}", entry.Length));
            }
        }
    }

    private void Rename(string target, string wanted)
    {
        var index = _items.FindIndex(i => i.Target.Equals(target, StringComparison.OrdinalIgnoreCase));
        if (index >= 0)
        {
            _items[index] = _items[index] with { Target = wanted };
        }
    }
}
