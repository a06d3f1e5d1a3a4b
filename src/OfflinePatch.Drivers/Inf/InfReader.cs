using System.Text;

namespace OfflinePatch.Drivers.Inf;

/// <summary>
/// Splits the text of an INF into sections and lines. Source: learn.microsoft.com general-syntax-rules-for-inf-files: <c>;</c> starts a
/// comment outside quotes; a quote that is not closed ends with its line; <c>""</c> inside quotes is one quote; a <c>\</c> as the last
/// character of a line (blanks or a comment may follow) joins the next one; blanks around a field do not count unless they are quoted.
/// </summary>
internal sealed class InfReader(string text, string name)
{
    private readonly Dictionary<string, InfSection> _sections = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<InfSection> _order = [];
    private readonly StringBuilder _field = new();
    private InfSection? _section;
    private int _position;
    private int _line = 1;

    public IReadOnlyList<InfSection> Sections => _order;

    public Dictionary<string, InfSection> ByName => _sections;

    public void ReadAll()
    {
        while (_position < text.Length)
        {
            SkipBlanks();
            if (AtEndOfLine)
            {
                NextLine();
            }
            else if (text[_position] == ';')
            {
                SkipToEndOfLine();
            }
            else if (text[_position] == '[')
            {
                ReadHeader();
            }
            else
            {
                ReadLine();
            }
        }
    }

    private bool AtEndOfLine => _position >= text.Length || text[_position] is '\r' or '\n';

    private static bool IsBlank(char c) => c is ' ' or '\t' or '\0' or '\v' or '\f' or '\u001A' or '\u00A0' or '\uFEFF';

    private void SkipBlanks()
    {
        while (_position < text.Length && IsBlank(text[_position]))
        {
            _position++;
        }
    }

    private void SkipToEndOfLine()
    {
        while (!AtEndOfLine)
        {
            _position++;
        }
    }

    private void NextLine()
    {
        if (_position >= text.Length)
        {
            return;
        }

        _position += text[_position] == '\r' && _position + 1 < text.Length && text[_position + 1] == '\n' ? 2 : 1;
        if (++_line > InfLimits.Lines)
        {
            throw InfError.TooManyLines(name);
        }
    }

    private void ReadHeader()
    {
        var start = ++_position;
        while (!AtEndOfLine && text[_position] != ']')
        {
            _position++;
        }

        var title = text[start.._position].Trim();
        if (title.Length > InfLimits.FieldCharacters)
        {
            throw InfError.FieldTooLong(name, _line);
        }

        if (title is ['"', .., '"'] && title.Length > 1)
        {
            title = title[1..^1];
        }

        SkipToEndOfLine(); // what follows the bracket does not count
        if (!_sections.TryGetValue(title, out _section))
        {
            if (_sections.Count == InfLimits.Sections)
            {
                throw InfError.TooManySections(name);
            }

            _section = new InfSection(title);
            _sections.Add(title, _section);
            _order.Add(_section);
        }
    }

    private void ReadLine()
    {
        var number = _line;
        string? key = null;
        var fields = new List<string>(4);
        _field.Clear();
        var kept = 0; // length of the field up to its last character that counts
        while (!AtEndOfLine)
        {
            var c = text[_position];
            if (c == ';')
            {
                SkipToEndOfLine();
                break;
            }

            switch (c)
            {
                case '"':
                    ReadQuoted();
                    kept = _field.Length;
                    continue;
                case ',':
                    Push(fields, ref kept);
                    break;
                case '=' when key is null && fields.Count == 0:
                    _field.Length = kept;
                    key = _field.ToString();
                    _field.Clear();
                    kept = 0;
                    break;
                case '\\' when ContinuesOnNextLine():
                    continue;
                default:
                    if (!IsBlank(c) || _field.Length > 0)
                    {
                        Append(c);
                        kept = IsBlank(c) ? kept : _field.Length;
                    }

                    break;
            }

            _position++;
        }

        Push(fields, ref kept);
        _section?.Add(new InfLine(key, fields, number)); // text before the first section is a preamble that Windows skips
    }

    private void Append(char c)
    {
        if (_field.Length == InfLimits.FieldCharacters)
        {
            throw InfError.FieldTooLong(name, _line);
        }

        _field.Append(c);
    }

    private void Push(List<string> fields, ref int kept)
    {
        if (fields.Count == InfLimits.Fields)
        {
            throw InfError.TooManyFields(name, _line);
        }

        _field.Length = kept;
        fields.Add(_field.ToString());
        _field.Clear();
        kept = 0;
    }

    private void ReadQuoted()
    {
        _position++;
        while (!AtEndOfLine)
        {
            var c = text[_position++];
            if (c == '"')
            {
                if (_position >= text.Length || text[_position] != '"')
                {
                    return;
                }

                _position++;
            }

            Append(c);
        }
    }

    // At a backslash: when only blanks or a comment follow it on its line, goes to the first character of the next line that counts.
    private bool ContinuesOnNextLine()
    {
        var look = _position + 1;
        while (look < text.Length && IsBlank(text[look]))
        {
            look++;
        }

        if (look < text.Length && text[look] is not ('\r' or '\n' or ';'))
        {
            return false;
        }

        _position = look;
        SkipToEndOfLine();
        NextLine();
        SkipBlanks();
        return true;
    }
}
