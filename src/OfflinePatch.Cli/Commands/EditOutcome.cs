using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands;

/// <summary>
/// What every command that changed one image says at its end, in the same words: whether anything was written, and how that is undone.
/// </summary>
internal static class EditOutcome
{
    /// <summary>Prints it.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="path">The image or hive file.</param>
    /// <param name="edit">What the commit did.</param>
    /// <param name="add">What the command itself adds to the document, or null.</param>
    public static void Print(ParseResult result, string path, EditResult edit, Func<EditDocument, EditDocument>? add = null)
    {
        Output.HasChanged = edit.IsChanged;
        var undo = edit.UndoFile is { } file ? EditArguments.UndoCommandLine(path, file) : null;
        if (GlobalOptions.WantsJson(result))
        {
            var document = new EditDocument(CommandGuard.Command, path, edit.IsChanged, edit.BytesWritten, edit.UndoFile)
            {
                UndoCommand = undo,
            };
            DocumentJson.Print(add is null ? document : add(document));
            return;
        }

        Output.Line(edit.IsChanged ? "Done." : "Nothing needed to be changed; nothing was written.");
        if (undo is not null)
        {
            Output.Note($"to undo: {undo}");
        }
    }
}
