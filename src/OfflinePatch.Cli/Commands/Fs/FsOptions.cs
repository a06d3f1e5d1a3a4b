using System.CommandLine;
using OfflinePatch.Cli.Words;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary>What the <c>fs</c> commands have in common: the image and the partition.</summary>
internal sealed class FsOptions
{
    private readonly Option<int?> _partition = TypedOption.Number("--partition", 1, int.MaxValue,
        "The partition, counted from 1; the Windows volume without it.");
    private readonly EditArguments _edit = new();

    /// <summary>The image.</summary>
    public Argument<string> Image { get; } = CommonArguments.Image();

    public int? Partition(ParseResult result) => result.GetValue(_partition);

    public EditOptions Edit(ParseResult result) => _edit.Read(result);

    /// <summary>Adds the options to a command.</summary>
    public Command AddTo(Command command, bool writes = false)
    {
        command.Add(Image);
        command.Add(_partition);
        _edit.AddTo(command, writes);
        return command;
    }
}
