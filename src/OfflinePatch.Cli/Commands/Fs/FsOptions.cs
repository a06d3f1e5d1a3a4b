using System.CommandLine;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary>What the <c>fs</c> commands have in common: the image, the partition, JSON.</summary>
internal sealed class FsOptions
{
    private readonly Option<int?> _partition = new("--partition") { Description = "The partition, counted from 1; the Windows volume without it.", HelpName = "N" };
    private readonly Option<bool> _backing = new("--allow-backing") { Description = "Open the parent or backing file that the image names." };
    private readonly Option<string?> _undo = CommonOptions.UndoDir();
    private readonly Option<bool> _json = CommonOptions.Json();

    /// <summary>The image.</summary>
    public Argument<string> Image { get; } = CommonArguments.Image();

    public int? Partition(ParseResult result) => result.GetValue(_partition);

    public bool AllowBacking(ParseResult result) => result.GetValue(_backing);

    public string? UndoFolder(ParseResult result) => result.GetValue(_undo);

    public bool Json(ParseResult result) => result.GetValue(_json);

    /// <summary>Adds the options to a command.</summary>
    public Command AddTo(Command command, bool writes = false, bool json = false)
    {
        command.Add(Image);
        command.Add(_partition);
        command.Add(_backing);
        if (writes)
        {
            command.Add(_undo);
        }

        if (json)
        {
            command.Add(_json);
        }

        return command;
    }
}
