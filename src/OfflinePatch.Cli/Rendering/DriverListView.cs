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
            console.MarkupLine($"[bold]{source.Path.EscapeMarkup()}[/]: {source.Format.EscapeMarkup()}, {source.Packages.Count} driver packages");
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
                        new Text(package.Inf), new Text($"{package.Driver ?? package.Class}{(package.BootStart ? ", boot" : "")}"), new Text(package.Version), new Text(string.Join(' ', package.Architectures)),
                        new Text(string.Join(", ", package.Windows)), new Text(package.Signer ?? package.Signature));
                }

                console.Write(table);
            }

            foreach (var (inf, problem) in source.Packages.SelectMany(p => p.Problems.Select(q => (p.Inf, q))).Concat(source.Unreadable.Select(u => ("", u))))
            {
                var color = problem.Kind == "warning" ? "yellow" : "red";
                console.MarkupLine($"[{color}]{problem.Code} {problem.Kind}[/] {inf.EscapeMarkup()}{(inf.Length > 0 ? ": " : "")}{problem.Message.EscapeMarkup()}");
            }
        }
    }
}
