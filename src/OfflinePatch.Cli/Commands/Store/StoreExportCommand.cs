using System.CommandLine;
using OfflinePatch.Cli.Commands.Fs;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Store;

/// <summary><c>drivers export IMAGE DIR</c>: the driver packages of an image, as packages that can be added elsewhere.</summary>
internal static class StoreExportCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Copies each package of others into a directory of its own, as dism /export-driver does; the directories can be named to drivers
        add and to fix --drivers.
        """,
        [new("From one machine to another:",
            "offlinepatch drivers export old.vmdk ./saved && offlinepatch drivers add new.qcow2 ./saved")],
        Reading)
    {
        SeeAlso = ["drivers list", "drivers add"],
    };

    public static Command Create()
    {
        var image = CommonArguments.Image();
        var directory = new Argument<string>("DIR")
        {
            Description = "A directory of this machine; it is created. Each package gets a directory of its own in it.",
        };
        var edit = new EditArguments();
        var command = new Command("export",
            "Copies every driver package of others out of an image, each with its INF, catalogue and files under the name that it has in "
                + "the driver store.") { image, directory };
        edit.AddTo(command, writes: false);
        command.SetGuardedAction((result, cancellation) =>
        {
            var path = result.GetRequiredValue(image);
            var target = result.GetRequiredValue(directory);
            if (HostPaths.FileExists(target))
            {
                throw new UsageException($"{target} is a file; name a directory");
            }

            using var opened = ImageEdit.OpenToRead(path, edit.Read(result));
            var report = DriverStoreJob.List(opened);
            var found = report.Packages.Where(p => p.Directory is not null).ToList();
            var copy = new GuestCopy(opened.FindVolume().FileSystem!, OutputAccess.Of(path), cancellation);
            var code = copy.Run(found.Select(p => p.Directory!).Distinct(StringComparer.OrdinalIgnoreCase), target);
            foreach (var lost in report.Packages.Where(p => p.Directory is null))
            {
                Output.Note($"{lost.PublishedName ?? lost.Inf}: its files are not in the driver store");
                code = ExitCode.Unreadable;
            }

            if (GlobalOptions.WantsJson(result))
            {
                DocumentJson.Print(new DriverExportDocument(path, target, found, copy.Copied, copy.LeftOut));
            }
            else
            {
                foreach (var package in found)
                {
                    Output.Line($"{package.PublishedName ?? package.Inf}: {FilePath.NameOf(package.Directory!)}");
                }

                Output.Note($"{found.Count} driver packages, {copy.Copied} files copied");
            }

            return code;
        });
        return command;
    }
}
