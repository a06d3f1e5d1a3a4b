using System.CommandLine;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Cli.Words;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Targets;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>explain</c>: what an error code means, and what to do.</summary>
internal static class ExplainCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Every error and every finding has a stable code, for example CORE-0031 or NTFS-6100. Prints what a code means, the usual cause,
        what to do, and the exit status of a command that ends with it. Without a code: the list of all codes.
        """,
        [
            new("An error of the last run:", "offlinepatch explain CORE-0031"),
            new("Every code, for a wiki or a script:", "offlinepatch explain --json"),
        ],
        [new(ExitCode.Done, "printed"), new(ExitCode.Usage, "there is no such code"), HostFailure])
    {
        SeeAlso = ["rules"],
    };

    public static Command Create()
    {
        var codes = new Argument<string[]>("CODE")
        {
            Description = "Codes of errors or findings; case is ignored. Without one: every code.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        codes.CompletionSources.Add(
            _ => ErrorCatalog.All.Select(e => new System.CommandLine.Completions.CompletionItem(e.Code, detail: e.Meaning)));
        var markdown = new Option<bool>("--markdown") { Description = "Print the whole table as a Markdown document." };
        var command = new Command("explain", "Explains error codes: meaning, cause, what to do, exit status.") { codes, markdown };
        command.SetGuardedAction((result, _) =>
        {
            if (result.GetValue(markdown))
            {
                Console.Out.Write(ErrorCatalog.ToMarkdown());
                return ExitCode.Done;
            }

            var chosen = result.GetValue(codes) ?? [];
            IReadOnlyList<ErrorDescription> errors = chosen.Length == 0 ? ErrorCatalog.All : [.. chosen.Select(Find)];
            if (GlobalOptions.WantsJson(result))
            {
                Output.HasDocument = true;
                Console.Out.WriteLine(ReportJson.Serialize(new ErrorListDocument(ReportDocument.CurrentSchema, Tool.Identity, "explain",
                    errors)));
            }
            else if (chosen.Length == 0)
            {
                List(errors);
            }
            else
            {
                Explain(errors);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static ErrorDescription Find(string code)
    {
        if (ErrorCatalog.Find(code) is { } found)
        {
            return found;
        }

        var isRule = RuleDescription.Of(TargetProfile.Empty).Any(r => r.Id == code);
        var near = Suggestion.For(code, ErrorCatalog.All.Select(e => e.Code));
        throw new UsageException($"There is no error code \"{code}\".",
            isRule ? "It is a rule: `offlinepatch rules` describes every rule."
            : near is not null ? $"Did you mean {near}? `offlinepatch explain` lists every code."
            : "`offlinepatch explain` lists every code.");
    }

    private static void List(IReadOnlyList<ErrorDescription> errors)
    {
        foreach (var area in errors.GroupBy(e => e.Area, StringComparer.Ordinal))
        {
            Output.Line(area.Key);
            foreach (var error in area)
            {
                Output.Line($"  {error.Code,-10}  {error.Meaning}");
            }
        }
    }

    private static void Explain(IReadOnlyList<ErrorDescription> errors)
    {
        foreach (var error in errors)
        {
            Output.Line($"{error.Code}: {error.Meaning}");
            Output.Line($"  area:        {error.Area}");
            Output.Line($"  cause:       {error.Cause}");
            Output.Line($"  what to do:  {error.Remedy}");
            Output.Line($"  exit status: {error.ExitStatus} ({Word(error.Kind)})");
        }
    }

    private static string Word(ErrorKind kind) => kind switch
    {
        ErrorKind.Corrupt => "the image or a structure in it is damaged",
        ErrorKind.Unsupported => "not handled",
        ErrorKind.Missing => "a file is missing or cannot be opened",
        ErrorKind.Refused => "refused; nothing was written",
        ErrorKind.Host => "this machine failed; the image is unchanged or was rolled back",
        ErrorKind.Finding => "a finding of a check",
        ErrorKind.Driver => "a finding about a driver package",
        _ => "an error of the command line or of the program",
    };
}
