using System.CommandLine;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.FileSystems;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>drivers SOURCE...</c>: the packages of driver sources, and which Windows each serves.</summary>
internal static class DriversCommand
{
    public static Command Create()
    {
        var sources = new Argument<string[]>("SOURCE")
        {
            Description = "Where driver packages are: a directory, .iso, .zip or floppy image. Its content says what it is, not its name.",
            Arity = ArgumentArity.OneOrMore,
        };
        var json = CommonOptions.Json();
        var manifest = CommonOptions.Manifest();
        var trustRoot = CommonOptions.TrustRoot();
        var command = new Command("drivers", "Lists driver packages: version, the Windows that each serves, its signature, and why it would be refused.") { sources, manifest, trustRoot, json };
        command.SetGuardedAction((result, cancellation) =>
        {
            var families = DriverManifest.Embedded;
            if (result.GetValue(manifest) is { } folder)
            {
                using var tree = FileSources.Open(folder);
                families = DriverManifest.Load(tree);
            }

            var signatures = new SignatureOptions { TrustedRoots = TrustedRoots.Read(result.GetValue(trustRoot) ?? []), Clock = ReproducibleClock.Current };
            var reports = new List<DriverSourceReport>();
            foreach (var path in result.GetRequiredValue(sources))
            {
                cancellation.ThrowIfCancellationRequested();
                using var tree = FileSources.Open(path);
                reports.Add(DriverListing.Describe(tree, families, signatures));
            }

            if (result.GetValue(json))
            {
                Console.Out.WriteLine(ReportJson.Serialize(new DriverListDocument(ReportDocument.CurrentSchema, Tool.Identity, reports)));
            }
            else
            {
                DriverListView.Print(reports);
            }

            return ExitCode.Done;
        });
        return command;
    }
}
