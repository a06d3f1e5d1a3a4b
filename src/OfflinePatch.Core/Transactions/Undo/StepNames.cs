using System.Globalization;
using System.IO.Hashing;
using OfflinePatch.Core.Hosting;

namespace OfflinePatch.Core.Undo;

/// <summary>
/// Names of the files that a history consists of. Beside the image: <c>IMAGE.offlinepatch-undo</c> for step 1, <c>IMAGE.offlinepatch-undo.2</c> for step 2, and so on. In a
/// folder of the user's choice they carry a tag of the image, which tells images of one name apart and survives moving either folder.
/// </summary>
internal static class StepNames
{
    public const string Suffix = ".offlinepatch-undo";

    /// <summary>Until an undo file is durable it has this suffix too; the image is untouched then, and the file says nothing.</summary>
    public const string NewSuffix = ".new";

    /// <summary>Beside every other file of a change (and beside the image, where its undo file is elsewhere), a file of this suffix leads to the undo file.</summary>
    public const string PointerSuffix = Suffix + "-elsewhere";

    /// <summary>Name of an undo file.</summary>
    /// <param name="imageName">Name of the image.</param>
    /// <param name="tag">Its tag; null beside the image.</param>
    /// <param name="number">Number of the step.</param>
    public static string Name(string imageName, string? tag, int number) =>
        $"{imageName}{(tag is null ? "" : "-" + tag)}{Suffix}{(number == 1 ? "" : "." + number.ToString(CultureInfo.InvariantCulture))}";

    /// <summary>The number in the name of an undo file that starts with <paramref name="stem"/>; 0 when it is something else (a pointer, an unfinished file).</summary>
    public static int NumberOf(ReadOnlySpan<char> name, ReadOnlySpan<char> stem)
    {
        if (!name.StartsWith(stem, StringComparison.Ordinal))
        {
            return 0;
        }

        var rest = name[stem.Length..];
        if (rest.Length == 0)
        {
            return 1;
        }

        return rest[0] == '.' && int.TryParse(rest[1..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 1 and <= StepLayout.MaxNumber
            ? number
            : 0;
    }

    /// <summary>The tag of an image: of the file itself where the host can tell files apart, else of its folder.</summary>
    public static string Tag(FileIdentity identity, string folder)
    {
        if (!identity.IsKnown)
        {
            return LegacyTag(folder);
        }

        Span<byte> bytes = stackalloc byte[20];
        BitConverter.TryWriteBytes(bytes, identity.Inode);
        BitConverter.TryWriteBytes(bytes[8..], identity.Birth?.Seconds ?? (long)identity.Device);
        BitConverter.TryWriteBytes(bytes[16..], identity.Birth?.Nanoseconds ?? 0);
        return Hex(bytes);
    }

    /// <summary>The tag that version 2 used: of the text of the folder's path.</summary>
    public static string LegacyTag(string folder) => Hex(System.Text.Encoding.UTF8.GetBytes(folder));

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(XxHash128.Hash(bytes).AsSpan(0, 4));
}
