using System.Net;
using System.Net.Sockets;

namespace OfflinePatch.Windows.FirstStart;

/// <summary>Static settings of one network adapter, to be applied to the adapter that replaces it.</summary>
public sealed record NetworkSettings
{
    /// <summary>The MAC address, as <c>00:50:56:A5:12:69</c>; null where the image does not say it.</summary>
    public string? Mac { get; init; }

    /// <summary>The name of the connection, or null.</summary>
    public string? Name { get; init; }

    /// <summary>The device that had them, or null: removed when it is no longer there.</summary>
    public string? Device { get; init; }

    /// <summary>IPv4 addresses, each with its mask: <c>192.0.2.10/255.255.255.0</c>.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>IPv4 gateways, each with its metric: <c>192.0.2.1/0</c>; 0 is automatic.</summary>
    public IReadOnlyList<string> Gateways { get; init; } = [];

    /// <summary>DNS servers, IPv4 and IPv6.</summary>
    public IReadOnlyList<string> DnsServers { get; init; } = [];

    /// <summary>IPv6 addresses, each with the length of its prefix: <c>2001:db8::1/64</c>.</summary>
    public IReadOnlyList<string> Addresses6 { get; init; } = [];

    /// <summary>The metric of the interface; 0 is automatic.</summary>
    public uint Metric { get; init; }

    /// <summary>
    /// Reads <c>mac=52:54:00:12:34:56,address=192.0.2.10/24,gateway=192.0.2.1,dns=192.0.2.53;192.0.2.54</c>. <c>address</c> and
    /// <c>gateway</c> may occur several times.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="settings">What it says.</param>
    /// <param name="problem">Why it is not accepted.</param>
    public static bool TryParse(string text, out NetworkSettings settings, out string problem)
    {
        settings = new NetworkSettings();
        var (addresses, addresses6, gateways, dns) = (new List<string>(), new List<string>(), new List<string>(), new List<string>());
        string? mac = null;
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var (key, value) = part.Split('=', 2) is [var k, var v] ? (k, v) : (part, "");
            var isKnown = key switch
            {
                "mac" => (mac = MacText(value)) is not null,
                "address" => AddAddress(value, addresses, addresses6),
                "gateway" => IsIPv4(value) && Append(gateways, value + "/0"),
                "dns" => value.Split(';').All(server => IPAddress.TryParse(server, out _) && Append(dns, server)),
                _ => false,
            };
            if (!isKnown)
            {
                problem = $"'{part}' is not understood: mac=52:54:00:12:34:56, address=192.0.2.10/24, gateway=192.0.2.1 or "
                    + "dns=192.0.2.53;192.0.2.54";
                return false;
            }
        }

        settings = new NetworkSettings { Mac = mac, Addresses = addresses, Addresses6 = addresses6, Gateways = gateways, DnsServers = dns };
        problem = addresses.Count + addresses6.Count == 0 ? "it has no address" : "";
        return problem.Length == 0;
    }

    /// <summary>A MAC address with colons; null when it is none: 6 bytes, not zero, not of a group.</summary>
    internal static string? MacText(string text)
    {
        var digits = text.Replace(":", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal);
        return digits.Length == 12 && digits.All(char.IsAsciiHexDigit) ? MacText(Convert.FromHexString(digits)) : null;
    }

    /// <inheritdoc cref="MacText(string)"/>
    internal static string? MacText(ReadOnlySpan<byte> bytes) =>
        bytes.Length == 6 && (bytes[0] & 1) == 0 && bytes.ContainsAnyExcept((byte)0)
            ? string.Join(':', bytes.ToArray().Select(b => b.ToString("X2", null)))
            : null;

    internal static bool IsIPv4(string text) =>
        IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetwork && text.Count(c => c == '.') == 3;

    private static bool AddAddress(string value, List<string> addresses, List<string> addresses6)
    {
        if (value.Split('/') is not [var address, var length] || !IPAddress.TryParse(address, out var parsed)
            || !int.TryParse(length, out var bits))
        {
            return false;
        }

        if (parsed.AddressFamily == AddressFamily.InterNetworkV6)
        {
            return bits is > 0 and <= 128 && Append(addresses6, $"{parsed}/{bits}");
        }

        var mask = bits is > 0 and <= 32 ? uint.MaxValue << (32 - bits) : 0;
        return mask != 0 && IsIPv4(address)
            && Append(addresses, $"{parsed}/{mask >> 24}.{(mask >> 16) & 255}.{(mask >> 8) & 255}.{mask & 255}");
    }

    private static bool Append(List<string> list, string item)
    {
        list.Add(item);
        return true;
    }
}
