using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using OfflinePatch.Core;

namespace OfflinePatch.Windows.Growth;

/// <summary>
/// <c>ReAgent.xml</c>: where Windows finds its recovery environment. Each location has the GUID of the disk and the byte where the
/// partition begins (<c>offset="188570664960" guid="{…}"</c>), on GPT disks, too; on MBR disks the signature as <c>id</c>. Only these
/// digits are changed; everything else of the file stays. Source: boot-network-accounts.md, files of Windows 8.1 to 11.
/// </summary>
internal sealed partial class ReAgentFile
{
    private const int MaxLength = 256 * 1024;

    private readonly byte[] _bytes;
    private readonly Encoding _encoding;

    private ReAgentFile(byte[] bytes)
    {
        _bytes = bytes;
        _encoding = bytes is [0xFF, 0xFE, ..] ? Encoding.Unicode : Encoding.Latin1;
    }

    /// <summary>Reads the file; null where there is none.</summary>
    /// <param name="files">The volume.</param>
    /// <param name="path">The path on it.</param>
    /// <param name="problem">Why the file cannot be read, or null.</param>
    public static ReAgentFile? Read(IFileSystem files, string path, out string? problem)
    {
        problem = null;
        if (files.Find(path) is not { IsDirectory: false } entry)
        {
            return null;
        }

        if (entry.Length > MaxLength)
        {
            problem = $"{path} has {entry.Length} bytes";
            return null;
        }

        return new ReAgentFile(files.ReadFile(path));
    }

    /// <summary>The file with every location on a disk that begins at one byte moved to another; null where it names no such one.</summary>
    /// <param name="disk">GUID of the disk.</param>
    /// <param name="before">The byte where the partition began.</param>
    /// <param name="now">The byte where it begins.</param>
    public byte[]? Moved(Guid disk, long before, long now)
    {
        var text = _encoding.GetString(_bytes); // Latin1 keeps every byte of UTF-8 as it is
        var changed = Location().Replace(text, match =>
            match.Value.Contains(disk.ToString("B"), StringComparison.OrdinalIgnoreCase)
                ? OffsetOf().Replace(match.Value, offset => offset.Groups["bytes"].Value == before.ToString(CultureInfo.InvariantCulture)
                    ? string.Create(CultureInfo.InvariantCulture, $"offset=\"{now}\"")
                    : offset.Value)
                : match.Value);
        return changed == text ? null : _encoding.GetBytes(changed);
    }

    [GeneratedRegex("<[A-Za-z]+Location\\b[^<>]*>", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Location();

    [GeneratedRegex("\\boffset=\"(?<bytes>[0-9]+)\"", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex OffsetOf();
}
