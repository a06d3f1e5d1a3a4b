using System.CommandLine;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Windows.Jobs;
using OfflinePatch.Windows.Reports;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Store;

/// <summary><c>drivers add IMAGE PATH...</c>: driver packages into an image.</summary>
internal static class StoreAddCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Puts driver packages of any class into the driver store, with the records that Windows' own tools write: store, published INF,
        catalogue, driver database. Network, display and other drivers are staged, and Windows installs them when it meets the device;
        those of a class that a boot may need (storage, chipset) are configured too, with service and files in place. Extension INFs and
        software components are staged.

        A package is refused, by name, when a file is missing or made for another machine, when its signature does not hold for this
        Windows (--allow-unsigned accepts it), when it would overwrite others' files, or puts files or services where a driver has no
        business. One refusal refuses all, unless --skip-refused is given. A package that is there already is left as it is.
        """,
        [
            new("A network driver of a vendor:", "offlinepatch drivers add server.vmdk ./e1000-package"),
            new("Everything on a disc that this Windows can use; look first:",
                "offlinepatch drivers add server.vmdk drivers.iso --skip-refused --dry-run"),
        ],
        Writing)
    {
        Environment = [Clock, Temporary],
        Files = [UndoFile],
        SeeAlso = ["drivers", "drivers remove", "undo"],
    };

    public static Command Create()
    {
        var image = CommonArguments.Image();
        var paths = new Argument<string[]>("PATH")
        {
            Description = "Driver packages: an .inf, or a directory, .iso, .zip or floppy image with any number of them.",
            Arity = ArgumentArity.OneOrMore,
        };
        var allowUnsigned = CommonOptions.AllowUnsigned();
        var skipRefused = new Option<bool>("--skip-refused")
        {
            Description = "Stage the others where a package is refused; otherwise one refusal refuses all.",
        };
        var dryRun = CommonArguments.DryRun();
        var manifest = CommonOptions.Manifest();
        var trustRoot = CommonOptions.TrustRoot();
        var edit = new EditArguments();
        var command = new Command("add",
            "Puts driver packages into an image as DISM does: any class, every package that serves a device on this Windows. As one "
                + "change, with an undo file.")
        {
            image, paths, allowUnsigned, skipRefused, dryRun, manifest, trustRoot,
        };
        edit.AddTo(command, writes: true);
        command.SetGuardedAction((result, cancellation) =>
        {
            var path = result.GetRequiredValue(image);
            var isTrial = result.GetValue(dryRun);
            var report = DriverStoreJob.Add(
                path, edit.Read(result),
                new DriverAddRequest
                {
                    Paths = result.GetRequiredValue(paths),
                    AllowUnsigned = result.GetValue(allowUnsigned),
                    SkipRefused = result.GetValue(skipRefused),
                    TrustedRootPaths = result.GetValue(trustRoot) ?? [],
                    ManifestPath = result.GetValue(manifest),
                    DryRun = isTrial,
                },
                cancellation);
            if (!GlobalOptions.WantsJson(result))
            {
                DriverStoreView.Print(report.Packages, isTrial);
            }

            if (!GlobalOptions.WantsJson(result) && (report.IsRefused || isTrial))
            {
                Output.HasChanged = false;
                DriverStoreView.PrintNothingWritten(report, isTrial);
            }
            else
            {
                EditOutcome.Print(result, path, report.Edit,
                    d => d with { Added = report.Packages, Changes = report.Changes, DryRun = isTrial ? true : null });
            }

            return report.Packages.Any(p => p.Outcome == DriverAddOutcome.Refused) ? ExitCode.Refused : ExitCode.Done;
        });
        return command;
    }
}
