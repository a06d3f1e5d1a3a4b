using System.CommandLine;
using System.Globalization;
using OfflinePatch.Cli.Batch;
using OfflinePatch.Core;

namespace OfflinePatch.Cli.Commands;

/// <summary>Which images a command works on: the words of the command line, a list, or one task's share of both.</summary>
internal sealed class ImageListOptions
{
    private const int ListLimit = 64 * 1024 * 1024;

    private readonly Option<string?> _from = new("--images-from")
    {
        Description = "Read the names of images from FILE, or with - from standard input: one a line, whatever characters are in it; or "
            + "separated by zeros.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _shard = new("--shard")
    {
        Description = "Work only on the part I of N of the images. Which part an image is in depends on its path alone, so N tasks do "
            + "each image once.",
        HelpName = "I/N",
    };

    /// <summary>The images as words.</summary>
    public Argument<string[]> Images { get; } = CommonArguments.Images();

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(Images);
        command.Add(_from);
        command.Add(_shard);
    }

    /// <summary>Whether several images may be meant, however many there turn out to be.</summary>
    public bool IsList(ParseResult result) =>
        result.GetValue(_from) is not null || result.GetValue(Images) is not [var only] || HostPaths.IsDirectory(only);

    /// <summary>The images, in order. Empty only where the part of this task is.</summary>
    /// <exception cref="UsageException">No image is named, or one is named twice.</exception>
    /// <exception cref="HostIOException">The list cannot be read; <c>CLI-0008</c>: a pattern or directory gives no image.</exception>
    public IReadOnlyList<string> Read(ParseResult result)
    {
        var shard = result.GetValue(_shard) is { } text ? ParseShard(text) : ((int Index, int Count)?)null;
        var words = (result.GetValue(Images) ?? []).ToList();
        if (result.GetValue(_from) is { } list)
        {
            OutputPaths.RequireSource("--images-from", list == "-" ? null : list);
            words.AddRange(list == "-"
                ? StandardInput.ReadLines(ListLimit)
                : StandardInput.SplitLines(HostPaths.ReadSmallFile(list, ListLimit)));
        }
        else if (words.Count == 0)
        {
            throw new UsageException("no image is named");
        }

        var images = ImagePaths.Expand(words);
        if (ImagePaths.FirstDuplicate(images) is { } twice)
        {
            throw new UsageException($"{twice} is given twice");
        }

        return shard is { } part ? ImagePaths.Shard(images, part.Index, part.Count) : images;
    }

    private static (int Index, int Count) ParseShard(string text)
    {
        var parts = text.Split('/');
        return parts.Length == 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 1 and <= 1_000_000
            && index >= 1 && index <= count
            ? (index, count)
            : throw new UsageException($"--shard takes I/N with I from 1 to N, for example 3/8, not '{text}'");
    }
}
