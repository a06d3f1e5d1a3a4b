using System.CommandLine;

namespace OfflinePatch.Cli.Commands.Store;

/// <summary>What the commands of the driver store share.</summary>
internal static class StoreArguments
{
    public static Argument<string> Image() => new("IMAGE") { Description = "The disk image." };

    public static Option<bool> DryRun() => new("--dry-run") { Description = "Say what would be done, and change nothing." };
}
