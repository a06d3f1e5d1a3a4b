using OfflinePatch.Drivers;

namespace OfflinePatch.Windows.Guest;

/// <summary>
/// The names under which a cloud knows a Windows: the <c>os_version</c> strings of Huawei IMS (images-and-cloud.md §1.11).
/// </summary>
public static class OsNames
{
    /// <summary>For example <c>Windows Server 2019 Datacenter 64bit</c>; null when the facts are not sufficient.</summary>
    public static string? OsVersion(WindowsFacts facts)
    {
        var bits = Bits(facts);
        if (bits is null || facts.Build == 0 || facts.Architecture is ProcessorArchitecture.Arm64 or ProcessorArchitecture.Arm)
        {
            return null; // the names of the list are those of x86 and x64 systems
        }

        if (facts.IsServer)
        {
            var generation = facts.Build switch
            {
                < 6001 => null,
                < 7600 => "2008",
                < 9200 => "2008 R2",
                < 9600 => "2012",
                < 14393 => "2012 R2",
                < 17763 => "2016",
                < 20348 => "2019",
                < 26100 => "2022",
                _ => "2025",
            };
            return generation is null ? null : $"Windows Server {Server(generation, facts.EditionId)} {bits}";
        }

        return facts.Build switch
        {
            >= 22000 => $"Windows 11 {bits}",
            >= 10240 => $"Windows 10 {bits}",
            >= 9600 => $"Windows 8.1 {bits}",
            >= 9200 => $"Windows 8 {bits}",
            >= 7600 => $"Windows 7 {facts.EditionId} {bits}",
            >= 6000 => $"Windows Vista {bits}",
            _ => null,
        };
    }

    /// <summary>The name for everything that is not in the list.</summary>
    public static string Other(WindowsFacts facts) =>
        facts.Architecture == ProcessorArchitecture.X86 ? "Other_Windows (32_bit)" : "Other_Windows (64_bit)";

    private static string? Bits(WindowsFacts facts) => facts.Architecture switch
    {
        ProcessorArchitecture.X86 or ProcessorArchitecture.Arm => "32bit",
        ProcessorArchitecture.Amd64 or ProcessorArchitecture.Arm64 => "64bit",
        _ => null,
    };

    private static string Server(string generation, string? editionId)
    {
        var edition = editionId ?? "";
        if (edition.StartsWith("ServerSolution", StringComparison.OrdinalIgnoreCase)
            || edition.Contains("Essentials", StringComparison.OrdinalIgnoreCase))
        {
            return generation.EndsWith(" R2", StringComparison.Ordinal) ? $"{generation[..^3]} Essentials R2" : $"{generation} Essentials";
        }

        if (edition.StartsWith("ServerWeb", StringComparison.OrdinalIgnoreCase))
        {
            return generation == "2008 R2" ? "2008 WEB R2" : $"{generation} WEB";
        }

        var name = edition.StartsWith("ServerDatacenter", StringComparison.OrdinalIgnoreCase) ? "Datacenter"
            : edition.StartsWith("ServerEnterprise", StringComparison.OrdinalIgnoreCase) ? "Enterprise"
            : "Standard";
        return $"{generation} {name}";
    }
}
