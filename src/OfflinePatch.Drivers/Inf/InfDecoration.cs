using System.Globalization;

namespace OfflinePatch.Drivers.Inf;

/// <summary>
/// A <c>TargetOSVersion</c> decoration, <c>NT[arch][.[major][.[minor][.[product][.[suite][.[build]]]]]]</c>.
/// Source: learn.microsoft.com inf-manufacturer-section. The build counts since Windows 10 1607.
/// </summary>
public sealed record InfDecoration
{
    private InfDecoration(string text) => Text = text;

    /// <summary>As written.</summary>
    public string Text { get; }

    /// <summary>The architecture, or null where none is named.</summary>
    public ProcessorArchitecture? Architecture { get; private init; }

    /// <summary>Lowest version, 0 where none is named.</summary>
    public int Major { get; private init; }

    /// <summary>Lowest minor version.</summary>
    public int Minor { get; private init; }

    /// <summary>The product type demanded, or null.</summary>
    public WindowsProductType? ProductType { get; private init; }

    /// <summary>The suites demanded (any of the bits), or 0.</summary>
    public uint SuiteMask { get; private init; }

    /// <summary>Lowest build, or 0.</summary>
    public int Build { get; private init; }

    /// <summary>No decoration at all: only Windows for x86 takes such a section.</summary>
    public static InfDecoration None { get; } = new("");

    /// <summary>Parses a decoration; null when it does not follow the form.</summary>
    public static InfDecoration? Parse(string text)
    {
        var rest = text.AsSpan().Trim();
        if (rest.IsEmpty)
        {
            return None;
        }

        if (!rest.StartsWith("NT", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        rest = rest[2..];
        var dot = rest.IndexOf('.');
        var name = dot < 0 ? rest : rest[..dot];
        ProcessorArchitecture? architecture = null;
        if (!name.IsEmpty && (architecture = ProcessorArchitectures.Parse(name)) is null)
        {
            return null;
        }

        Span<uint> numbers = stackalloc uint[5];
        numbers.Clear();
        var parts = dot < 0 ? [] : rest[(dot + 1)..];
        var count = 0;
        if (dot >= 0)
        {
            foreach (var range in parts.Split('.'))
            {
                if (count == numbers.Length || !TryParsePart(parts[range], count == 3, out numbers[count]))
                {
                    return null;
                }

                count++;
            }
        }

        return new InfDecoration(text.Trim())
        {
            Architecture = architecture,
            Major = (int)numbers[0],
            Minor = (int)numbers[1],
            ProductType = numbers[2] == 0 ? null : (WindowsProductType)numbers[2],
            SuiteMask = numbers[3],
            Build = (int)numbers[4],
        };
    }

    /// <summary>Whether a Windows may take a section of this decoration; else <paramref name="reason"/> says why not.</summary>
    public bool Fits(WindowsTarget target, out string reason)
    {
        if (Architecture is { } architecture ? architecture != target.Architecture : target.Architecture != ProcessorArchitecture.X86)
        {
            reason = Architecture is null ? "it names no architecture, which means x86 only" : $"it is for {Architecture.Value.InfName()}";
            return false;
        }

        if ((Major, Minor, Build).CompareTo((target.Major, target.Minor, target.Build)) > 0)
        {
            reason = $"it needs Windows {Major}.{Minor}{(Build > 0 ? $" build {Build}" : "")} or later";
            return false;
        }

        if (ProductType is { } product && product != target.ProductType)
        {
            reason = product == WindowsProductType.Workstation ? "it is for client editions" : product == WindowsProductType.Server
                ? "it is for servers" : "it is for domain controllers";
            return false;
        }

        if (SuiteMask != 0 && (SuiteMask & target.SuiteMask) == 0)
        {
            reason = $"it is for product suite 0x{SuiteMask:X}";
            return false;
        }

        reason = "";
        return true;
    }

    /// <summary>Orders fitting decorations: the highest version wins, then the one that demands more.</summary>
    internal (int, int, int, int, int, int) Rank =>
        (Major, Minor, Build, ProductType is null ? 0 : 1, SuiteMask == 0 ? 0 : 1, Text.Length == 0 ? 0 : Architecture is null ? 1 : 2);

    private static bool TryParsePart(ReadOnlySpan<char> part, bool mayBeHex, out uint number)
    {
        number = 0;
        part = part.Trim();
        if (mayBeHex && part.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            return uint.TryParse(part[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
        }

        return part.IsEmpty || (uint.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= int.MaxValue);
    }
}
