using System.Globalization;
using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Registry;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Cli.Registry;

/// <summary>
/// The registry of the Windows in an image: HKLM\SYSTEM and its neighbours, HKLM\BCD00000000, HKU\.DEFAULT, HKU\PROFILE (a folder of <c>\Users</c>).
/// CurrentControlSet resolves to the control set that runs next.
/// </summary>
internal sealed class ImageTarget : RegistryTarget
{
    private readonly ImageTransaction _transaction;
    private readonly DiskImage _disk;
    private readonly ImageSession _session;
    private readonly bool _writable;
    private readonly Dictionary<string, GuestHive> _users = new(StringComparer.OrdinalIgnoreCase);

    public ImageTarget(string path, bool writable, string? undoFolder)
    {
        _writable = writable;
        _transaction = ImageTransaction.Open(path, new TransactionOptions { Writable = writable, UndoFolder = undoFolder });
        try
        {
            _disk = DiskFormats.Open(_transaction);
            if (writable && _disk.WhyNotInPlace is { } reason)
            {
                throw new RefusedException("REG-0701", $"{path} cannot be written in place: {reason}", "Convert it first: offlinepatch convert.");
            }

            _session = ImageSession.Open(_transaction, _disk, new SessionOptions());
        }
        catch
        {
            _disk?.Dispose();
            _transaction.Dispose();
            throw;
        }
    }

    private WindowsSystem System => _session.Machine.FoundWindows ?? (_session.Machine.Systems.Count > 0 ? _session.Machine.Systems[0] : null)
        ?? throw new FileNotFoundException($"There is no Windows in {_transaction.ImagePath}.");

    /// <inheritdoc/>
    public override HiveLocation Locate(string key)
    {
        var (root, rest) = RegistryPath.SplitRoot(key);
        var (name, path) = RegistryPath.SplitFirst(rest);
        return root switch
        {
            "HKLM" when name.Equals("BCD00000000", StringComparison.OrdinalIgnoreCase) => At(BootStore(), path, @"HKEY_LOCAL_MACHINE\BCD00000000"),
            "HKLM" when MachineHive(name) is { } hive => LocateMachine(hive, path),
            "HKU" when name.Equals(".DEFAULT", StringComparison.OrdinalIgnoreCase) => LocateMachine(HiveName.Default, path),
            "HKU" when name.Length > 0 => At(UserHive(name), path, @"HKEY_USERS\" + name),
            _ => throw new FileNotFoundException($"There is no key {key} in the image: name it HKLM\\SYSTEM\\…, HKLM\\SOFTWARE\\…, HKU\\PROFILE\\…"),
        };
    }

    /// <inheritdoc/>
    public override HiveLocation LocateImport(string key) => Locate(key);

    /// <inheritdoc/>
    public override IEnumerable<(string Name, HiveCheckReport Report)> Check()
    {
        var files = System.Volume.RequireFiles();
        foreach (var name in Enum.GetValues<HiveName>())
        {
            var path = System.PathOf(@"System32\config\" + name.FileName());
            if (files.FileExists(path))
            {
                yield return (name.RootPath(), HiveChecker.Check(files.ReadFile(path), ReadLogs(files, path)));
            }
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<(string Name, HiveRecovery Recovery)> Replay()
    {
        foreach (var name in Enum.GetValues<HiveName>())
        {
            if (System.Find(name) is { } hive)
            {
                yield return (name.RootPath(), hive.Hive.Recovery);
                WriteReplayed(hive);
            }
        }
    }

    /// <inheritdoc/>
    public override bool Commit(CancellationToken cancellation)
    {
        RequireWritable();
        var users = _users.Values.Count(h => h.WriteBack());
        if (!_session.WriteBack() && users == 0)
        {
            return false;
        }

        _disk.Flush();
        _transaction.Commit(cancellation);
        return true;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _session.Dispose();
        _disk.Dispose();
        _transaction.Dispose();
    }

    private HiveLocation LocateMachine(HiveName name, string path)
    {
        var hive = System.Find(name) ?? throw new FileNotFoundException($"The image has no hive {name.RootPath()}.");
        var (first, rest) = RegistryPath.SplitFirst(path);
        if (name == HiveName.System && first.Equals("CurrentControlSet", StringComparison.OrdinalIgnoreCase))
        {
            var current = "ControlSet" + System.Current.Number.ToString("D3", CultureInfo.InvariantCulture);
            path = rest.Length == 0 ? current : $"{current}\\{rest}";
        }

        return At(hive, path, name.RootPath().Replace("HKLM", "HKEY_LOCAL_MACHINE", StringComparison.Ordinal).Replace("HKU", "HKEY_USERS", StringComparison.Ordinal));
    }

    private GuestHive BootStore()
    {
        var store = _session.Machine.Boot.Store ?? throw new FileNotFoundException("The image has no boot configuration store.");
        return store.Hive ?? throw store.Failure ?? new FileNotFoundException("The image has no boot configuration store.");
    }

    private GuestHive UserHive(string profile)
    {
        if (!_users.TryGetValue(profile, out var hive))
        {
            hive = GuestHive.Open(System.Volume, $@"Users\{profile}\NTUSER.DAT", $@"HKU\{profile}", _session.Machine.Changes);
            _users.Add(profile, hive);
        }

        return hive;
    }

    private void WriteReplayed(GuestHive hive)
    {
        if (!_writable || !hive.Hive.IsModified)
        {
            return;
        }

        RequireWritable();
        var files = System.Volume.RequireWritable();
        var logs = hive.Hive.NeutralisedLogs();
        files.WriteFile(hive.Path, hive.Hive.Image.Span);
        foreach (var (suffix, content) in new[] { (".LOG", logs.Log), (".LOG1", logs.Log1), (".LOG2", logs.Log2) })
        {
            if (!content.IsEmpty)
            {
                files.WriteFile(hive.Path + suffix, content.Span);
            }
        }
    }

    /// <summary>The gates that matter to the volume of Windows: what `fix` refuses is refused here.</summary>
    private void RequireWritable()
    {
        var condition = System.Volume.Condition;
        var problem = condition is null ? null : condition.IsDirty ? "it is marked dirty" : condition.LogProblem ?? condition.HibernationProblem;
        if (problem is not null)
        {
            throw new RefusedException("REG-0702", $"The volume of Windows is not in a state to be written: {problem}.", "Start the source machine once and shut it down cleanly (shutdown /s /t 0).");
        }
    }

    private static HiveLogs ReadLogs(IFileSystem files, string path)
    {
        return new HiveLogs(Read(".LOG"), Read(".LOG1"), Read(".LOG2"));

        ReadOnlyMemory<byte> Read(string suffix) => files.FileExists(path + suffix) ? files.ReadFile(path + suffix) : default(ReadOnlyMemory<byte>);
    }

    private static HiveName? MachineHive(string name)
    {
        foreach (var hive in Enum.GetValues<HiveName>())
        {
            if (hive != HiveName.Default && hive.FileName().Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return hive;
            }
        }

        return null;
    }

    private static HiveLocation At(GuestHive hive, string path, string rootPath) => new(hive.Hive, path, rootPath);
}
