using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.FileSystems.Fat;
using OfflinePatch.Ntfs;
using OfflinePatch.Ntfs.Check;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary><c>fs check IMAGE</c>: a volume by the rules that chkdsk judges by. 0 clean, 3 findings, 2 unreadable.</summary>
internal static class FsCheckCommand
{
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
