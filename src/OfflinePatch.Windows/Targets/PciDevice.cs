using System.Globalization;
using System.Text.RegularExpressions;

namespace OfflinePatch.Windows.Targets;

/// <summary>A PCI device that a target gives a machine. What is not known of it is null, and fits any driver.</summary>
/// <param name="Vendor">Vendor, four hexadecimal digits in upper case.</param>
/// <param name="Device">Device, likewise.</param>
/// <param name="Subsystem">Subsystem as Windows writes it: device, then vendor, eight digits.</param>
/// <param name="Revision">Revision, two digits.</param>
/// <param name="ClassCode">Base class and subclass, four digits, or with the programming interface six.</param>
/// <param name="Title">What it is, for people.</param>
public sealed partial record PciDevice(string Vendor, string Device, string? Subsystem, string? Revision, string? ClassCode, string Title)
{
    private const int MaximumTitle = 200;

    /// <summary>Whether it is a storage controller (base class 01).</summary>
    public bool IsStorage => ClassCode?.StartsWith("01", StringComparison.Ordinal) == true;

    /// <summary>Whether it is a network adapter (base class 02).</summary>
    public bool IsNetwork => ClassCode?.StartsWith("02", StringComparison.Ordinal) == true;

    /// <summary>
    /// Reads a line as <c>lspci -n</c> or <c>lspci -nn</c> prints it (<c>00:05.0 0100: 1af4:1042 (rev 01)</c>), with or without the slot,
    /// or as Windows names a device (<c>PCI\VEN_1AF4&amp;DEV_1042&amp;SUBSYS_11001AF4&amp;REV_01</c>); null for anything else.
    /// </summary>
    public static PciDevice? TryParse(string line)
    {
        if (WindowsForm().Match(line) is { Success: true } id)
        {
            var parts = id.Value[4..].Split('&').Select(p => p.Split('_', 2)).Where(p => p.Length == 2)
                .GroupBy(p => p[0], StringComparer.OrdinalIgnoreCase)
                .ToDictionary(g => g.Key.ToUpperInvariant(), g => g.First()[1].ToUpperInvariant(), StringComparer.Ordinal);
            return Hex(parts.GetValueOrDefault("VEN"), 4) is { } vendor && Hex(parts.GetValueOrDefault("DEV"), 4) is { } device
                ? new PciDevice(vendor, device, Hex(parts.GetValueOrDefault("SUBSYS"), 8), Hex(parts.GetValueOrDefault("REV"), 2),
                    Hex(parts.GetValueOrDefault("CC"), 6) ?? Hex(parts.GetValueOrDefault("CC"), 4), TitleOf(line[(id.Index + id.Length)..]))
                : null;
        }

        var pairs = Pair().Matches(line);
        if (pairs.Count == 0)
        {
            return null;
        }

        // With names, as -nn prints them, the pair in brackets is the one; what else looks like a pair is part of a name.
        var pair = pairs.FirstOrDefault(p => p.Index > 0 && line[p.Index - 1] == '[') ?? pairs[0];
        var before = line[..pair.Index];
        var code = BracketedClass().Match(before) is { Success: true } bracketed ? bracketed : PlainClass().Match(before);
        var revision = RevisionForm().Match(line);
        var title = pair.Index > 0 && line[pair.Index - 1] == '['
            ? before[..^1][(before.LastIndexOf("]:", StringComparison.Ordinal) + 2)..]
            : line[(pair.Index + pair.Length)..];
        return new PciDevice(
            pair.Groups["vendor"].Value.ToUpperInvariant(), pair.Groups["device"].Value.ToUpperInvariant(), null,
            revision.Success ? revision.Groups["revision"].Value.ToUpperInvariant() : null,
            code.Success ? code.Groups["code"].Value.ToUpperInvariant() : null, TitleOf(RevisionForm().Replace(title, "")));
    }

    /// <summary>
    /// Whether a hardware id or compatible id of an INF fits the device, and how exactly: the number of parts that agree; 0 when it does
    /// not fit.
    /// </summary>
    /// <param name="id">The id after <c>PCI\</c>: <c>VEN_1AF4&amp;DEV_1042</c>, <c>CC_0108</c>.</param>
    public int Match(ReadOnlySpan<char> id)
    {
        var agreeing = 0;
        foreach (var range in id.Split('&'))
        {
            var part = id[range];
            var separator = part.IndexOf('_');
            if (separator < 0)
            {
                return 0;
            }

            var value = part[(separator + 1)..];
            var fits = part[..separator] switch
            {
                "VEN" or "ven" => value.Equals(Vendor, StringComparison.OrdinalIgnoreCase),
                "DEV" or "dev" => value.Equals(Device, StringComparison.OrdinalIgnoreCase),
                "SUBSYS" or "subsys" => Subsystem is null || value.Equals(Subsystem, StringComparison.OrdinalIgnoreCase),
                "REV" or "rev" => Revision is null || value.Equals(Revision, StringComparison.OrdinalIgnoreCase),
                "CC" or "cc" =>
                    ClassCode is { } code && (code.AsSpan().StartsWith(value, StringComparison.OrdinalIgnoreCase)
                        || value.StartsWith(code, StringComparison.OrdinalIgnoreCase)),
                _ => false,
            };
            if (!fits)
            {
                return 0;
            }

            agreeing++;
        }

        return agreeing;
    }

    /// <summary>The device as a line of a list.</summary>
    public override string ToString() => Subsystem is null && Revision is null
        ? $"{(ClassCode is null ? "" : $"{ClassCode.ToLowerInvariant()}: ")}{Vendor.ToLowerInvariant()}:{Device.ToLowerInvariant()}"
            + (Title.Length > 0 ? " " + Title : "")
        : $@"PCI\VEN_{Vendor}&DEV_{Device}{(Subsystem is null ? "" : $"&SUBSYS_{Subsystem}")}"
            + $"{(Revision is null ? "" : $"&REV_{Revision}")}{(ClassCode is null ? "" : $"&CC_{ClassCode}")}"
            + (Title.Length > 0 ? " " + Title : "");

    private static string? Hex(string? text, int digits) =>
        text is not null && text.Length == digits
            && uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _) ? text : null;

    private static string TitleOf(string text)
    {
        var title = text.Trim().Trim('[', ']', ':', '"', ',').Trim();
        return title.Length > MaximumTitle ? title[..MaximumTitle] : title;
    }

    [GeneratedRegex(@"PCI\\VEN_[0-9A-Z_&]+", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex WindowsForm();

    [GeneratedRegex(@"(?<![0-9a-f:])(?<vendor>[0-9a-f]{4}):(?<device>[0-9a-f]{4})(?![0-9a-f:])",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Pair();

    [GeneratedRegex(@"\[(?<code>[0-9a-f]{6}|[0-9a-f]{4})\]",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex BracketedClass();

    [GeneratedRegex(@"(?<![0-9a-f:.])(?<code>[0-9a-f]{6}|[0-9a-f]{4}):\s",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex PlainClass();

    [GeneratedRegex(@"\(rev (?<revision>[0-9a-f]{2})\)",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex RevisionForm();
}
