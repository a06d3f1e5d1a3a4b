using System.Text;

namespace OfflinePatch.Windows.CloudbaseInit;

/// <summary>One wanted setting.</summary>
/// <param name="Section"><c>DEFAULT</c>, <c>openstack</c>…</param>
/// <param name="Key">The option as oslo.config calls it.</param>
/// <param name="Value">Its value.</param>
/// <param name="IsRequired">False: a value of the user's own stays.</param>
public sealed record CloudbaseInitSetting(string Section, string Key, string Value, bool IsRequired = true);

/// <summary>
/// Edits <c>cloudbase-init.conf</c> by the rules of oslo.config (iniparser.py, cfg.py), which differ from those of Windows INI files: a key
/// needs a section, names are case-sensitive, <c>=</c> or <c>:</c> divides, a line that begins with a blank continues the value above it,
/// <c>#</c> and <c>;</c> begin a comment at the start of a line only, and of several assignments the last counts. Every byte that is not
/// changed stays: the file is handled as bytes, line by line, in the code page of its Windows, which is how Python reads it. A byte order
/// mark is removed, because oslo.config does not start with one; UTF-16 is written in that code page. A file that the agent could not read
/// all the same is left as it is.
/// </summary>
public sealed class CloudbaseInitConfig
{
    // The bytes of code page 1252 that are no character: Python refuses a file with one of them, where Windows shows a control
    // character.
    private static readonly byte[] UndefinedIn1252 = [0x81, 0x8D, 0x8F, 0x90, 0x9D];

    // Not the blanks of Latin-1 beyond ASCII: those are parts of characters in other code pages.
    private static readonly char[] Blanks = [' ', '\t', '\r', '\n', '\v', '\f'];

    private readonly List<string> _lines; // each with its line end; a character for each byte
    private readonly string _lineEnd;
    private readonly bool _wasChanged;
    private readonly Encoding _ansi;
    private readonly List<string> _unreadable = [];

    private CloudbaseInitConfig(string text, bool wasChanged, Encoding ansi)
    {
        _lines = SplitLines(text);
        _wasChanged = wasChanged;
        _ansi = ansi;
        _lineEnd = _lines.Count > 0 && _lines[0].EndsWith('\n') && !_lines[0].EndsWith("\r\n", StringComparison.Ordinal) ? "\n" : "\r\n";
    }

    /// <summary>Reads a file; an absent one is empty.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="ansi">How the agent reads it: see <see cref="AnsiCodePage"/>; null for code page 1252.</param>
    public static CloudbaseInitConfig Parse(ReadOnlySpan<byte> bytes, Encoding? ansi = null)
    {
        ansi ??= AnsiCodePage.Default;
        if (bytes.StartsWith(Encoding.UTF8.Preamble))
        {
            return Convert(bytes, Encoding.UTF8, ansi);
        }

        // Notepad's "Unicode", with its mark or without: the agent cannot read it at all, so the same text is written as it reads it.
        if (WideEncoding(bytes) is { } encoding)
        {
            return Convert(bytes, encoding, ansi);
        }

        var config = new CloudbaseInitConfig(Encoding.Latin1.GetString(bytes), wasChanged: false, ansi);
        for (var (line, start) = (1, 0); start < bytes.Length; line++)
        {
            var length = bytes[start..].IndexOf((byte)'\n') is >= 0 and var end ? end + 1 : bytes.Length - start;
            if (!IsReadable(bytes.Slice(start, length), ansi))
            {
                config._unreadable.Add($"line {line} holds bytes that are no text in the code page of this Windows ({ansi.CodePage})");
                break;
            }

            start += length;
        }

        return config;
    }

    /// <summary>
    /// Text of another encoding as the agent reads it. What its code page cannot express, or what is no text, is a mistake, and the file
    /// stays.
    /// </summary>
    private static CloudbaseInitConfig Convert(ReadOnlySpan<byte> bytes, Encoding encoding, Encoding ansi)
    {
        try
        {
            var strict = Encoding.GetEncoding(encoding.CodePage, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);
            return new CloudbaseInitConfig(Encoding.Latin1.GetString(ansi.GetBytes(strict.GetString(bytes).TrimStart('\uFEFF'))),
                wasChanged: true, ansi);
        }
        catch (Exception e) when (e is DecoderFallbackException or EncoderFallbackException)
        {
            var config = new CloudbaseInitConfig(Encoding.Latin1.GetString(bytes), wasChanged: false, ansi);
            config._unreadable.Add($"it is {encoding.WebName} with text that the code page of this Windows ({ansi.CodePage}) does not "
                + "have");
            return config;
        }
    }

    private static bool IsReadable(ReadOnlySpan<byte> line, Encoding ansi)
    {
        if (!line.ContainsAnyExceptInRange((byte)0, (byte)0x7F))
        {
            return true;
        }

        try
        {
            _ = ansi.GetCharCount(line);
            return ansi.CodePage != 1252 || line.IndexOfAny(UndefinedIn1252) < 0;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    /// <summary>
    /// UTF-16, by its mark or by the zeros that nearly every second byte of a file in English then is; null for anything else.
    /// </summary>
    private static Encoding? WideEncoding(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith(Encoding.Unicode.Preamble))
        {
            return Encoding.Unicode;
        }

        if (bytes.StartsWith(Encoding.BigEndianUnicode.Preamble))
        {
            return Encoding.BigEndianUnicode;
        }

        if (bytes.Length < 4)
        {
            return null;
        }

        var (even, odd) = (0, 0);
        for (var i = 0; i + 1 < bytes.Length; i += 2)
        {
            even += bytes[i] == 0 ? 1 : 0;
            odd += bytes[i + 1] == 0 ? 1 : 0;
        }

        var half = bytes.Length / 2;
        return odd > half * 3 / 4 && even == 0 ? Encoding.Unicode : even > half * 3 / 4 && odd == 0 ? Encoding.BigEndianUnicode : null;
    }

    /// <summary>Whether anything differs from what was read.</summary>
    public bool IsChanged { get; private set; }

    /// <summary>Lines that oslo.config refuses, and with them the whole file: the number counts from 1.</summary>
    public IReadOnlyList<string> Mistakes
    {
        get
        {
            var mistakes = new List<string>(_unreadable);
            string? section = null;
            var hasKey = false;
            for (var i = 0; i < _lines.Count; i++)
            {
                var line = _lines[i].TrimEnd(Blanks);
                if (line.Contains('\0', StringComparison.Ordinal))
                {
                    mistakes.Add($"line {i + 1} holds a zero byte: the file is in no encoding that the agent reads");
                }

                switch (KindOf(line))
                {
                    case LineKind.Section:
                        section = line[1..^1];
                        hasKey = false;
                        break;
                    case LineKind.Assignment:
                        hasKey = true;
                        if (section is null)
                        {
                            mistakes.Add($"line {i + 1} comes before the first section");
                        }

                        break;
                    case LineKind.Continuation when !hasKey:
                        mistakes.Add($"line {i + 1} begins with a blank, but continues nothing");
                        break;
                    case LineKind.Bad:
                        mistakes.Add($"line {i + 1} is neither a section nor an assignment");
                        break;
                    case LineKind.Blank:
                        hasKey = false;
                        break;
                }
            }

            return mistakes;
        }
    }

    /// <summary>The effective value, or null.</summary>
    public string? Get(string section, string key) => Find(section, key) is { Count: > 0 } all ? Decode(all[^1].Value) : null;

    /// <summary>Sets a setting: the effective value is right, and the only one. Does nothing where that is so.</summary>
    public void Apply(CloudbaseInitSetting setting)
    {
        if (Encode(setting.Value) is not { } value)
        {
            _unreadable.Add($"{setting.Key} would be {setting.Value}, which the code page of this Windows ({_ansi.CodePage}) cannot "
                + "express");
            return;
        }

        var all = Find(setting.Section, setting.Key);
        if (all.Count == 0 && setting.Section == "DEFAULT" && StrayKey() is { } stray)
        {
            IsChanged = true;
            InsertLines(stray, "[DEFAULT]"); // the key that preceded every section now belongs to this section
            all = Find(setting.Section, setting.Key);
        }

        if (all.Count == 0)
        {
            Insert(setting.Section, $"{setting.Key}={value}");
            return;
        }

        var last = all[^1];
        if (last.Value != value && setting.IsRequired)
        {
            Replace(last.Line, last.LineCount, $"{setting.Key}={value}");
        }

        for (var i = all.Count - 2; i >= 0; i--)
        {
            Remove(all[i].Line, all[i].LineCount); // earlier ones have no effect, and confuse people and stricter readers
        }
    }

    /// <summary>The file.</summary>
    public byte[] ToArray() => Encoding.Latin1.GetBytes(string.Concat(_lines));

    /// <summary>Whether the file must be written: something was changed, or a byte order mark was removed.</summary>
    public bool MustBeWritten => IsChanged || _wasChanged;

    /// <summary>A value as bytes of the file, a character for each; null when the code page cannot express it.</summary>
    private string? Encode(string value)
    {
        try
        {
            return Encoding.Latin1.GetString(_ansi.GetBytes(value));
        }
        catch (EncoderFallbackException)
        {
            return null;
        }
    }

    private string Decode(string bytes)
    {
        try
        {
            return _ansi.GetString(Encoding.Latin1.GetBytes(bytes));
        }
        catch (DecoderFallbackException)
        {
            return bytes; // one of the mistakes
        }
    }

    private enum LineKind
    {
        Blank,
        Comment,
        Section,
        Assignment,
        Continuation,
        Bad,
    }

    private static LineKind KindOf(string line)
    {
        if (line.Length == 0)
        {
            return LineKind.Blank;
        }

        if (line[0] is ' ' or '\t')
        {
            return LineKind.Continuation;
        }

        if (line[0] == '[')
        {
            return line.Length > 2 && line[^1] == ']' ? LineKind.Section : LineKind.Bad;
        }

        if (line[0] is '#' or ';')
        {
            return LineKind.Comment;
        }

        return line.AsSpan().IndexOfAny(":=") is > 0 and var at && line.AsSpan(0, at).Trim(Blanks).Length > 0
            ? LineKind.Assignment
            : LineKind.Bad;
    }

    /// <summary>Every assignment of a key in every part of a section, with the lines that it takes.</summary>
    private List<(int Line, int LineCount, string Value)> Find(string section, string key)
    {
        var found = new List<(int Line, int LineCount, string Value)>();
        string? current = null;
        for (var i = 0; i < _lines.Count; i++)
        {
            var line = _lines[i].TrimEnd(Blanks);
            var kind = KindOf(line);
            if (kind == LineKind.Section)
            {
                current = line[1..^1];
            }
            else if (kind == LineKind.Assignment && IsSection(current, section))
            {
                var at = line.AsSpan().IndexOfAny(":=");
                if (line[..at].Trim(Blanks) != key)
                {
                    continue;
                }

                var value = new StringBuilder(Unquote(line[(at + 1)..].Trim(Blanks)));
                var count = 1;
                while (i + count < _lines.Count && KindOf(_lines[i + count].TrimEnd(Blanks)) == LineKind.Continuation)
                {
                    value.Append('\n').Append(_lines[i + count].Trim(Blanks));
                    count++;
                }

                found.Add((i, count, value.ToString()));
            }
        }

        return found;
    }

    /// <summary>The first line, when it is an assignment in front of every section; else null.</summary>
    private int? StrayKey()
    {
        var first = _lines.FindIndex(l => KindOf(l.TrimEnd(Blanks)) is LineKind.Section or LineKind.Assignment);
        return first >= 0 && KindOf(_lines[first].TrimEnd(Blanks)) == LineKind.Assignment ? first : null;
    }

    /// <summary>DEFAULT is written so; other sections are looked up without case (cfg.py, _normalize_group_name).</summary>
    private static bool IsSection(string? current, string section) =>
        current is not null && (section == "DEFAULT" ? current == section : current.Equals(section, StringComparison.OrdinalIgnoreCase));

    private static string Unquote(string value) =>
        value.Length > 1 && value[0] == value[^1] && value[0] is '"' or '\'' ? value[1..^1] : value;

    private void Insert(string section, string text)
    {
        IsChanged = true;
        var at = -1;
        string? current = null;
        for (var i = 0; i < _lines.Count; i++)
        {
            var line = _lines[i].TrimEnd(Blanks);
            var kind = KindOf(line);
            current = kind == LineKind.Section ? line[1..^1] : current;
            if (IsSection(current, section) && kind is LineKind.Section or LineKind.Assignment or LineKind.Continuation)
            {
                at = i + 1;
            }
        }

        if (at >= 0)
        {
            InsertLines(at, text);
        }
        else if (section == "DEFAULT")
        {
            // In front of the first section; comments at the top of the file stay at the top.
            var first = _lines.FindIndex(l => KindOf(l.TrimEnd(Blanks)) is not (LineKind.Blank or LineKind.Comment));
            InsertLines(first < 0 ? _lines.Count : first, "[DEFAULT]", text);
        }
        else
        {
            InsertLines(_lines.Count, $"[{section}]", text);
        }
    }

    private void InsertLines(int at, params string[] lines)
    {
        if (at > 0 && !_lines[at - 1].EndsWith('\n'))
        {
            _lines[at - 1] += _lineEnd;
        }

        _lines.InsertRange(at, lines.Select(l => l + _lineEnd));
    }

    private void Replace(int line, int count, string text)
    {
        IsChanged = true;
        var end = _lines[line + count - 1];
        _lines[line] = text + end[end.TrimEnd('\r', '\n').Length..];
        _lines.RemoveRange(line + 1, count - 1);
    }

    private void Remove(int line, int count)
    {
        IsChanged = true;
        _lines.RemoveRange(line, count);
    }

    private static List<string> SplitLines(string text)
    {
        var lines = new List<string>();
        for (var start = 0; start < text.Length;)
        {
            var end = text.IndexOf('\n', start);
            end = end < 0 ? text.Length : end + 1;
            lines.Add(text[start..end]);
            start = end;
        }

        return lines;
    }
}
