using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Reports;
using Spectre.Console;

namespace OfflinePatch.Cli.Rendering;

/// <summary>What <c>inspect</c> prints.</summary>
internal static class InspectionView
{
    public static void Print(ImageReport report)
    {
        if (report.Error is not null)
        {
            RuleTable.Print(report);
            return;
        }

        var console = Terminal.Out;
        console.MarkupLine($"[bold]{report.Path.Shown()}[/]");
        var grid = new Grid().AddColumn().AddColumn();
        Row(grid, "container", $"{report.Format}{(report.Subformat is null ? "" : $" ({report.Subformat})")}, {Sizes.Text(report.FileSize ?? 0)} on the host");
        Row(grid, "virtual size", $"{Sizes.Text(report.VirtualSize ?? 0)} ({report.VirtualSize} bytes)");
        Row(grid, "firmware", report.Firmware ?? "nothing on this disk boots");
        if (report.Windows is { } windows)
        {
            Row(grid, "Windows", $"{windows.ProductName}, {windows.Edition}, {windows.Version} build {windows.Build}, {windows.Arch}, {windows.InstallationType}");
            Row(grid, "system root", $"{windows.SystemRoot} on partition {windows.Partition}, {windows.ControlSet}");
            Row(grid, "computer name", windows.ComputerName);
        }

        if (report.Inspection is { } inspection)
        {
            AddInspection(grid, inspection);
        }

        foreach (var note in report.Notes)
        {
            Row(grid, "note", note);
        }

        console.Write(grid);
        PrintPartitions(console, report.Partitions);
        console.WriteLine();
    }

    private static void AddInspection(Grid grid, InspectionReport inspection)
    {
        foreach (var store in inspection.BootStores)
        {
            foreach (var entry in store.Entries)
            {
                Row(grid, "boot entry", $"{entry.Description} → {entry.Loader} on {entry.Device}{(entry.IsDefault ? " (default)" : "")}");
            }
        }

        foreach (var nic in inspection.NetworkInterfaces)
        {
            var addresses = nic.Dhcp ? "DHCP" : string.Join(", ", nic.Addresses);
            Row(grid, "network", $"{nic.Name ?? nic.Id}: {addresses}{(nic.DnsServers.Count > 0 ? $", DNS {string.Join(", ", nic.DnsServers)}" : "")}");
        }

        foreach (var driver in inspection.Drivers)
        {
            Row(grid, "driver", $"{driver.Service} ({driver.Origin ?? "other"}), start {driver.Start}, {driver.File}{(driver.FilePresent ? "" : " (missing)")}");
        }

        foreach (var family in inspection.DriverFamilies)
        {
            foreach (var package in family.Packages)
            {
                Row(grid, family.Family ?? "other driver",
                    $"{package.Driver ?? package.Inf} {package.Version}{(package.PublishedName is null ? "" : $" ({package.PublishedName})")}, {package.Provider}{(package.Signer is null ? "" : $", signed by {package.Signer}")}"
                    + (package.Problems.Count > 0 ? $": {string.Join("; ", package.Problems)}" : ""));
            }

            foreach (var bundle in family.Bundles)
            {
                Row(grid, family.Family ?? "", $"{bundle.Title} {bundle.Version}{(bundle.Current ? "" : $", older than {bundle.Lowest}")}");
            }

            Row(grid, family.Family ?? "", family.Missing.Count > 0 ? $"not in the image: {string.Join(", ", family.Missing)}" : null);
        }

        foreach (var agent in inspection.Agents)
        {
            Row(grid, "agent", $"{agent.Name} {agent.Version} {agent.Path}".TrimEnd());
        }

        foreach (var account in inspection.Accounts)
        {
            var facts = string.Join(", ", new[]
            {
                account.Administrator ? "administrator" : null, account.Enabled ? null : "disabled", account.HasPassword ? null : "no password", account.Note,
            }.Where(f => f is not null));
            Row(grid, "account", facts.Length == 0 ? account.Name : $"{account.Name} ({facts})");
        }

        foreach (var (name, value) in inspection.Registration)
        {
            Row(grid, name, value);
        }
    }

    private static void PrintPartitions(IAnsiConsole console, IReadOnlyList<PartitionReport> partitions)
    {
        if (partitions.Count == 0)
        {
            return;
        }

        var table = new Table().Border(TableBorder.Simple)
            .AddColumns("#", "start", "size", "type", "file system", "label", "role", "letter", "free");
        foreach (var p in partitions)
        {
            string[] cells =
            [
                $"{p.Number}{(p.Active ? "*" : "")}", Sizes.Text(p.Offset), Sizes.Text(p.Length), p.Type, p.FileSystem ?? "", p.Label ?? "", p.Role ?? "",
                p.Letter ?? "", p.FreeBytes is { } free ? Sizes.Text(free) : "",
            ];
            table.AddRow([.. cells.Select(c => Output.Cell(c))]);
        }

        console.Write(table);
    }

    private static void Row(Grid grid, string name, string? value)
    {
        if (!string.IsNullOrWhiteSpace(value))
        {
            grid.AddRow(new Text("  " + name), Output.Cell(value));
        }
    }
}
