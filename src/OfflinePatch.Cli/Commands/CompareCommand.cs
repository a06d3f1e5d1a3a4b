using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Disks.Conversion;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>compare A B</c>: whether a guest sees the same bytes in two images.</summary>
internal static class CompareCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Compares the disks in two images byte by byte, as a guest sees them, whatever the formats are. What the longer disk has after
        the end of the shorter one counts as equal where it is zero.
        """,
        [
            new("Is the new image the same disk?", "offlinepatch compare server.vmdk server.qcow2"),
        ],
        [new(ExitCode.Done, "identical"), Usage, Unreadable, new(ExitCode.NotReady, "they differ; the message says where"),
            Refused, HostFailure])
    {
        SeeAlso = ["convert"],
    };

    public static Command Create()
    {
        var first = CommonArguments.Image("A");
        var second = CommonArguments.Image("B");
        var strict = new Option<bool>("--strict", "-s")
        {
            Description = "Disks of different length differ, even where the longer one has only zeros.",
        };
        var allowBacking = CommonOptions.AllowBacking("images name");
        var command = new Command("compare",
            "Compares what a guest sees of two images of any formats. Exit code 0: identical, 3: they differ.")
        { first, second, strict, allowBacking };
        command.SetGuardedAction((result, cancellation) =>
        {
            var (a, b) = (result.GetRequiredValue(first), result.GetRequiredValue(second));
            var outcome = ComparisonJob.Run(a, b, result.GetValue(allowBacking), result.GetValue(strict), cancellation);
            if (GlobalOptions.WantsJson(result))
            {
                DocumentJson.Print(new ComparisonDocument(a, b, outcome.Difference is null, outcome.FirstLength, outcome.SecondLength,
                    outcome.Difference));
            }
            else if (outcome.Difference is { } offset)
            {
                Output.Line(offset == Math.Min(outcome.FirstLength, outcome.SecondLength) && outcome.FirstLength != outcome.SecondLength
                    ? $"The disks differ in length: {outcome.FirstLength} and {outcome.SecondLength} bytes."
                    : $"The disks differ, first at byte {offset}.");
            }
            else
            {
                Output.Line(outcome.FirstLength == outcome.SecondLength
                    ? "The disks are identical."
                    : $"The disks are identical; the longer one ({outcome.FirstLength} and {outcome.SecondLength} bytes) has only zeros "
                        + "after the end of the other.");
            }

            return outcome.Difference is null ? ExitCode.Done : ExitCode.NotReady;
        });
        return command;
    }
}
