using System.Globalization;
using OfflinePatch.Core;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Accounts;

/// <summary>
/// The key of a machine that protects its SAM. Windows keeps it in the class names of four keys below <c>Control\Lsa</c>, in another order
/// of bytes. Source: impacket <c>secretsdump.py</c> (getBootKey); Moyix, "SysKey and the SAM".
/// </summary>
internal static class BootKey
{
    private static readonly string[] Parts = ["JD", "Skew1", "GBG", "Data"];
    private static readonly int[] Order = [8, 5, 4, 2, 11, 9, 13, 3, 0, 6, 1, 12, 14, 10, 15, 7];

    /// <summary>Reads the 16 bytes from the control set that ran last.</summary>
    /// <exception cref="UnsupportedImageException"><c>SAM-0001</c>: a part is missing, or is no hexadecimal number.</exception>
    public static byte[] Read(ControlSet controlSet)
    {
        var scrambled = new List<byte>();
        foreach (var part in Parts)
        {
            var text = controlSet.Find($@"Control\Lsa\{part}")?.Inner.ClassName;
            if (text is not { Length: 8 } || !uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _))
            {
                throw AccountError.NoBootKey(part);
            }

            scrambled.AddRange(Convert.FromHexString(text));
        }

        return [.. Order.Select(i => scrambled[i])];
    }
}
