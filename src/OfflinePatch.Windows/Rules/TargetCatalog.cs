using OfflinePatch.Core;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules;

/// <summary>The targets that come with the program, and those that a user writes: profiles, checked against the rules that exist.</summary>
/// <remarks>Immutable; safe for use by several threads.</remarks>
public static class TargetCatalog
{
    private const string Prefix = "Targets/";

    /// <summary>The default target.</summary>
    public const string DefaultId = "huawei-ims";

    // Every JSON file of the folder Targets; the default first.
    private static readonly string[] BuiltIn =
    [
        .. typeof(TargetProfile).Assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(n => Path.GetFileNameWithoutExtension(n)).OrderBy(id => id != DefaultId).ThenBy(id => id, StringComparer.Ordinal),
    ];

    /// <summary>The profiles that come with the program.</summary>
    public static IReadOnlyList<string> Ids => BuiltIn;

    /// <summary>A built-in profile.</summary>
    /// <exception cref="RefusedException"><c>WIN-0007</c>: there is no such profile.</exception>
    public static TargetProfile Get(string id) => BuiltIn.Contains(id, StringComparer.Ordinal)
        ? Parse(ReadSource(id), id)
        : throw TargetError.Unknown(id, string.Join(", ", BuiltIn));

    /// <summary>Reads a profile from JSON.</summary>
    /// <param name="json">UTF-8; comments and trailing commas are allowed.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <exception cref="UnsupportedImageException"><c>WIN-0008</c>: it is not a profile, or names a rule or parameter that does not
    /// exist.</exception>
    /// <exception cref="RefusedException"><c>WIN-0007</c>: it extends a profile that does not exist.</exception>
    public static TargetProfile Parse(ReadOnlySpan<byte> json, string source) =>
        TargetProfile.Parse(json, source, RuleCatalog.All.ToDictionary(r => r.Id, r => r.Contract.Parameters, StringComparer.Ordinal), Get);

    private static byte[] ReadSource(string id)
    {
        using var stream = typeof(TargetProfile).Assembly.GetManifestResourceStream($"{Prefix}{id}.json")!;
        var json = new byte[stream.Length];
        stream.ReadExactly(json);
        return json;
    }
}
