namespace OfflinePatch.Windows.Guest;

/// <summary>The TCP/IP settings of network interfaces: <c>Services\Tcpip\Parameters\Interfaces\{GUID}</c>.</summary>
internal static class NetworkInterfaces
{
    /// <summary>The interface keys of a control set.</summary>
    public static IEnumerable<GuestKey> Of(ControlSet set) => set.Find(@"Services\Tcpip\Parameters\Interfaces")?.SubKeys ?? [];

    /// <summary>The real addresses of a value: not empty, not 0.0.0.0.</summary>
    public static IReadOnlyList<string> Addresses(GuestKey key, string name) =>
        [.. (key.GetMultiString(name) ?? []).Where(a => a.Length > 0 && a != "0.0.0.0")];

    /// <summary>The name that the user gave the connection, or null.</summary>
    public static string? ConnectionName(ControlSet set, string interfaceId) =>
        set.Find($@"Control\Network\{DeviceClass.Net}\{interfaceId}\Connection")?.GetString("Name");
}
