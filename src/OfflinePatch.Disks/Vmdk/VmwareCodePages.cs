using System.Globalization;
using System.Text;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>
/// The names that VMware writes into <c>encoding="…"</c>: those of IANA, ICU and IBM, which .NET knows in part only. Source of the names:
/// open-vm-tools, lib/unicode/unicodeSimpleTypes.c, its cross reference of character set names and Windows code pages. Code pages that are
/// not supersets of ASCII are left out.
/// </summary>
internal static class VmwareCodePages
{
    /// <summary>A code page, and its names as letters and digits in lower case.</summary>
    private const string Names = """
        437 ibm437 cp437 437 cspc8codepage437 ibm437p1001995
        720 windows720 dos720 ibm720 ibm720p1001997
        737 windows737 ibm737 cp737 737 ibm737p1001997
        775 ibm775 cp775 cspc775baltic ibm775p1001996 775
        850 ibm850 cp850 850 cspc850multilingual ibm850p1001995
        852 ibm852 cp852 852 cspcp852 ibm852p1001995
        855 ibm855 cp855 855 csibm855 ibm855p1001995 cspcp855
        857 ibm857 cp857 857 csibm857 ibm857p1001995
        858 ibm00858 ccsid00858 cp00858 pcmultilingual850euro ibm858 cp858 ibm858p1001997
        860 ibm860 cp860 860 csibm860 ibm860p1001995
        861 ibm861 cp861 861 cpis csibm861 ibm861p1001995
        862 ibm862 cp862 862 cspc862latinhebrew ibm862p1001995 dos862
        863 ibm863 cp863 863 csibm863 ibm863p1001995
        864 ibm864 cp864 csibm864 ibm864x1101999
        865 ibm865 cp865 865 csibm865 ibm865p1001995
        866 ibm866 cp866 866 csibm866 ibm866p1001995
        869 ibm869 cp869 869 cpgr csibm869 ibm869p1001995
        874 ibm874 ibm874p1001995 cp874 ibm9066 tis620 tis6202533 eucth windows8742000 ms874
        932 shiftjis mskanji csshiftjis ibm943p15a2003 ibm943 xsjis xmscp932 cp932 cp943c ibm943c ms932 pck sjis ibm943vsubvpua
        932 ibm943p1301999 cp943 943 ibm943vasciivsubvpua windows31j cswindows31j
        936 gbk cp936 ms936 windows936 windows9362000 ibm1386p1002001 ibm1386 cp1386 ibm1386vsubvpua gb2312 csgb2312 ibm1383p1101999
        936 ibm1383 cp1383 1383 euccn ibmeuccn hp15cn ibm1383vpua
        949 5601 ksc5601 ksc56011987 windows9492000 ksc56011989 csksc56011987 korean isoir149 ms949 ibm1363p11b1998
        949 ibm1363 cp1363 ksc ibm1363vsubvpua
        950 big5 csbig5 windows950 windows9502000 xbig5 ibm1373p1002002 ibm1373
        1250 windows1250 ibm5346p1001998 ibm5346 cp1250 ibm1250p1001995 ibm1250
        1251 windows1251 ibm5347p1001998 ibm5347 cp1251 ansi1251 ibm1251p1001995 ibm1251
        1252 windows1252 ibm5348p1001997 ibm5348 cp1252 ibm1252p1002000 ibm1252
        1253 windows1253 ibm5349p1001998 ibm5349 cp1253 ibm1253 ibm1253p1001995
        1254 windows1254 ibm5350p1001998 ibm5350 cp1254 ibm1254 ibm1254p1001995
        1255 windows1255 ibm9447p1002002 ibm9447 cp1255 ibm5351 ibm5351p1001998
        1256 windows1256 ibm9448x1002005 ibm9448 cp1256 ibm5352 ibm5352p1001998
        1257 windows1257 ibm9449p1002002 ibm9449 cp1257 ibm5353 ibm5353p1001998
        1258 windows1258 ibm5354p1001998 ibm5354 cp1258 ibm1258 ibm1258p1001997
        10006 windows10006 xmacgreek macgr macos62104
        10007 windows10007 xmaccyrillic maccy maccyrillic macos73102
        10029 windows10029 xmacce macce maccentraleurope xmaccentraleurroman macos29102
        10081 windows10081 xmacturkish mactr macos35102
        20127 ansix341968 isoir6 ansix341986 iso646irv1991 ascii iso646us usascii us ibm367 cp367 csascii 646 ascii7
        20866 koi8r cskoi8r koi8 cp878 ibm878 ibm878p1001996
        20932 extendedunixcodepackedformatforjapanese cseucpkdfmtjapanese eucjp ibm954p1012007 ibm954 xeucjp eucjis ujis
        20936 gb231280 isoir58 chinese csiso58gb231280 ibm5478p1001995 ibm5478 gb23121980 gb231219800
        21866 koi8u ibm1168 ibm1168p1002002
        28591 iso885911987 isoir100 iso88591 latin1 l1 ibm819 cp819 csisolatin1 88591 819
        28592 iso885921987 isoir101 iso88592 latin2 l2 csisolatin2 ibm912p1001995 ibm912 88592 cp912 912
        28593 iso885931988 isoir109 iso88593 latin3 l3 csisolatin3 ibm913p1002000 ibm913 88593 cp913 913
        28594 iso885941988 isoir110 iso88594 latin4 l4 csisolatin4 ibm914p1001995 ibm914 88594 cp914 914
        28595 iso885951988 isoir144 iso88595 cyrillic csisolatincyrillic ibm915p1001995 ibm915 88595 cp915 915
        28596 iso885961987 isoir127 iso88596 ecma114 asmo708 arabic csisolatinarabic ibm1089p1001995 ibm1089 88596 cp1089 1089
        28597 iso885971987 isoir126 iso88597 elot928 ecma118 greek greek8 csisolatingreek ibm9005x1102007 ibm9005 suneugreek
        28598 iso885981988 isoir138 iso88598 hebrew csisolatinhebrew ibm5012p1001999 ibm5012 88598 hebrew8
        28599 iso885991989 isoir148 iso88599 latin5 l5 csisolatin5 ibm920p1001995 ibm920 88599 cp920 920 ecma128 turkish turkish8
        28603 iso885913 ibm921p1001995 ibm921 885913 cp921 921
        28605 iso885915 latin9 ibm923p1001998 ibm923 l9 885915 latin0 csisolatin0 csisolatin9 cp923 923 iso885915fdis
        38598 iso88598i
        51932 ibm33722p12ap12a2004u2 ibm33722 ibm5050 ibm33722vpua ibmeucjp
        51949 ibm970p110p1102006u2 ibm970 euckr cseuckr ibmeuckr cp970 970 ibm970vpua
        54936 gb18030 ibm1392
        57002 windows57002 xisciide isciidev ibm4902
        57003 windows57003 xisciibe isciibng
        57004 windows57004 xisciita isciitml
        57005 windows57005 xisciite isciitlg
        57006 windows57006 xisciias
        57007 windows57007 xisciior isciiori
        57008 windows57008 xisciika isciiknd
        57009 windows57009 xisciima isciimlm
        57010 windows57010 xisciigu xisciiguj
        57011 windows57011 xisciipa isciigur
        65001 utf8 ibm1208 ibm1209 ibm5304 ibm5305 ibm13496 ibm13497 ibm17592 ibm17593 cp1208
        """;

    private static readonly Dictionary<string, int> CodePages = Parse();

    /// <summary>
    /// The encoding of a name, or null where it is not known. Case, hyphens and underscores do not count, as in VMware's own lookup.
    /// </summary>
    public static Encoding? Find(string name)
    {
        var plain = string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();
        if (CodePages.TryGetValue(plain, out var page)
            || (plain.StartsWith("windows", StringComparison.Ordinal)
                && int.TryParse(plain["windows".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out page)))
        {
            return page switch
            {
                20127 => Encoding.ASCII,
                28591 => Encoding.Latin1,
                65001 => Encoding.UTF8,
                _ => FindCodePage(page),
            };
        }

        return null;
    }

    private static Encoding? FindCodePage(int page)
    {
        try
        {
            return CodePagesEncodingProvider.Instance.GetEncoding(page);
        }
        catch (ArgumentException)
        {
            return null; // no code page has such a number
        }
    }

    private static Dictionary<string, int> Parse()
    {
        var pages = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var line in Names.Split('\n'))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            foreach (var name in words.AsSpan(1))
            {
                pages.Add(name, int.Parse(words[0], CultureInfo.InvariantCulture));
            }
        }

        return pages;
    }
}
