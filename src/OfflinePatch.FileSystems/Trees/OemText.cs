using System.Text;

namespace OfflinePatch.FileSystems.Trees;

/// <summary>
/// The code pages that old formats hold names in. The provider is used directly, never registered: nothing global changes.
/// </summary>
internal static class OemText
{
    /// <summary>IBM PC, code page 437: FAT short names, ZIP names without the UTF-8 flag.</summary>
    public static Encoding CodePage437 { get; } = Get(437) ?? Encoding.Latin1;

    /// <summary>A code page by its Windows number, or null where there is none.</summary>
    public static Encoding? Get(int codePage)
    {
        if (codePage is 65001)
        {
            return Encoding.UTF8;
        }

        try
        {
            return codePage is <= 0 or > 65535 ? null : CodePagesEncodingProvider.Instance.GetEncoding(codePage);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }
}
