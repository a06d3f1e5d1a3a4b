using System.IO.Enumeration;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Registry;

namespace OfflinePatch.Cli.Registry;

/// <summary>A search below a key, as <c>reg query /f</c> of Windows does it.</summary>
/// <param name="text">What is looked for, with <c>*</c> and <c>?</c>.</param>
internal sealed class RegistrySearch(string text)
{
    /// <summary>Whether names of keys are looked at.</summary>
    public bool InKeys { get; init; }

    /// <summary>Whether names of values are looked at.</summary>
    public bool InNames { get; init; }

    /// <summary>Whether data is looked at.</summary>
    public bool InData { get; init; }

    /// <summary>Whether the whole name or data has to match.</summary>
    public bool IsExact { get; init; }

    /// <summary>Whether upper and lower case differ.</summary>
    public bool IsCaseSensitive { get; init; }

    /// <summary>Every key below <paramref name="key"/> that matches or has values that do.</summary>
    public IEnumerable<RegistryMatch> Run(HiveKey key, string path, CancellationToken cancellation)
    {
        var pattern = IsExact ? text : $"*{text}*";
        var pending = new Stack<(HiveKey Key, string Path, bool IsStart)>([(key, path, true)]);
        while (pending.TryPop(out var next))
        {
            cancellation.ThrowIfCancellationRequested();
            var values = InNames || InData
                ? next.Key.Values.Where(v => (InNames && Matches(pattern, v.Name)) || (InData && Matches(pattern, RegistryView.Text(v))))
                    .ToList()
                : [];
            var isMatch = InKeys && !next.IsStart && Matches(pattern, next.Key.Name);
            if (isMatch || values.Count > 0)
            {
                yield return new RegistryMatch(next.Key, next.Path, isMatch, values);
            }

            foreach (var child in next.Key.SubKeys.Reverse())
            {
                pending.Push((child, $"{next.Path}\\{child.Name}", false));
            }
        }
    }

    // In patterns a backslash would quote the next character; in the registry it is one like any other.
    private bool Matches(string pattern, string candidate) =>
        FileSystemName.MatchesSimpleExpression(pattern.Replace("\\", "\\\\", StringComparison.Ordinal), candidate,
            ignoreCase: !IsCaseSensitive);
}

/// <summary>A key that a search found.</summary>
/// <param name="Key">The key.</param>
/// <param name="Path">Its full path.</param>
/// <param name="IsMatch">Whether its own name matches.</param>
/// <param name="Values">Its values that match.</param>
internal sealed record RegistryMatch(HiveKey Key, string Path, bool IsMatch, IReadOnlyList<HiveValue> Values);
