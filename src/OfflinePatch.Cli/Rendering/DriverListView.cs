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
                foreach (var title in (string[])["package", "driver", "version", "arch", "Windows", "signature"])
                {
                    table.AddColumn(title);
                }

                foreach (var package in source.Packages)
                {
                    table.AddRow(
                        Output.Cell(package.Inf), Output.Cell($"{package.Driver ?? package.Class}{(package.BootStart ? ", boot" : "")}"), Output.Cell(package.Version), Output.Cell(string.Join(' ', package.Architectures)),
                        Output.Cell(string.Join(", ", package.Windows)), Output.Cell(package.Signer ?? package.Signature));
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
}
