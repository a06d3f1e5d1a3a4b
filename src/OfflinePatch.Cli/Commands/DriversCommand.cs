using System.CommandLine;
using OfflinePatch.Cli.Commands.Store;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.FileSystems;
using OfflinePatch.Windows.Jobs;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>drivers SOURCE...</c>: the packages of driver sources, and which Windows each serves.</summary>
internal static class DriversCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        What is in the driver store of an image, and how packages get into it and out of it: the commands list, add, remove and export.
        Without one of them the arguments are sources; a source that has the name of a command is written ./list.

        Lists the driver packages in a directory, ISO, zip or floppy image as --drivers would use them: class, version, the Windows
        versions and architectures that each serves, who signed it, and why a package would be refused.
        """,
        [
            new("What is on this disc?", "offlinepatch drivers virtio-win.iso"),
            new("Two sources, for scripts:", "offlinepatch drivers virtio-win.iso xen-drivers.zip --json"),
        ],
        [new(ExitCode.Done, "listed"), Usage, new(ExitCode.Unreadable, "a source cannot be read"), Refused, HostFailure])
    {
        SeeAlso = ["drivers list", "drivers add", "fix"],
    };

    public static Command Create()
    {
        var sources = new Argument<string[]>("SOURCE")
        {
            Description = "Where driver packages are: a directory, .iso, .zip or floppy image. Its content says what it is, not its name.",
            Arity = ArgumentArity.OneOrMore,
        };
        var image = new Option<string?>("--for")
        {
            Description = "Say which packages a fix of this image would use, and why not the others.",
            HelpName = "IMAGE",
        };
        var allowUnsigned = new Option<bool>("--allow-unsigned") { Description = "With --for: as fix --allow-unsigned chooses." };
        var edit = new EditArguments();
        var manifest = CommonOptions.Manifest();
        var trustRoot = CommonOptions.TrustRoot();
        var command = new Command("drivers",
            "Lists driver packages: version, the Windows that each serves, its signature, and why it would be refused. Its commands work "
                + "on the driver store of an image.") { sources, image, allowUnsigned, manifest, trustRoot };
        edit.AddTo(command, writes: false);
        foreach (var inside in (Command[])[StoreListCommand.Create(), StoreAddCommand.Create(), StoreRemoveCommand.Create(),
            StoreExportCommand.Create()])
        {
            command.Add(inside);
        }

        command.SetGuardedAction((result, cancellation) =>
        {
            var families = DriverManifest.Embedded;
            if (result.GetValue(manifest) is { } folder)
            {
                using var tree = FileSources.Open(folder);
                families = DriverManifest.Load(tree);
            }

            var signatures = new SignatureOptions
            {
                TrustedRoots = TrustedRoots.Read(result.GetValue(trustRoot) ?? []),
                Clock = ReproducibleClock.Current,
            };
            var reports = new List<DriverSourceReport>();
            foreach (var path in result.GetRequiredValue(sources))
            {
                cancellation.ThrowIfCancellationRequested();
                using var tree = FileSources.Open(path);
                reports.Add(DriverListing.Describe(tree, families, signatures));
            }

            var choice = result.GetValue(image) is not { } wanted ? null : DriverChoiceJob.Choose(wanted, edit.Read(result), new RuleRequest
            {
                DriverPaths = result.GetRequiredValue(sources),
                ManifestPath = result.GetValue(manifest),
                TrustedRootPaths = result.GetValue(trustRoot) ?? [],
                AllowUnsigned = result.GetValue(allowUnsigned),
            });
            if (GlobalOptions.WantsJson(result))
            {
                Output.HasDocument = true;
                Console.Out.WriteLine(ReportJson.Serialize(new DriverListDocument(ReportDocument.CurrentSchema, Tool.Identity, "drivers",
                    reports)
                {
                    Image = choice?.Image,
                    Windows = choice?.Windows,
                    Choices = choice?.Packages,
                }));
            }
            else if (choice is not null)
            {
                DriverListView.Print(choice);
            }
            else
            {
                DriverListView.Print(reports);
            }

            HintAtArchives(reports);

            return ExitCode.Done;
        });
        return command;
    }

    // A folder is searched for packages, not for discs that hold some.
    private static void HintAtArchives(List<DriverSourceReport> reports)
    {
        foreach (var report in reports.Where(r => r.Packages.Count == 0 && HostPaths.IsDirectory(r.Path)))
        {
            var archives = HostPaths.List(report.Path)
                .Where(e => !e.IsDirectory
                    && Path.GetExtension(e.Name).ToLowerInvariant() is (".iso" or ".zip" or ".vfd" or ".img" or ".msi" or ".cab"))
                .Select(e => Path.Combine(report.Path, e.Name)).Order(StringComparer.Ordinal).ToList();
            if (archives.Count > 0)
            {
                Output.Note($"{report.Path} holds no driver package, but {string.Join(", ", archives.Take(5))}: name "
                    + $"{(archives.Count == 1 ? "it" : "them")} instead");
            }
        }
    }
}
