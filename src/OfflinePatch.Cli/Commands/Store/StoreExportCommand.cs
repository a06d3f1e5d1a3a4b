using System.CommandLine;
using OfflinePatch.Cli.Commands.Fs;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands.Store;

/// <summary><c>drivers export IMAGE DIR</c>: the driver packages of an image, as packages that can be added elsewhere.</summary>
internal static class StoreExportCommand
{
    public static Command Create()
    {
        var image = StoreArguments.Image();
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
