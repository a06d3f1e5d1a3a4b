using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary>One volume of an image, for the <c>fs</c> commands.</summary>
internal sealed class FsImage : IDisposable
{
    private readonly ImageEdit _edit;
    private readonly string _path;
    private readonly IWritableFileSystem? _writable;

    private FsImage(string path, ImageEdit edit, int? partition, bool write)
    {
        _path = path;
        _edit = edit;
        Volume = edit.FindVolume(partition);
        _writable = write ? edit.OpenVolume(partition) : null;
    }

    /// <summary>The volume.</summary>
    public GuestVolume Volume { get; }

    /// <summary>Its files.</summary>
    public IFileSystem Files => Volume.FileSystem!;

    /// <summary>Its files, to be changed.</summary>
    public IWritableFileSystem Writable => _writable ?? throw new InvalidOperationException("the volume was opened to be read");

    /// <summary>Opens the volume that the options name: <c>--partition N</c>, else the one with Windows, else the only one.</summary>
    public static FsImage Open(string path, FsOptions options, ParseResult result, bool write)
    {
        var edit = write ? ImageEdit.Open(path, options.Edit(result)) : ImageEdit.OpenToRead(path, options.Edit(result));
        try
        {
            var image = new FsImage(path, edit, options.Partition(result), write);
            if (write && image.Volume.Condition is { HasShadowCopies: true })
            {
                Output.Note($"{image.Volume.Description} holds shadow copies; they become inconsistent where files are written");
            }

            return image;
        }
        catch
        {
            edit.Dispose();
            throw;
        }
    }

    /// <summary>Checks what was changed, writes the image, and reports that and how it is undone.</summary>
    public void Commit(ParseResult result, CancellationToken cancellation, Func<EditDocument, EditDocument>? add = null) =>
        EditOutcome.Print(result, _path, _edit.Commit(cancellation), add);

    public void Dispose() => _edit.Dispose();
}
