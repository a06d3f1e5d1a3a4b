namespace OfflinePatch.Windows.BootStore;

/// <summary>One part of a boot repair.</summary>
/// <param name="Before">What is there now.</param>
/// <param name="After">What is there afterwards.</param>
/// <param name="Apply">Does it.</param>
internal sealed record BootStep(string Before, string After, Action Apply);
