using System.Globalization;
using System.Text;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.CloudbaseInit;

/// <summary>
/// The encoding in which the agent reads its configuration: oslo.config opens it with Python's default (open() without an encoding), which
/// is the ANSI code page of the Windows (Control\Nls\CodePage\ACP).
/// </summary>
internal static class AnsiCodePage
{
    private const int Western = 1252;

    /// <summary>The encoding of code page 1252, as Windows of Western Europe and America have it.</summary>
    public static Encoding Default { get; } = Get(Western);

    /// <summary>The encoding of a Windows; 1252 where it does not say one that is known.</summary>
    public static Encoding Of(WindowsSystem windows) =>
        windows.Current.Find(@"Control\Nls\CodePage")?.GetString("ACP") is { } text
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? Get(number)
            : Default;

    /// <summary>Text as a Windows' own programs read it; UTF-8 where its code page cannot express it.</summary>
    public static byte[] GetBytes(WindowsSystem windows, string text)
    {
        try
        {
            return Of(windows).GetBytes(text);
        }
        catch (EncoderFallbackException)
        {
            return Encoding.UTF8.GetBytes(text);
        }
    }

    /// <summary>The encoding of a code page, which refuses what it cannot express or read.</summary>
    public static Encoding Get(int number)
    {
        try
        {
            return number == Encoding.UTF8.CodePage
                ? Encoding.GetEncoding(number, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)
                : CodePagesEncodingProvider.Instance.GetEncoding(number, EncoderFallback.ExceptionFallback,
                    DecoderFallback.ExceptionFallback) ?? Default;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return Default;
        }
    }
}
