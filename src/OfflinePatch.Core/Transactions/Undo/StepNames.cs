using System.Globalization;
using System.IO.Hashing;

namespace OfflinePatch.Core.Transactions.Undo;

/// <summary>
/// Names of the files that a history consists of. Beside the image: <c>IMAGE.offlinepatch-undo</c> for step 1,
/// <c>IMAGE.offlinepatch-undo.2</c> for step 2, and so on. In a folder of the user's choice they carry a tag of the image, which tells
/// images of one name apart and survives moving either folder.
/// </summary>
internal static class StepNames
{
    public const string Suffix = UndoFileName.Suffix;

    /// <summary>Until an undo file is durable it has this suffix too; the image is untouched then, and the file is ignored.</summary>
    public const string NewSuffix = ".new";

    /// <summary>
    /// Next to every other file of a change (and to the image, where its undo file is elsewhere), a file of this suffix leads to the
    /// undo file.
    /// </summary>
    public const string PointerSuffix = Suffix + "-elsewhere";

    private const int HalfTag = 8;

    /// <summary>Name of an undo file.</summary>
    /// <param name="imageName">Name of the image.</param>
    /// <param name="tag">Its tag; null next to the image.</param>
    /// <param name="number">Number of the step.</param>
    public static string Name(string imageName, string? tag, int number) =>
        $"{imageName}{(tag is null ? "" : "-" + tag)}{Suffix}{(number == 1 ? "" : "." + number.ToString(CultureInfo.InvariantCulture))}";

    /// <summary>
    /// The number in the name of an undo file that starts with <paramref name="stem"/>; 0 when it is something else (a pointer, an
    /// unfinished file).
    /// </summary>
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

        return rest[0] == '.' && int.TryParse(rest[1..], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number is > 1 and <= StepLayout.MaxNumber
            ? number
            : 0;
    }

    /// <summary>
    /// The tag of an image: 8 digits of the file itself, which stay when it or its folder is renamed, then 8 of the path of its folder,
    /// which stay when it is copied back.
    /// </summary>
    public static string Tag(FileIdentity identity, string folder)
    {
        Span<byte> bytes = stackalloc byte[20];
        bytes.Clear();
        BitConverter.TryWriteBytes(bytes, identity.Inode);
        BitConverter.TryWriteBytes(bytes[8..], identity.Birth?.Seconds ?? (long)identity.Device);
        BitConverter.TryWriteBytes(bytes[16..], identity.Birth?.Nanoseconds ?? 0);
        return (identity.IsKnown ? Hex(bytes) : "00000000") + LegacyTag(folder);
    }

    /// <summary>The number in the name of an undo file in a folder of its own, when it is that of an image; else 0.</summary>
    /// <param name="name">Name of the undo file.</param>
    /// <param name="imageName">Name of the image.</param>
    /// <param name="tag">Tag of the image.</param>
    public static int NumberOf(string name, string imageName, string tag)
    {
        var end = name.LastIndexOf(Suffix, StringComparison.Ordinal);
        var start = end - tag.Length - 1;
        if (start >= 0 && name[start] == '-')
        {
            var found = name.AsSpan(start + 1, tag.Length);
            var isSameFile = found.StartsWith(tag.AsSpan(0, HalfTag)) && !found.StartsWith("00000000");
            var isSamePath = found.EndsWith(tag.AsSpan(HalfTag)) && name.AsSpan(0, start).SequenceEqual(imageName);
            if (isSameFile || isSamePath)
            {
                return NumberOf(name.AsSpan(end), Suffix);
            }
        }

        return NumberOf(name, $"{imageName}-{tag[HalfTag..]}{Suffix}"); // version 2
    }

    /// <summary>The tag that version 2 used: of the text of the folder's path.</summary>
    public static string LegacyTag(string folder) => Hex(System.Text.Encoding.UTF8.GetBytes(folder));

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(XxHash128.Hash(bytes).AsSpan(0, 4));
}
