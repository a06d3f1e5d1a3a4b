namespace OfflinePatch.Core.Errors;

/// <summary>What every error of this library carries in addition to its message.</summary>
public interface ICodedError
{
    /// <summary>Stable code, for example <c>NTFS-0107</c>: the area and four digits. Never reused for another meaning.</summary>
    string Code { get; }

    /// <summary>What the user can do about it, or null.</summary>
    string? Remedy { get; }

    /// <summary>The message of an error without the code that it begins with, for where the code is shown next to it.</summary>
    static string TextOf(string? code, string message) =>
        code is not null && message.StartsWith($"{code}: ", StringComparison.Ordinal) ? message[(code.Length + 2)..] : message;
}

/// <summary>The image, or a structure inside it, contradicts its own format.</summary>
public class CorruptImageException : Exception, ICodedError
{
    /// <param name="code">Stable code.</param>
    /// <param name="structure">The structure, as its specification names it, with its position in the tree where known: <c>FILE record
    /// 5</c>.</param>
    /// <param name="offset">Byte offset of the offending field in the device or file that holds the structure; -1 if it has none.</param>
    /// <param name="expected">What the format demands.</param>
    /// <param name="actual">What was found.</param>
    /// <param name="remedy">What the user can do, or null.</param>
    public CorruptImageException(string code, string structure, long offset, string expected, string actual, string? remedy = null)
        : base(offset < 0
            ? $"{code}: {structure}: expected {expected}, found {actual}."
            : $"{code}: {structure} at offset 0x{offset:X}: expected {expected}, found {actual}.")
    {
        Code = code;
        Structure = structure;
        Offset = offset;
        Expected = expected;
        Actual = actual;
        Remedy = remedy;
    }

    /// <inheritdoc/>
    public string Code { get; }

    /// <summary>The structure that is damaged.</summary>
    public string Structure { get; }

    /// <summary>Byte offset of the offending field, or -1.</summary>
    public long Offset { get; }

    /// <summary>What the format demands.</summary>
    public string Expected { get; }

    /// <summary>What was found.</summary>
    public string Actual { get; }

    /// <inheritdoc/>
    public string? Remedy { get; }
}

/// <summary>The image is well formed as far as we can tell, but uses something that this program does not handle.</summary>
public class UnsupportedImageException : Exception, ICodedError
{
    /// <param name="code">Stable code.</param>
    /// <param name="message">What is not handled, in a full sentence.</param>
    /// <param name="remedy">What the user can do, or null.</param>
    public UnsupportedImageException(string code, string message, string? remedy = null)
        : base($"{code}: {message}")
    {
        Code = code;
        Remedy = remedy;
    }

    /// <inheritdoc/>
    public string Code { get; }

    /// <inheritdoc/>
    public string? Remedy { get; }
}

/// <summary>The operation was refused: a gate rejected the image, or an option is required. Nothing was written.</summary>
public sealed class RefusedException : Exception, ICodedError
{
    /// <param name="code">Stable code.</param>
    /// <param name="message">Why, in a full sentence.</param>
    /// <param name="remedy">What the user can do.</param>
    public RefusedException(string code, string message, string? remedy = null)
        : base($"{code}: {message}")
    {
        Code = code;
        Remedy = remedy;
    }

    /// <summary>Whether the target of the change (a volume, a hive) has no room for it.</summary>
    public bool IsFull { get; init; }

    /// <inheritdoc/>
    public string Code { get; }

    /// <inheritdoc/>
    public string? Remedy { get; }
}

/// <summary>The host failed: a file cannot be opened, read or written. The image is unchanged, or rolled back.</summary>
public sealed class HostIOException : IOException, ICodedError
{
    /// <param name="code">Stable code.</param>
    /// <param name="message">What failed, in a full sentence.</param>
    /// <param name="remedy">What the user can do, or null.</param>
    /// <param name="inner">The host's own error, or null.</param>
    /// <param name="isMissing">Whether a file that was named does not exist or cannot be opened at all.</param>
    public HostIOException(string code, string message, string? remedy = null, Exception? inner = null, bool isMissing = false)
        : base($"{code}: {message}", inner)
    {
        IsMissing = isMissing;
        Code = code;
        Remedy = remedy;
    }

    /// <summary>Whether a file that was named does not exist or cannot be opened at all, as opposed to a host that fails.</summary>
    public bool IsMissing { get; }

    /// <summary>Whether the host does not let this user open the file.</summary>
    public bool IsDenied { get; init; }

    /// <inheritdoc/>
    public string Code { get; }

    /// <inheritdoc/>
    public string? Remedy { get; }
}
