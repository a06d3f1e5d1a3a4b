using OfflinePatch.Core;

namespace OfflinePatch.Windows.Growth;

/// <summary>Why the volume of Windows is not extended; codes <c>GROW-0001</c> and up.</summary>
internal static class GrowthError
{
    public static RefusedException NoWindows() =>
        new("GROW-0001", "The image has no Windows that can be read, so there is no volume to extend.",
            "Leave out --extend: then only the disk grows.");

    public static RefusedException Blocked(int number, string what, string why) =>
        new("GROW-0002", $"The volume of Windows is not extended: partition {number} ({what}) lies directly after it{why}.",
            "Leave out --extend: then only the disk grows. After the import move or delete that partition (diskpart), then extend the "
                + "volume in Windows.");

    public static RefusedException CheckFailed(string finding) =>
        new("GROW-0003", $"The extended volume failed its check, so everything was dropped: {finding}.",
            "Run chkdsk /f in the source machine, shut it down and export it again.");
}
