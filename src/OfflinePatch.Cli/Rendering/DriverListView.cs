using OfflinePatch.Core;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Rendering;

/// <summary>What <c>drivers</c> prints.</summary>
internal static class DriverListView
{
    /// <summary>Prints the packages of sources: one paragraph each, so that no name is cut however narrow the terminal is.</summary>
    public static void Print(IReadOnlyList<DriverSourceReport> sources)
    {
        foreach (var source in sources)
        {
            Console.Out.WriteLine($"{Paragraph.Styled(source.Path, Paragraph.Bold)}: {PrintableText.Escape(source.Format)}, "
                + $"{source.Packages.Count} driver packages");
            foreach (var package in source.Packages)
            {
                Paragraph.Write("  ", 2, package.Inf);
                string[] facts =
                [
                    $"{package.Driver ?? package.Class}{(package.BootStart ? " (boot)" : "")}", package.Version,
                    string.Join(' ', package.Architectures),
                    package.Windows.Count > 0 ? $"Windows {string.Join(", ", package.Windows)}" : "",
                    $"signer: {package.Signer ?? "none"}", $"signature: {Signature(package)}", $"counts for: {CountsFor(package)}",
                ];
                Paragraph.Write("      ", 6, string.Join(" · ", facts.Where(f => f.Length > 0)));
                foreach (var problem in package.Problems)
                {
                    Problem("      ", problem);
                }
            }

            foreach (var problem in source.Unreadable)
            {
                Problem("  ", problem);
            }
        }
    }

    /// <summary>The kind of signature; one that does not fit its files is named so.</summary>
    private static string Signature(DriverPackageReport package) =>
        package.Signature == "broken" ? $"{package.SignatureKind ?? "signed"}, not valid" : package.SignatureKind ?? package.Signature;

    /// <summary>The Windows that accept it, and which of them without Secure Boot only.</summary>
    private static string CountsFor(DriverPackageReport package)
    {
        var accepted = package.AcceptedBy ?? [];
        var always = accepted.Intersect(package.AcceptedWithSecureBoot ?? [], StringComparer.Ordinal).ToList();
        var without = accepted.Except(always, StringComparer.Ordinal).ToList();
        return accepted.Count == 0 ? "none"
            : without.Count == 0 ? (always.Count == package.Windows.Count ? "all" : string.Join(", ", always))
            : $"{(always.Count == 0 ? "" : $"{string.Join(", ", always)}; ")}without Secure Boot: "
                + $"{(without.Count == package.Windows.Count ? "all" : string.Join(", ", without))}";
    }

    /// <summary>Prints which packages a fix of an image would use.</summary>
    public static void Print(DriverChoiceReport choice)
    {
        Paragraph.Write("", 0, $"{choice.Image}: Windows {choice.Windows}");
        foreach (var package in choice.Packages.OrderByDescending(p => p.Used))
        {
            var (word, style) = package.Used ? ("used", Paragraph.Green) : ("not used", Paragraph.Dim);
            Paragraph.Write($"  {Paragraph.Styled(word, style)}{new string(' ', 10 - word.Length)}", 12,
                $"{package.Inf}{(package.Driver is null ? "" : $" ({package.Driver})")} {package.Version}");
            Paragraph.Write(new string(' ', 12), 12, package.Reason);
        }

        Output.Line($"{choice.Packages.Count(p => p.Used)} of {choice.Packages.Count} packages would be used");
    }

    private static void Problem(string indent, DriverProblemReport problem)
    {
        var head = $"{problem.Code} {problem.Kind}";
        Paragraph.Write($"{indent}{Paragraph.Styled(head, problem.Kind == "warning" ? Paragraph.Yellow : Paragraph.Red)} ",
            indent.Length + head.Length + 1, problem.Message);
    }
}
