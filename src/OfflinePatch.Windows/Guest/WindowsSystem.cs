using OfflinePatch.Core;

namespace OfflinePatch.Windows.Guest;

/// <summary>
/// A Windows installation: its volume, its directory, its hives. Hives are opened when first asked for, edited in memory, and written back
/// together by <see cref="WriteBack"/>.
/// </summary>
public sealed class WindowsSystem
{
    private const int MaximumControlSets = 1000; // ControlSet000 to ControlSet999 is all that the name can say

    private readonly Dictionary<HiveName, HiveLoad> _hives = [];
    private readonly Dictionary<string, HiveLoad> _users = new(StringComparer.OrdinalIgnoreCase);
    private readonly ChangeLog _changes;
    private List<ControlSet>? _controlSets;
    private WindowsFacts? _facts;

    /// <param name="volume">The volume that holds it.</param>
    /// <param name="systemRoot">The Windows directory on that volume, without leading separator: <c>Windows</c>.</param>
    /// <param name="changes">Where changes are recorded.</param>
    public WindowsSystem(GuestVolume volume, string systemRoot, ChangeLog changes)
    {
        Volume = volume;
        SystemRoot = systemRoot;
        _changes = changes;
    }

    /// <summary>The volume that holds it.</summary>
    public GuestVolume Volume { get; }

    /// <summary>The Windows directory on <see cref="Volume"/>, without leading separator: <c>Windows</c>.</summary>
    public string SystemRoot { get; }

    /// <summary>The letter that this Windows gives its own volume, with colon; <c>C:</c> when nothing says otherwise.</summary>
    public string DriveLetter { get; set; } = "C:";

    /// <summary>The files of its volume; changes are recorded.</summary>
    public IWritableFileSystem Files => Volume.RequireWritable();

    /// <summary>HKLM\SYSTEM.</summary>
    /// <exception cref="CorruptImageException"><c>WIN-0002</c>: there is none, or it is damaged.</exception>
    /// <exception cref="RefusedException">It is dirty, and its logs cannot make it whole.</exception>
    public GuestHive System => Require(HiveName.System);

    /// <summary>HKLM\SOFTWARE.</summary>
    /// <exception cref="CorruptImageException"><c>WIN-0002</c>: there is none, or it is damaged.</exception>
    /// <exception cref="RefusedException">It is dirty, and its logs cannot make it whole.</exception>
    public GuestHive Software => Require(HiveName.Software);

    /// <summary>Every ControlSetNNN, the current one first.</summary>
    /// <exception cref="CorruptImageException"><c>WIN-0003</c>: Select\Current names no control set.</exception>
    public IReadOnlyList<ControlSet> ControlSets => _controlSets ??= ReadControlSets();

    /// <summary>The control set that ran last (Select\Current).</summary>
    public ControlSet Current => ControlSets[0];

    /// <summary>
    /// The control sets that a boot can use without user action: the current and the default one (nearly always the same).
    /// </summary>
    public IEnumerable<ControlSet> BootControlSets => ControlSets.Where(s => s.IsCurrent || s.IsDefault);

    /// <summary>
    /// The name of <see cref="Current"/>; null when SYSTEM cannot be read or Select names no control set, which the gates report.
    /// </summary>
    public string? ControlSetName
    {
        get
        {
            try
            {
                return Load(HiveName.System).Hive is null ? null : Current.Name;
            }
            catch (CorruptImageException)
            {
                return null;
            }
        }
    }

    /// <summary>What it says it is.</summary>
    public WindowsFacts Facts => _facts ??= FactsReader.Read(this);

    /// <summary>A path in the Windows directory: <c>System32\drivers</c> gives <c>Windows\System32\drivers</c>.</summary>
    public string PathOf(string relativePath) => SystemRoot + '\\' + relativePath;

    /// <summary>A path of the volume as this Windows calls it: <c>Windows\System32</c> gives <c>C:\Windows\System32</c>.</summary>
    public string GuestPath(string volumePath) => DriveLetter + '\\' + volumePath.TrimStart('\\', '/').Replace('/', '\\');

    /// <summary>Opens a hive, and says why when it cannot be opened.</summary>
    public HiveLoad Load(HiveName name)
    {
        if (!_hives.TryGetValue(name, out var load))
        {
            var path = PathOf(@"System32\config\" + name.FileName());
            load = Load(Volume, path, name.RootPath(), _changes);
            _hives.Add(name, load);
        }

        return load;
    }

    /// <summary>Opens the hive of a user by the name of its folder in <c>\Users</c>, and says why when it cannot be opened.</summary>
    public HiveLoad LoadUser(string profile) => LoadProfile($@"Users\{profile}");

    /// <summary>Opens the hive of a profile by its folder on <see cref="Volume"/>, and says why when it cannot be opened.</summary>
    internal HiveLoad LoadProfile(string folder)
    {
        if (!_users.TryGetValue(folder, out var load))
        {
            load = Load(Volume, $@"{folder}\NTUSER.DAT", $@"HKU\{FilePath.NameOf(folder)}", _changes);
            _users.Add(folder, load);
        }

        return load;
    }

    /// <summary>A hive, or null when it does not exist.</summary>
    /// <exception cref="CorruptImageException">It is damaged.</exception>
    /// <exception cref="RefusedException">It is dirty, and its logs cannot make it whole.</exception>
    public GuestHive? Find(HiveName name)
    {
        var load = Load(name);
        if (load.Failure is not null)
        {
            global::System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(load.Failure);
        }

        return load.Hive;
    }

    /// <summary>Checks and writes back every hive that was changed; returns how many.</summary>
    public int WriteBack() => Loaded.Count(hive => hive.WriteBack());

    /// <summary>Whether a hive was changed.</summary>
    internal bool HasChanges => Loaded.Any(hive => hive.IsChanged);

    private IEnumerable<GuestHive> Loaded => _hives.Values.Concat(_users.Values).Select(load => load.Hive).OfType<GuestHive>();

    internal static HiveLoad Load(GuestVolume volume, string path, string rootPath, ChangeLog changes)
    {
        try
        {
            return new HiveLoad(path, GuestHive.Open(volume, path, rootPath, changes), Failure: null);
        }
        catch (FileNotFoundException)
        {
            return new HiveLoad(path, Hive: null, Failure: null);
        }
        catch (Exception e) when (e is CorruptImageException or RefusedException or UnsupportedImageException)
        {
            return new HiveLoad(path, Hive: null, e);
        }
    }

    private GuestHive Require(HiveName name) => Find(name) ?? throw WindowsError.NoSystemHive(GuestPath(SystemRoot));

    private List<ControlSet> ReadControlSets()
    {
        var root = System.Root;
        var select = root.Find("Select");
        var current = select?.GetDword("Current");
        var standard = select?.GetDword("Default");
        var sets = new List<ControlSet>();
        foreach (var key in root.SubKeys)
        {
            if (key.Name.Length == 13 && key.Name.StartsWith("ControlSet", StringComparison.OrdinalIgnoreCase)
                && int.TryParse(key.Name.AsSpan(10), out var number) && number is >= 0 and < MaximumControlSets)
            {
                sets.Add(new ControlSet(number, number == current, number == standard, key));
            }
        }

        if (!sets.Exists(s => s.IsCurrent))
        {
            throw WindowsError.NoControlSet(System.Path);
        }

        return [.. sets.OrderByDescending(s => s.IsCurrent).ThenBy(s => s.Number)];
    }
}
