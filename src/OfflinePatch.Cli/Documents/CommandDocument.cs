using System.Text.Json.Serialization;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Documents;

/// <summary>What every document that <c>--json</c> prints begins with. Fields are only ever added.</summary>
/// <param name="Command">The words of the command: <c>reg query</c>.</param>
internal abstract record CommandDocument([property: JsonPropertyOrder(-1)] string Command)
{
    /// <summary>The number of this layout.</summary>
    [JsonPropertyOrder(-3)]
    public int Schema => ReportDocument.CurrentSchema;

    /// <summary>The program.</summary>
    [JsonPropertyOrder(-2)]
    public ToolIdentity Tool => Cli.Tool.Identity;
}

/// <summary>An error that ended a command.</summary>
/// <param name="Command">The words of the command.</param>
/// <param name="Error">What went wrong.</param>
/// <param name="ExitCode">What the process returns.</param>
internal sealed record ErrorDocument(string Command, ErrorReport Error, int ExitCode) : CommandDocument(Command);
