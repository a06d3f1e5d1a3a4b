using OfflinePatch.Disks.Partitions;
using OfflinePatch.Registry.Bcd;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.BootStore;

/// <summary>
/// Corrects a boot configuration in place, where it has an entry that starts the Windows of this disk: devices that name another disk, or a
/// partition that is not there (a clone with a new id, a partition that was moved), the program of the other firmware, the default entry,
/// <c>safeboot</c>. Everything else stays: recovery entries, other systems, debugger settings.
/// </summary>
internal sealed class StoreCorrection
{
    private readonly GuestHive _hive;
    private readonly BootTarget _target;
    private readonly PartitionTable _table;

    private StoreCorrection(GuestHive hive, BootTarget target, PartitionTable table)
    {
        _hive = hive;
        _target = target;
        _table = table;
    }

    /// <summary>What is wrong and what it is changed to. Empty where nothing is wrong.</summary>
    public List<BootStep> Steps { get; } = [];

    /// <summary>
    /// Examines a store; null when it has no boot manager or no entry for this Windows, so that a new store is needed. Writes nothing.
    /// </summary>
    public static StoreCorrection? Find(GuestHive hive, BootTarget target, PartitionTable table)
    {
        if (BootEntries.Read(hive) is not { BootManager: { } manager } store || ChooseLoader(store, target, table) is not { } loader)
        {
            return null;
        }

        var correction = new StoreCorrection(hive, target, table);
        correction.CorrectDefault(store, manager, loader);
        correction.CorrectProgram(loader);
        foreach (var entry in store.Objects)
        {
            foreach (var element in entry.Elements.Where(e => e.Format == BcdElementFormat.Device))
            {
                correction.CorrectDevice(store, entry, element, loader);
            }
        }

        return correction;
    }

    /// <summary>The entry that starts this Windows: the default one when it does, else the first that does.</summary>
    private static BcdObject? ChooseLoader(BcdStore store, BootTarget target, PartitionTable table)
    {
        return store.DefaultLoader is { } chosen && Fits(chosen) ? chosen : store.Objects.FirstOrDefault(Fits);

        bool Fits(BcdObject entry) =>
            entry is { IsOsLoader: true, StartsWindows: true }
            && entry.SystemRoot?.Trim('\\').Equals(target.SystemRoot, StringComparison.OrdinalIgnoreCase) == true
            && (entry.OsDevice.IsSearched
                || (entry.OsDevice.IsPartition
                    && (entry.OsDevice.FindOn(table) is not { } partition
                        || PartitionDevices.Of(table, partition) == target.WindowsDevice)));
    }

    private void CorrectDefault(BcdStore store, BcdObject manager, BcdObject loader)
    {
        if (store.DefaultLoader?.Id != loader.Id)
        {
            Add($"the default entry is {store.DefaultLoader?.Identifier ?? "none"}", $"the default entry is {loader.Identifier}",
                () => Element(manager.Id, BcdStore.DefaultObject).SetString("Element", $"{loader.Id:B}"));
        }
    }

    private void CorrectProgram(BcdObject loader)
    {
        var ending = BootTarget.EndingOf(_target.Firmware);
        if (!loader.ProgramPath!.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
        {
            var path = $@"\{_target.SystemRoot}\system32\winload{ending}";
            Add($"{loader.Identifier} starts {loader.ProgramPath}", $"{loader.Identifier} starts {path}",
                () => Element(loader.Id, BcdStore.ApplicationPath).SetString("Element", path));
        }

        if (loader.IsSafeMode)
        {
            Add($"{loader.Identifier} has safeboot", "safeboot removed",
                () => _hive.Root.Find(BcdStore.ElementsPath(loader.Id))!
                    .DeleteSubKeyTree(BcdStore.ElementKey(BootEntries.SafeBootElement)));
        }
    }

    private void CorrectDevice(BcdStore store, BcdObject entry, BcdElement element, BcdObject loader)
    {
        var data = element.Data.ToArray();
        if (BcdDevice.Retarget(data, old => Choose(store, entry, old, loader)))
        {
            Add($"{entry.Identifier} {element.Name} is {element.Device}", $"{entry.Identifier} {element.Name} is {BcdDevice.Read(data)}",
                () => Element(entry.Id, element.Id).SetBinary("Element", data));
        }
    }

    /// <summary>The partition that an entry is to name instead of one that is not there; null to leave it.</summary>
    private BcdDevice? Choose(BcdStore store, BcdObject entry, BcdDevice old, BcdObject loader)
    {
        if (old.FindOn(_table) is not null)
        {
            // There is such a partition. The boot manager and its tools must name the one that they are on.
            return entry.Id == BcdStore.BootManagerId ? _target.SystemDevice : null;
        }

        var same = PartitionDevices.Meant(_table, old);
        var isOfLoader = entry.Id == loader.Id || loader.Find(BcdStore.DefaultObject)?.Objects.Contains(entry.Id) == true;
        if (isOfLoader)
        {
            return _target.WindowsDevice;
        }

        if (entry.Id == BcdStore.BootManagerId || entry.Id == BcdStore.MemoryTesterId
            || (store.BootManager?.Device is { IsPartition: true } manager && manager == old && entry.Type == BcdElements.MemoryTesterType))
        {
            return _target.SystemDevice;
        }

        return same is null ? null : PartitionDevices.Of(_table, same);
    }

    private GuestKey Element(Guid id, uint element) => _hive.Root.Create($@"{BcdStore.ElementsPath(id)}\{BcdStore.ElementKey(element)}");

    private void Add(string before, string after, Action apply) => Steps.Add(new BootStep(before, after, apply));
}
