using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OfflinePatch.Windows.Reports;

/// <summary>
/// Every error code of the program. The table is the file <c>errors.json</c> of each assembly, next to the code that raises the errors; a
/// test holds that each code is raised in one place and has one row. Immutable; safe to use from several threads.
/// </summary>
public static class ErrorCatalog
{
    private const string Prefix = "Errors/";

    private static readonly Lazy<IReadOnlyList<ErrorDescription>> Table = new(Read);

    private static readonly Lazy<FrozenDictionary<string, ErrorDescription>> ByCode =
        new(() => Table.Value.ToFrozenDictionary(e => e.Code, StringComparer.OrdinalIgnoreCase));

    /// <summary>Every code, by area.</summary>
    public static IReadOnlyList<ErrorDescription> All => Table.Value;

    /// <summary>The description of a code, or null. Case is ignored.</summary>
    public static ErrorDescription? Find(string code) => ByCode.Value.GetValueOrDefault(code);

    /// <summary>The table as a Markdown document, as it is in <c>src/ERRORS.md</c>.</summary>
    public static string ToMarkdown()
    {
        var text = new StringBuilder();
        text.Append(
            """
            # Error codes

            Generated from `src/*/errors.json` by `make errors`; do not edit. `offlinepatch explain CODE` prints one of them.

            The exit status is that of a command that ends with the error. A finding of a check ends `fs check` and `reg check` with 3,
            and a command that would write with 4. A finding about a driver package ends `check` and `fix` with 3 where a rule needs the
            package.

            """);
        foreach (var area in All.GroupBy(e => e.Area, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture,
                $"\n## {area.Key}\n\n| code | exit | meaning | cause | what to do |\n|---|---|---|---|---|\n");
            foreach (var e in area)
            {
                text.Append(CultureInfo.InvariantCulture,
                    $"| {e.Code} | {e.ExitStatus} | {Cell(e.Meaning)} | {Cell(e.Cause)} | {Cell(e.Remedy)} |\n");
            }
        }

        return text.ToString();
    }

    private static string Cell(string text) =>
        text.Replace("|", "\\|", StringComparison.Ordinal).Replace("*", "\\*", StringComparison.Ordinal)
            .Replace("<", "&lt;", StringComparison.Ordinal);

    private static List<ErrorDescription> Read()
    {
        var assembly = typeof(ErrorCatalog).Assembly;
        var all = new List<ErrorDescription>();
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal))
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            foreach (var area in JsonSerializer.Deserialize(stream, ErrorTableContext.Default.ErrorAreaArray)!)
            {
                all.AddRange(area.Codes.Select(c => new ErrorDescription(
                    c.Code, area.Area, c.Kind, c.Exit ?? ExitStatusOf(c.Kind), c.Meaning, c.Cause ?? area.Cause, c.Remedy ?? area.Remedy)));
            }
        }

        return all;
    }

    private static int ExitStatusOf(ErrorKind kind) => kind switch
    {
        ErrorKind.Corrupt or ErrorKind.Unsupported or ErrorKind.Missing => 2,
        ErrorKind.Finding or ErrorKind.Driver => 3,
        ErrorKind.Refused => 4,
        _ => 5,
    };
}

/// <summary>A group of codes in <c>errors.json</c>; its cause and remedy hold for the codes that give none of their own.</summary>
internal sealed record ErrorArea(string Area, string Cause, string Remedy, ErrorRow[] Codes);

/// <summary>A code in <c>errors.json</c>.</summary>
internal sealed record ErrorRow(string Code, ErrorKind Kind, string Meaning, string? Cause, string? Remedy, int? Exit);

/// <summary>The generated metadata.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = false)]
[JsonSerializable(typeof(ErrorArea[]))]
internal sealed partial class ErrorTableContext : JsonSerializerContext;
