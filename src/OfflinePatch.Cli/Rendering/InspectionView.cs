using OfflinePatch.Core;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Reports;

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

        if (Output.IsQuiet)
        {
            RuleTable.Print(report);
            return;
        }

        Console.Out.WriteLine(Paragraph.Styled(report.Path, Paragraph.Bold));
        var grid = new List<(string Name, string Value)>();
        Row(grid, "container",
            $"{report.Format}{(report.Subformat is null ? "" : $" ({report.Subformat})")}, {ByteSize.Text(report.AllocatedSize ?? 0)} on "
                + $"the host (length {ByteSize.Text(report.FileSize ?? 0)})");
        Row(grid, "virtual size", $"{ByteSize.Text(report.VirtualSize ?? 0)} ({report.VirtualSize} bytes)");
        Row(grid, "firmware", report.Firmware ?? "nothing on this disk boots");
        if (report.Windows is { } windows)
        {
            Row(grid, "Windows",
                $"{windows.ProductName}, {windows.Edition}, {windows.Version} build {windows.Build}, {windows.Arch}, "
                    + $"{windows.InstallationType}");
            Row(grid, "system root", $"{windows.SystemRoot} on partition {windows.Partition}, {windows.ControlSet}");
            Row(grid, "computer name", windows.ComputerName);
        }

        if (report.Inspection is { } inspection)
        {
            AddDisk(grid, inspection);
            AddInspection(grid, inspection);
        }

        foreach (var partition in report.Partitions)
        {
            AddPartition(grid, partition);
        }

        foreach (var note in report.Notes)
        {
            Row(grid, "note", note);
        }

        var column = Math.Min(24, grid.Max(r => r.Name.Length)) + 4;
        foreach (var (name, value) in grid)
        {
            Paragraph.Write("  " + PrintableText.Escape(name).PadRight(column - 2), Math.Max(column, name.Length + 3), value);
        }

        PrintPartitions(report.Partitions);
        Console.Out.WriteLine();
    }

    private static void AddDisk(List<(string Name, string Value)> grid, InspectionReport inspection)
    {
        Row(grid, "container says",
            string.Join(", ", inspection.Container.Where(f => f.Value.Length > 0).Select(f => $"{f.Key} {f.Value}")));
        Row(grid, "disk", string.Join(", ", new[]
        {
            inspection.PartitionScheme == "none" ? "no partition table" : inspection.PartitionScheme,
            inspection.DiskId,
            $"sectors of {inspection.SectorSize} bytes",
            inspection.TableSectorSize is { } size && size != inspection.SectorSize ? $"table in sectors of {size} bytes" : null,
        }.Where(f => f is not null)));
    }

    // What the table below has no column for.
    private static void AddPartition(List<(string Name, string Value)> grid, PartitionReport partition)
    {
        var volume = partition.Volume;
        Row(grid, $"partition {partition.Number}", string.Join(", ", new[]
        {
            volume?.Format,
            volume is null ? null : $"clusters of {volume.ClusterSize} bytes",
            volume is null or { SectorSize: 512 } ? null : $"sectors of {volume.SectorSize} bytes",
            volume?.Serial is { } serial ? $"serial number {serial}" : null,
            volume is { Dirty: true } ? "marked dirty" : null,
            volume?.Log is { } log and not "clean" ? $"log {log}" : null,
            volume?.Hibernation is { } hibernation ? $"hiberfil.sys {hibernation}" : null,
            volume?.Flags is { } flags ? string.Join(' ', flags) : null,
            volume is { ShadowCopies: true } ? "shadow copies" : null,
            partition.Logical == true ? "logical" : null,
            partition.Name is { } name ? $"named {name}" : null,
            partition.Id,
            partition.Attributes is { } attributes ? $"attributes {string.Join(' ', attributes)}" : null,
        }.Where(f => f is not null)));
    }

    private static void AddInspection(List<(string Name, string Value)> grid, InspectionReport inspection)
    {
        foreach (var store in inspection.BootStores)
        {
            foreach (var entry in store.Entries)
            {
                Row(grid, "boot entry",
                    $"{(string.IsNullOrEmpty(entry.Description) ? "without a name" : entry.Description)} → {entry.Loader} on "
                        + $"{entry.Device}{(entry.IsDefault ? " (default)" : "")}");
            }
        }

        foreach (var nic in inspection.NetworkInterfaces)
        {
            var addresses = nic.Dhcp ? "DHCP" : string.Join(", ", nic.Addresses);
            Row(grid, "network",
                $"{nic.Name ?? nic.Id}: {addresses}{(nic.DnsServers.Count > 0 ? $", DNS {string.Join(", ", nic.DnsServers)}" : "")}");
        }

        foreach (var driver in inspection.Drivers)
        {
            Row(grid, "driver",
                $"{driver.Service} ({driver.Origin ?? "other"}), start {driver.Start}, "
                    + $"{driver.File}{(driver.FilePresent ? "" : " (missing)")}");
        }

        foreach (var family in inspection.DriverFamilies)
        {
            foreach (var package in family.Packages)
            {
                Row(grid, family.Family ?? "other driver",
                    $"{package.Driver ?? package.Inf} {package.Version}"
                    + (package.PublishedName is null ? "" : $" ({package.PublishedName})")
                    + $", {package.Provider}"
                    + (package.Signer is null ? "" : $", signed by {package.Signer}")
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

        foreach (var tools in inspection.GuestTools)
        {
            Row(grid, "guest tools", $"{tools.Name} {tools.Version}".TrimEnd() + $", {tools.State} ({tools.Id})");
        }

        foreach (var program in inspection.Programs)
        {
            Row(grid, "program",
                $"{program.Name} {program.Version}{(string.IsNullOrWhiteSpace(program.Publisher) ? "" : $", {program.Publisher}")}");
        }

        Row(grid, "roles", string.Join(", ", inspection.Roles));
        Row(grid, "updates", string.Join(", ", inspection.Hotfixes));
        foreach (var account in inspection.Accounts)
        {
            var facts = string.Join(", ", new[]
            {
                account.Administrator ? "administrator" : null, account.Enabled ? "enabled" : "disabled",
                account.HasPassword ? null : "no password", account.Note,
            }.Where(f => f is not null));
            Row(grid, "account",
                $"{(account.Name.StartsWith("(RID", StringComparison.Ordinal) ? "without a name" : account.Name)}, RID "
                    + $"{account.Rid} ({facts})");
        }

        foreach (var (name, value) in inspection.Registration)
        {
            Row(grid, name, value);
        }
    }

    // As a table where it fits, else a line for each.
    private static void PrintPartitions(IReadOnlyList<PartitionReport> partitions)
    {
        if (partitions.Count == 0)
        {
            return;
        }

        string[] titles = ["#", "start", "size", "type", "file system", "label", "role", "letter", "free"];
        var rows = partitions.Select(p => (string[])
        [
            $"{p.Number}{(p.Active ? "*" : "")}", ByteSize.Text(p.Offset), ByteSize.Text(p.Length), p.Type, p.FileSystem ?? "",
            p.Label ?? "", p.Role ?? "", p.Letter ?? "", p.FreeBytes is { } free ? ByteSize.Text(free) : "",
        ]).Select(r => r.Select(PrintableText.Escape).ToArray()).Prepend(titles).ToList();
        var widths = titles.Select((_, i) => rows.Max(r => r[i].Length)).ToArray();
        if (Terminal.Width is { } width && widths.Sum() + (2 * widths.Length) > width)
        {
            foreach (var row in rows.Skip(1))
            {
                Paragraph.Write("  ", 4,
                    $"partition {row[0]}: "
                        + string.Join(", ", row.Select((cell, i) => (cell, i)).Skip(1).Where(c => c.cell.Length > 0)
                            .Select(c => $"{titles[c.i]} {c.cell}")));
            }

            return;
        }

        foreach (var row in rows)
        {
            Console.Out.WriteLine(("  " + string.Join("  ", row.Select((cell, i) => cell.PadRight(widths[i])))).TrimEnd());
        }
    }

    private static void Row(List<(string Name, string Value)> grid, string name, string? value)
    {
        if (!string.IsNullOrWhiteSpace(value))
        {
            grid.Add((name, value));
        }
    }
}
