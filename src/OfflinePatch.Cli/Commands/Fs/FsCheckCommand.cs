using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.FileSystems.Fat;
using OfflinePatch.Ntfs;
using OfflinePatch.Ntfs.Check;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary><c>fs check IMAGE</c>: a volume by the rules that chkdsk judges by. 0 clean, 3 findings, 2 unreadable.</summary>
internal static class FsCheckCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Judges a volume as chkdsk does, reading only: records, indexes, bitmaps, security, links. Each finding names the record or
        cluster.
        """,
        [new("Is this volume sound?", "offlinepatch fs check server.vmdk"),
            new("Another one, for scripts:", "offlinepatch fs check server.vmdk --partition 3 --json")],
        [new(ExitCode.Done, "clean"), Usage, Unreadable, new(ExitCode.NotReady, "there are findings"), Refused, HostFailure])
    {
        SeeAlso = ["check"],
    };

    public static Command Create()
    {
        var options = new FsOptions();
        var command = options.AddTo(new Command("check",
            "Checks a volume by the rules that chkdsk judges by, reading only. Exit code 0: clean, 3: findings."));
        command.SetGuardedAction((result, cancellation) =>
        {
            using var image = FsImage.Open(result.GetRequiredValue(options.Image), options, result, write: false);
            var findings = Check(image.Files, cancellation);
            if (GlobalOptions.WantsJson(result))
            {
                DocumentJson.Print(new VolumeCheckDocument(
                    image.Volume.Description,
                    [.. findings.Select(f => new FindingReport(f.Code, f.IsError ? "error" : "warning", DocumentJson.Valid(f.Text)))]));
            }
            else
            {
                foreach (var (_, isError, text) in findings)
                {
                    Output.Line($"{(isError ? "error  " : "warning")} {text}");
                }

                Output.Line(findings.Count == 0
                    ? $"{image.Volume.Description}: clean"
                    : $"{image.Volume.Description}: {findings.Count(f => f.IsError)} errors, {findings.Count(f => !f.IsError)} warnings");
            }

            return findings.Exists(f => f.IsError) ? ExitCode.NotReady : ExitCode.Done;
        });
        return command;
    }

    private static List<(string Code, bool IsError, string Text)> Check(IFileSystem files, CancellationToken cancellation) =>
        files is IWritableFileSystem volume
        ? [.. volume.Check(cancellation).Select(f => (f.Code, f.IsError, f.ToString()))]
        : throw new UnsupportedImageException("FS-0007", $"{files.Source} ({files.Format}) has no checker.");
}
