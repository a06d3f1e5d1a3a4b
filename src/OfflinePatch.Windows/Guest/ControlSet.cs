namespace OfflinePatch.Windows.Guest;

/// <summary>One ControlSetNNN of the SYSTEM hive.</summary>
/// <param name="Number">NNN.</param>
/// <param name="IsCurrent">Select\Current names it: the one that ran last.</param>
/// <param name="IsDefault">Select\Default names it: the one that the next boot uses.</param>
/// <param name="Key">The key.</param>
public sealed record ControlSet(int Number, bool IsCurrent, bool IsDefault, GuestKey Key)
{
    /// <summary><c>ControlSet001</c>.</summary>
    public string Name => Key.Name;

    /// <summary>A key below it, or null: <c>Services\Tcpip</c>.</summary>
    public GuestKey? Find(string path) => Key.Find(path);

    /// <summary>The key of a service, or null.</summary>
    public GuestKey? Service(string name) => Key.Find(@"Services\" + name);

    /// <summary>The device instances, with their path below <c>Enum</c>: <c>PCI\VEN_1AF4…\3&amp;1&amp;0</c>.</summary>
    internal IEnumerable<(string Path, GuestKey Key)> Devices() =>
        from bus in Find("Enum")?.SubKeys ?? []
        from device in bus.SubKeys
        from instance in device.SubKeys
        select ($@"{bus.Name}\{device.Name}\{instance.Name}", instance);
}
