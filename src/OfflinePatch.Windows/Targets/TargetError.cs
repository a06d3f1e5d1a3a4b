using OfflinePatch.Core;

namespace OfflinePatch.Windows.Targets;

/// <summary>Errors of target profiles.</summary>
internal static class TargetError
{
    public static RefusedException Unknown(string name, string known) =>
        new("WIN-0007", $"There is no target profile {name}.", $"Known profiles: {known}; or name a JSON file of your own.");

    public static UnsupportedImageException Broken(string source, string reason) =>
        new("WIN-0008", $"The target profile {source} cannot be used: {reason}", "Begin with the one that `offlinepatch rules --as-profile` prints.");
}
