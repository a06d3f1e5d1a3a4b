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
}
