using OfflinePatch.Core;

namespace OfflinePatch.Cli;

/// <summary>Standard input, where a command line names it by <c>-</c>.</summary>
internal static class StandardInput
{
    /// <summary>Opens it. Another stream for a process that runs several commands.</summary>
    public static Func<Stream> Open { get; set; } = Console.OpenStandardInput;

    /// <summary>Everything that it holds.</summary>
    /// <param name="limit">Bytes at most.</param>
    /// <exception cref="UnsupportedImageException"><c>CLI-0010</c>: it holds more.</exception>
    public static byte[] Read(int limit)
    {
        using var input = Open();
        using var content = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int count;
        while ((count = input.Read(buffer)) > 0)
        {
            content.Write(buffer, 0, count);
            if (content.Length > limit)
            {
                throw new UnsupportedImageException("CLI-0010", $"Standard input holds more than the {limit} bytes that are read at most.");
            }
        }

        return content.ToArray();
    }

    /// <summary>The same as lines.</summary>
    public static string[] ReadLines(int limit) => SplitLines(Read(limit));

    /// <summary>The lines of text in UTF-8; where it holds zeros, they separate (<c>find -print0</c>). Empty ones are left out.</summary>
    public static string[] SplitLines(byte[] content)
    {
        var text = System.Text.Encoding.UTF8.GetString(content).TrimStart('\uFEFF');
        return text.Contains('\0', StringComparison.Ordinal)
            ? text.Split('\0', StringSplitOptions.RemoveEmptyEntries)
            : [.. text.Split('\n').Select(l => l.TrimEnd('\r')).Where(l => l.Length > 0)];
    }
}
