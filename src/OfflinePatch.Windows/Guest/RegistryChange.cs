using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Windows.Guest;

/// <summary>One registry value that was changed.</summary>
/// <param name="Key">The key as Windows calls it: <c>HKLM\SYSTEM\ControlSet001\Services\Tcpip…</c>.</param>
/// <param name="Name">The value; empty for the default one.</param>
/// <param name="Before">The old value as text; null when it did not exist.</param>
/// <param name="After">The new value as text; null when it was deleted.</param>
/// <param name="Rule">The rule that did it, or null.</param>
public sealed record RegistryChange(string Key, string Name, string? Before, string? After, string? Rule = null);
