using OfflinePatch.Windows.Reports;
using Spectre.Console;

namespace OfflinePatch.Cli.Rendering;

/// <summary>What <c>drivers</c> prints.</summary>
internal static class DriverListView
{
    public static void Print(IReadOnlyList<DriverSourceReport> sources)
    {
        var console = Terminal.Out;
        foreach (var source in sources)
        {
            console.MarkupLine($"[bold]{source.Path.Shown()}[/]: {source.Format.Shown()}, {source.Packages.Count} driver packages");
            if (source.Packages.Count > 0)
            {
                var table = new Table().Border(TableBorder.Simple);
                foreach (var title in (string[])["package", "driver", "version", "arch", "Windows", "signer", "signature", "counts for"])
                {
                    table.AddColumn(title);
                }

                foreach (var package in source.Packages)
                {
                    table.AddRow(
                        Output.Cell(package.Inf), Output.Cell($"{package.Driver ?? package.Class}{(package.BootStart ? ", boot" : "")}"), Output.Cell(package.Version), Output.Cell(string.Join(' ', package.Architectures)),
                        Output.Cell(string.Join(", ", package.Windows)), Output.Cell(package.Signer ?? "none"), Output.Cell(Signature(package)), Output.Cell(CountsFor(package)));
                }

                console.Write(table);
            }

            foreach (var (inf, problem) in source.Packages.SelectMany(p => p.Problems.Select(q => (p.Inf, q))).Concat(source.Unreadable.Select(u => ("", u))))
            {
                var color = problem.Kind == "warning" ? "yellow" : "red";
                console.MarkupLine($"[{color}]{problem.Code} {problem.Kind}[/] {inf.Shown()}{(inf.Length > 0 ? ": " : "")}{problem.Message.Shown()}");
            }
        }
    }

    /// <summary>The kind of signature; one that does not fit its files is named so.</summary>
    private static string Signature(DriverPackageReport package) => package.Signature == "broken" ? $"{package.SignatureKind ?? "signed"}, does not hold" : package.SignatureKind ?? package.Signature;

    /// <summary>The Windows that accept it, and which of them without Secure Boot only.</summary>
    private static string CountsFor(DriverPackageReport package)
    {
        var accepted = package.AcceptedBy ?? [];
        var always = accepted.Intersect(package.AcceptedWithSecureBoot ?? [], StringComparer.Ordinal).ToList();
        var without = accepted.Except(always, StringComparer.Ordinal).ToList();
        return accepted.Count == 0 ? "none"
            : without.Count == 0 ? (always.Count == package.Windows.Count ? "all" : string.Join(", ", always))
            : $"{(always.Count == 0 ? "" : $"{string.Join(", ", always)}; ")}without Secure Boot: {(without.Count == package.Windows.Count ? "all" : string.Join(", ", without))}";
    }
}
