using System.Text;

namespace OfflinePatch.Windows.Guest;

/// <summary>
/// The channel of the product key that a Windows was installed with. Only what the registry says; the key itself is not read.
/// </summary>
internal static class ProductKey
{
    private const string CurrentVersion = @"Microsoft\Windows NT\CurrentVersion";

    /// <summary>
    /// DigitalProductId4 keeps the channel as text (<c>OEM:DM</c>, <c>Retail</c>, <c>Volume:GVLK</c>) at 0x3F8, 64 UTF-16 characters.
    /// Source: the structure as fox-it/dissect.target and other public tools read it.
    /// </summary>
    private const int KeyType = 0x3F8;

    private const int KeyTypeLength = 128; // bytes

    /// <summary>Whether the key is an OEM key, with the evidence; null where the registry says nothing.</summary>
    /// <param name="windows">The installation.</param>
    /// <param name="evidence">The value that says it.</param>
    public static bool? IsOem(WindowsSystem windows, out string evidence)
    {
        evidence = "";
        if (windows.Load(HiveName.Software).Hive?.Root.Find(CurrentVersion) is not { } key)
        {
            return null;
        }

        if (key.GetBinary("DigitalProductId4") is { Length: >= KeyType + KeyTypeLength } value
            && Encoding.Unicode.GetString(value, KeyType, KeyTypeLength).Split('\0')[0] is { Length: > 0 } type)
        {
            evidence = $@"SOFTWARE\{CurrentVersion}\DigitalProductId4: {type}";
            return type.StartsWith("OEM", StringComparison.OrdinalIgnoreCase);
        }

        // 00371-OEM-8992671-00524 up to Windows 7, 00325-96058-34284-AAOEM since.
        if (key.GetString("ProductId") is { Length: > 0 } id)
        {
            evidence = $@"SOFTWARE\{CurrentVersion}\ProductId={id}";
            return id.Split('-').Any(p => p.EndsWith("OEM", StringComparison.OrdinalIgnoreCase));
        }

        return null;
    }
}
