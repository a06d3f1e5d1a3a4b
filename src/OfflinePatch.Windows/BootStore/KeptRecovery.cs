using OfflinePatch.Registry;
using OfflinePatch.Registry.Bcd;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.BootStore;

/// <summary>
/// The recovery environment of an old boot configuration, for a new one: the entry that starts its RAM disk and the options of that, with
/// the ids that they had. reagentc made them; Windows' template does not have them.
/// </summary>
internal sealed class KeptRecovery
{
    private const int MaxEntries = 4; // Windows' own stores have one

    private KeptRecovery(IReadOnlyList<Entry> entries, BcdElement sequence, BcdElement? enabled)
    {
        Entries = entries;
        Sequence = sequence;
        Enabled = enabled;
    }

    /// <summary>The objects.</summary>
    public IReadOnlyList<Entry> Entries { get; }

    /// <summary>The list of recovery entries, of the loader.</summary>
    public BcdElement Sequence { get; }

    /// <summary>Whether recovery starts by itself after failed starts, of the loader; null where it says nothing.</summary>
    public BcdElement? Enabled { get; }

    /// <summary>Finds it; null where there is none, or where what it starts is not on this disk.</summary>
    /// <param name="store">The old boot configuration.</param>
    /// <param name="firmware">The firmware of the new one.</param>
    /// <param name="locate">Gives what a partition is called in the new one, given a file that is on it or null; null when the partition or
    /// the file is not there.</param>
    public static KeptRecovery? Find(BcdStore store, Firmware firmware, Func<BcdDevice, string?, BcdDevice?> locate)
    {
        var loader = store.DefaultLoader is { } standard && HasSequence(standard) ? standard
            : store.Objects.FirstOrDefault(o => o.IsOsLoader && HasSequence(o));
        var sequence = loader?.Find(BcdElements.RecoverySequence);
        if (loader is null || sequence is not { Objects: { Count: > 0 and <= MaxEntries } ids })
        {
            return null;
        }

        var entries = new List<Entry>();
        foreach (var id in ids)
        {
            if (store.Find(id) is not { IsOsLoader: true } recovery || !Add(recovery))
            {
                return null;
            }

            foreach (var options in recovery.Elements.Select(e => e.Device?.Options ?? Guid.Empty).Where(o => o != Guid.Empty).Distinct())
            {
                if (store.Find(options) is not { } found || (entries.All(e => e.Id != options) && !Add(found)))
                {
                    return null;
                }
            }
        }

        return new KeptRecovery(entries, sequence, loader.Find(BcdElements.RecoveryEnabled));

        static bool HasSequence(BcdObject entry) =>
            entry.StartsWindows && entry.Find(BcdElements.RecoverySequence) is { Objects.Count: > 0 };

        bool Add(BcdObject entry)
        {
            var elements = new List<(uint, RegistryValueType, byte[])>();
            foreach (var element in entry.Elements)
            {
                var data = element.Data.ToArray();
                if (element.Device is { } device)
                {
                    var isLost = device.Kind is not (BcdDeviceKind.Ramdisk or BcdDeviceKind.GptPartition or BcdDeviceKind.MbrPartition
                        or BcdDeviceKind.Boot or BcdDeviceKind.Locate);
                    BcdDevice.Retarget(data, old =>
                    {
                        var place = locate(old, device.Path);
                        isLost |= place is null;
                        return place;
                    });
                    if (isLost)
                    {
                        return false;
                    }
                }
                else if (element.Id == BcdStore.ApplicationPath && entry.IsOsLoader && element.Text is { } path
                    && BootTarget.WithEnding(path, firmware) is var program && program != path)
                {
                    data = ValueText.Encode(program);
                }

                elements.Add((element.Id, element.Type, data));
            }

            entries.Add(new Entry(entry.Id, entry.Type, elements));
            return true;
        }
    }

    /// <summary>An object.</summary>
    /// <param name="Id">Its id.</param>
    /// <param name="Type">Its type.</param>
    /// <param name="Elements">Its elements as they are stored, pointed at the partitions of the new boot configuration.</param>
    public sealed record Entry(Guid Id, uint Type, IReadOnlyList<(uint Id, RegistryValueType Type, byte[] Data)> Elements);
}
