using OfflinePatch.Core.Text;
using OfflinePatch.Testing;

namespace OfflinePatch.Core.Tests.Text;

/// <summary>Words that are printed to be pasted: a shell reads them as they were, and so does it after they were made printable.</summary>
[Trait("tier", "unit")]
public sealed class ShellTextTests
{
    public static TheoryData<string> Words =>
    [
        "", "plain.raw", "two words", "it's", "$(reboot)`x`;\"&|<>*?[!~#", @"back\slash\n", "new\nline", "tab\tand\rreturn",
        "\u001b[31mred", "\u202Eturned", "bell\u0007 's \\ 7", "del\u007f8", "ümlaut \u2028 日本", "-rf", "\u0001\u0002" + "3",
    ];

    [SkippableTheory]
    [MemberData(nameof(Words))]
    public void A_word_is_read_as_it_was(string word)
    {
        Skip.If(OperatingSystem.IsWindows(), "quoting of another shell");
        Oracle.Require("bash");
        var shown = PrintableText.Escape(ShellText.Quote(word));
        Assert.Equal(word + ".", Oracle.Run("bash", "-c", $"printf %s. {shown}").MustSucceed().Output);
        if (PrintableText.IsPrintable(word))
        {
            Assert.Equal(word + ".", Oracle.Run("sh", "-c", $"printf %s. {shown}").MustSucceed().Output);
        }
    }
}
