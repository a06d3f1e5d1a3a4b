using System.Globalization;

namespace OfflinePatch.Core.Text;

/// <summary>Numbers of bytes as people read them, in units of 1024: <c>40 GiB</c>.</summary>
public static class ByteSize
{
    private const int MaxDecimals = 12; // a byte of a TiB is the twelfth

    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>In the largest unit of which there is one, with at most one decimal: <c>1.5 MiB</c>.</summary>
    public static string Text(long bytes)
    {
        var (value, unit) = InUnits(bytes);
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {unit}");
    }

    /// <summary>
    /// For sizes that are compared: with two decimals (<c>39.96 GiB</c>), and with more where two would make it look like a round number
    /// (<c>39.9999995 GiB</c>).
    /// </summary>
    public static string Precise(long bytes)
    {
        var (value, unit) = InUnits(bytes);
        var decimals = 2;
        while (decimals < MaxDecimals && value % 1 != 0 && Math.Round(value, decimals) % 1 == 0)
        {
            decimals++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{Math.Round(value, decimals):0.############} {unit}");
    }

    private static (double Value, string Unit) InUnits(long bytes)
    {
        var value = (double)bytes;
        var unit = 0;
        while (Math.Abs(value) >= 1024 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return (value, Units[unit]);
    }
}
