using System.Buffers.Binary;
using OfflinePatch.Drivers.Inf;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>
/// What makes the staged Xen PV drivers one chain (drivers.md §7): the class filter <c>XENFILT</c>, which filters the emulated disks, and
/// the unplug keys, which remove them. Filters are the same for all generations of the drivers. An unplug key is written only as the
/// package's own INF asks for it: <c>XEN\ForceUnplug</c> by drivers that are made to be installed offline, <c>XEN\Unplug</c> as zero by
/// older ones, which count it up themselves once their disk has run. So a chain that cannot serve the disk never removes the emulated one.
/// </summary>
internal sealed class XenPvChain
{
    private const string Filter = "XENFILT";
    private const string ControlSetPrefix = @"SYSTEM\CurrentControlSet\";
    private const string Unplug = @"Services\XEN\Unplug";
    private const string ForceUnplug = @"Services\XEN\ForceUnplug";

    private static readonly string[] FilteredClasses =
        [$@"Control\Class\{DriverClass.Key(DriverClass.SystemDevices)}", $@"Control\Class\{DriverClass.Key(DriverClass.Hdc)}"];

    private readonly WindowsSystem _system;
    private readonly List<(string Key, string Value, uint Number)> _unplug = [];

    private XenPvChain(WindowsSystem system) => _system = system;

    /// <summary>The chain of packages that are in the store, all of them ready.</summary>
    public static XenPvChain Of(WindowsSystem system, IEnumerable<StagedDriver> packages, SignatureOptions signatures)
    {
        var chain = new XenPvChain(system);
        var target = DriverTarget.Of(system);
        var members = packages.Select(p => GuestDriverStore.PackageOf(system, p)).OfType<DriverPackage>().ToList();

        // The bus gives its children ids and interfaces of its own maker and generation: another's disk driver would not find its device.
        var isWhole = members.Select(m => (m.Inf.Version.Provider, m.Version.Major)).Distinct().Count() == 1;
        foreach (var package in members)
        {
            isWhole &= DriverPackageCheck.Run(package, target, signatures).IsUsable(allowUnsigned: false);
            foreach (var edit in package.Effects(target).SelectMany(e => e.Registry).Where(IsUnplugLine))
            {
                chain._unplug.Add((edit.Key[ControlSetPrefix.Length..], edit.ValueName,
                    BinaryPrimitives.ReadUInt32LittleEndian(edit.Data)));
            }
        }

        if (!isWhole)
        {
            chain._unplug.Clear(); // a driver that may not load, or may not find its disk, must not be the only one left
        }

        return chain;
    }

    /// <summary>What is missing, each naming its key.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        foreach (var set in _system.BootControlSets)
        {
            problems.AddRange(FilteredClasses.Where(c => !HasFilter(set.Find(c)))
                .Select(c => $@"{set.Name}\{c}\UpperFilters lacks {Filter}"));
            problems.AddRange(_unplug.Where(u => IsForced(u) && set.Find(u.Key)?.GetDword(u.Value) != u.Number)
                .Select(u => $@"{set.Name}\{u.Key}\{u.Value} is not {u.Number}"));
        }

        return problems;
    }

    /// <summary>Writes filters, then unplug keys. Values of <c>Unplug</c> that the drivers have set themselves are kept.</summary>
    public void Write()
    {
        foreach (var set in _system.ControlSets)
        {
            foreach (var path in FilteredClasses)
            {
                set.Key.Create(path).AddString("UpperFilters", Filter);
            }

            foreach (var unplug in _unplug)
            {
                if (IsForced(unplug))
                {
                    set.Key.Create(unplug.Key).SetDword(unplug.Value, unplug.Number);
                }
                else if (unplug.Number == 0)
                {
                    set.Key.Create(unplug.Key).EnsureDword(unplug.Value, 0);
                }
            }
        }
    }

    private static bool HasFilter(GuestKey? key) =>
        (key?.GetMultiString("UpperFilters") ?? []).Contains(Filter, StringComparer.OrdinalIgnoreCase);

    private static bool IsForced((string Key, string Value, uint Number) unplug) =>
        unplug.Key.Equals(ForceUnplug, StringComparison.OrdinalIgnoreCase);

    private static bool IsUnplugLine(InfRegistryEdit edit) =>
        edit is
        {
            Root: InfRegistryRoot.LocalMachine, Action: InfRegistryAction.Set or InfRegistryAction.SetIfAbsent,
            Type: (uint)RegistryValueType.Dword, Data.Length: 4
        }
        && edit.ValueName.ToUpperInvariant() is "DISKS" or "NICS"
        && edit.Key.StartsWith(ControlSetPrefix, StringComparison.OrdinalIgnoreCase)
        && (edit.Key.AsSpan(ControlSetPrefix.Length).Equals(Unplug, StringComparison.OrdinalIgnoreCase)
            || edit.Key.AsSpan(ControlSetPrefix.Length).Equals(ForceUnplug, StringComparison.OrdinalIgnoreCase));
}
