using System.Globalization;

namespace OfflinePatch.Drivers;

/// <summary>A version of four 16-bit numbers, as <c>DriverVer</c> and PE version resources have it.</summary>
/// <param name="Value">The number as Windows packs it: the first part in the upper 16 bits.</param>
public readonly record struct DriverVersion(ulong Value) : IComparable<DriverVersion>
{
    /// <summary>Packs four parts.</summary>
    public DriverVersion(ushort major, ushort minor, ushort build, ushort revision)
        : this(((ulong)major << 48) | ((ulong)minor << 32) | ((ulong)build << 16) | revision)
    {
    }

    /// <summary>The first of its four numbers.</summary>
    public ushort Major => (ushort)(Value >> 48);

    /// <summary>Parses <c>w.x.y.z</c>; missing parts are 0.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out DriverVersion version)
    {
        version = default;
        text = text.Trim();
        ulong value = 0;
        var parts = 0;
        foreach (var range in text.Split('.'))
        {
            var part = text[range].Trim();
            if (parts == 4 || !ushort.TryParse(part.IsEmpty ? "0" : part, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }

            value = (value << 16) | number;
            parts++;
        }

        for (; parts < 4; parts++)
        {
            value <<= 16;
        }

        version = new DriverVersion(value);
        return true;
    }

    /// <inheritdoc/>
    public int CompareTo(DriverVersion other) => Value.CompareTo(other.Value);

    /// <summary><c>100.95.104.26200</c>.</summary>
    public override string ToString() => $"{Value >> 48}.{(Value >> 32) & 0xFFFF}.{(Value >> 16) & 0xFFFF}.{Value & 0xFFFF}";
}
