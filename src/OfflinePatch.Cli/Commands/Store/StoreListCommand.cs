using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Store;

/// <summary><c>drivers list IMAGE</c>: the driver packages that an image has.</summary>
internal static class StoreListCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Lists the driver packages that did not come with Windows, as pnputil /enum-drivers does: published name (oemN.inf), the INF's
        own name, class, provider, version, signer, whether a driver of it starts at boot, which devices run with it, and what is wrong
        with its files.
        """,
        [new("What is in this image?", "offlinepatch drivers list server.vmdk"),
            new("For scripts:", "offlinepatch drivers list server.vmdk --json")],
        Reading)
    {
        SeeAlso = ["drivers add", "drivers export", "inspect"],
    };

    public static Command Create()
    {
        var image = CommonArguments.Image();
        var edit = new EditArguments();
        var command = new Command("list",
            "Lists the driver packages of others that an image has: published name, class, provider, version, signer, whether it starts "
                + "at boot, which devices use it.") { image };
        edit.AddTo(command, writes: false);
        command.SetGuardedAction((result, _) =>
        {
            var report = DriverStoreJob.List(result.GetRequiredValue(image), edit.Read(result));
            if (GlobalOptions.WantsJson(result))
            {
                DocumentJson.Print(new DriverStoreDocument(report.Path, report.Windows, report.Packages));
            }
            else
            {
                DriverStoreView.Print(report);
            }

            return ExitCode.Done;
        });
        return command;
    }
}
