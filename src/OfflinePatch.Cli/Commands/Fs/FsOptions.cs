using System.CommandLine;
using OfflinePatch.Cli.Words;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary>What the <c>fs</c> commands have in common: the image, the partition, JSON.</summary>
internal sealed class FsOptions
{
    private readonly Option<int?> _partition = TypedOption.Number("--partition", 1, int.MaxValue, "The partition, counted from 1; the Windows volume without it.");
    private readonly EditArguments _edit = new();
    private readonly Option<bool> _json = CommonOptions.Json();

    /// <summary>The image.</summary>
    public Argument<string> Image { get; } = CommonArguments.Image();

    public int? Partition(ParseResult result) => result.GetValue(_partition);

    public EditOptions Edit(ParseResult result)
    {
        _edit.Check(result);
        return _edit.Read(result);
    }

    public bool Json(ParseResult result) => result.GetValue(_json);

    /// <summary>Adds the options to a command.</summary>
    public Command AddTo(Command command, bool writes = false, bool json = false)
    {
        command.Add(Image);
        command.Add(_partition);
        _edit.AddTo(command, writes);
        if (json)
        {
            command.Add(_json);
        }

        return command;
    }
}
