using OfflinePatch.Core;

namespace OfflinePatch.Windows.BootStore;

/// <summary>Errors of boot configurations that are made here.</summary>
internal static class BootStoreError
{
    public static RefusedException Template(string why) => new(
        "WIN-0013", $@"Windows' template of a boot configuration (System32\config\BCD-Template) cannot be used: {why}.",
        @"Copy BCD-Template from an installation of the same Windows: offlinepatch fs put IMAGE BCD-Template Windows\System32\config\");
}
