using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands.Store;

/// <summary><c>drivers list IMAGE</c>: the driver packages that an image has.</summary>
internal static class StoreListCommand
{
    public static Command Create()
    {
        var image = StoreArguments.Image();
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
