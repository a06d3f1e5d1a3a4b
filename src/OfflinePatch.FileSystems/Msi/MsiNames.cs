using System.Text;

namespace OfflinePatch.FileSystems.Msi;

/// <summary>
/// The names of streams in an MSI database: two characters of a set of 64 packed into one of the private range from U+3800; U+4840 in front
/// marks a table, shown here as <c>!</c>. Source: the format is not published; as Wine (msi/table.c) and msitools (libmsi) describe it.
/// </summary>
internal static class MsiNames
{
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._";

    /// <summary>The mark of a table in a decoded name.</summary>
    public const char TableMark = '!';

    public static string Decode(string stored)
    {
        var name = new StringBuilder(stored.Length * 2);
        foreach (var c in stored)
        {
            switch (c)
            {
                case >= '\u3800' and < '\u4800':
                    name.Append(Alphabet[(c - 0x3800) & 0x3F]).Append(Alphabet[(c - 0x3800) >> 6]);
                    break;
                case >= '\u4800' and < '\u4840':
                    name.Append(Alphabet[c - 0x4800]);
                    break;
                case '\u4840':
                    name.Append(TableMark);
                    break;
                default:
                    name.Append(c);
                    break;
            }
        }

        return name.ToString();
    }
}
