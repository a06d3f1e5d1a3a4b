using System.Text.Json;
using System.Text.RegularExpressions;

namespace OfflinePatch.Core.Tests.Architecture;

/// <summary>
/// Error codes: each is raised in one place, with one meaning, and has one row in the table (<c>errors.json</c>) of the assembly that
/// raises it.
/// </summary>
[Trait("tier", "unit")]
public sealed partial class ErrorCodeTests
{
    private static readonly Dictionary<string, string[]> TypesOf = new(StringComparer.Ordinal)
    {
        ["corrupt"] = ["CorruptImageException", "OutsideDeviceException", "NotInArchiveException"],
        ["unsupported"] = ["UnsupportedImageException", "MissingCompanionException"],
        ["refused"] = ["RefusedException"],
        ["host"] = ["HostIOException"],
        ["missing"] = ["HostIOException"],
        ["driver"] = ["DriverFinding"],
    };

    private static readonly List<Literal> Literals =
        [.. Directory.EnumerateFiles(Path.Combine(BuiltAssembly.Root, "src"), "*.cs", SearchOption.AllDirectories)
        .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
        .SelectMany(f => Find(f, File.ReadAllText(f)))];

    private static readonly List<Row> Rows =
        [.. Directory.EnumerateFiles(Path.Combine(BuiltAssembly.Root, "src"), "errors.json", SearchOption.AllDirectories)
        .Where(f => Path.GetFileName(Path.GetDirectoryName(f))!.StartsWith("OfflinePatch.", StringComparison.Ordinal))
        .SelectMany(f => JsonDocument.Parse(File.ReadAllText(f)).RootElement.EnumerateArray()
            .SelectMany(area => area.GetProperty("codes").EnumerateArray()
            .Select(c => new Row(c.GetProperty("code").GetString()!, c.GetProperty("kind").GetString()!,
                Path.GetFileName(Path.GetDirectoryName(f))!))))];

    [Fact]
    public void Each_code_is_written_in_one_place() =>
        Assert.Empty(Literals.GroupBy(l => l.Code, StringComparer.Ordinal).Where(g => g.Count() > 1)
            .Select(g => $"{g.Key}: {string.Join(", ", g.Select(l => l.Place))}"));

    [Fact]
    public void Each_code_has_one_row_in_the_table_of_its_assembly()
    {
        Assert.True(Rows.Count > 600);
        Assert.Empty(Rows.GroupBy(r => r.Code, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => g.Key));
        Assert.Equal(Literals.Select(l => $"{l.Code} {l.Assembly}").Distinct().Order(StringComparer.Ordinal),
            Rows.Select(r => $"{r.Code} {r.Assembly}").Order(StringComparer.Ordinal));
    }

    /// <summary>The kind decides the exit status that is documented; it must be the type that is thrown.</summary>
    [Fact]
    public void The_kind_in_the_table_is_the_type_that_is_thrown()
    {
        var kinds = Rows.ToDictionary(r => r.Code, r => r.Kind, StringComparer.Ordinal);
        var compared = Literals.Where(l => l.Type.Length > 0 && TypesOf.ContainsKey(kinds[l.Code])).ToList();
        Assert.True(compared.Count > 400, $"{compared.Count}");
        Assert.Empty(compared.Where(l => !TypesOf[kinds[l.Code]].Contains(l.Type)
            || (l.Type == "HostIOException" && l.IsMissing != (kinds[l.Code] == "missing")))
            .Select(l => $"{l.Code} ({l.Place}): the table says {kinds[l.Code]}, the code {l.Type}{(l.IsMissing ? " (missing)" : "")}"));
    }

    /// <summary>Code that needs to know one error from another catches its type.</summary>
    [Fact]
    public void No_code_compares_error_codes()
    {
        var comparing = Directory.EnumerateFiles(Path.Combine(BuiltAssembly.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(f => Comparison().IsMatch(File.ReadAllText(f))).Select(f => Path.GetRelativePath(BuiltAssembly.Root, f));
        Assert.Empty(comparing);
    }

    private static IEnumerable<Literal> Find(string file, string text)
    {
        foreach (Match match in Code().Matches(text))
        {
            var line = text.LastIndexOf('\n', match.Index) + 1;
            if (text.AsSpan(line, match.Index - line).TrimStart().StartsWith("//", StringComparison.Ordinal))
            {
                continue;
            }

            // The type is named by the factory method around the literal, or by the `new` before it.
            var end = text.IndexOf(";\n", match.Index, StringComparison.Ordinal) is var e && e < 0 ? text.Length : e;
            var start = text.LastIndexOfAny([';', '}'], match.Index) is var s && s < 0 ? 0 : s;
            var type = Type().Matches(text[start..match.Index]).LastOrDefault()?.Value ?? "";
            var relative = Path.GetRelativePath(Path.Combine(BuiltAssembly.Root, "src"), file);
            yield return new Literal(match.Groups[1].Value, relative.Split(Path.DirectorySeparatorChar)[0],
                $"{relative}:{text.AsSpan(0, match.Index).Count('\n') + 1}", type,
                    text[match.Index..end].Contains("isMissing: true", StringComparison.Ordinal));
        }
    }

    [GeneratedRegex("\"((?!SHA-|CRC-)[A-Z][A-Z0-9]{1,9}-C?\\d{2,4})[\":]")]
    private static partial Regex Code();

    [GeneratedRegex(@"\b(\w+Exception|DriverFinding)\b")]
    private static partial Regex Type();

    [GeneratedRegex(@"\.Code (==|!=|is )|\bCode: (""|\w+Code\b)")]
    private static partial Regex Comparison();

    private sealed record Literal(string Code, string Assembly, string Place, string Type, bool IsMissing);

    private sealed record Row(string Code, string Kind, string Assembly);
}
