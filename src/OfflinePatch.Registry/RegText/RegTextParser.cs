using System.Buffers.Binary;
using System.Globalization;
using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.RegText;

/// <summary>
/// Reads .reg text, version 5 or 4 (REGEDIT4, of Windows 95 to NT 4: texts in hex(2) and hex(7) have one byte a character there). Quoted
/// text and key lines may hold line breaks, as regedit writes them. Source: "How to add, modify, or delete registry subkeys and values by
/// using a .reg file", Microsoft.
/// </summary>
internal sealed class RegTextParser(string text)
{
    private const string Version5 = "Windows Registry Editor Version 5.00";
    private const string Version4 = "REGEDIT4";

    private bool _isVersion4;

    private int _position;
    private int _line = 1;

    public RegTextFile Parse()
    {
        SkipBlank();
        _isVersion4 = text.AsSpan(_position).StartsWith(Version4, StringComparison.Ordinal);
        if (!_isVersion4 && !text.AsSpan(_position).StartsWith(Version5, StringComparison.OrdinalIgnoreCase))
        {
            throw Mistake($"the text does not start with '{Version5}' or '{Version4}'");
        }

        SkipLine();
        var sections = new List<RegTextSection>();
        List<RegTextValue>? values = null;
        while (SkipBlank())
        {
            if (text[_position] == '[')
            {
                values = [];
                sections.Add(ReadKey(values));
            }
            else if (values is null)
            {
                throw Mistake("a value comes before the first key");
            }
            else
            {
                values.Add(ReadValue());
            }
        }

        return new RegTextFile(sections);
    }

    private RegTextSection ReadKey(List<RegTextValue> values)
    {
        var line = _line;
        var start = ++_position;
        var isDeletion = _position < text.Length && text[_position] == '-';
        if (isDeletion)
        {
            start = ++_position;
        }

        // The bracket that ends a line ends the key: names may hold brackets themselves.
        while (true)
        {
            var end = text.IndexOf(']', _position);
            if (end < 0)
            {
                throw Mistake("a key has no closing bracket");
            }

            CountLines(_position, end);
            _position = end + 1;
            if (IsRestOfLineBlank())
            {
                var path = text[start..end];
                SkipLine();
                return new RegTextSection(path, isDeletion, values, line);
            }
        }
    }

    private RegTextValue ReadValue()
    {
        string name;
        if (text[_position] == '@')
        {
            _position++;
            name = "";
        }
        else if (text[_position] == '"')
        {
            name = ReadQuoted();
        }
        else
        {
            throw Mistake("this is neither a key nor a value");
        }

        SkipSpaces();
        if (_position == text.Length || text[_position++] != '=')
        {
            throw Mistake("a name is not followed by '='");
        }

        SkipSpaces();
        var value = ReadData(name);
        if (!IsRestOfLineBlank())
        {
            throw Mistake("something follows the data of a value");
        }

        SkipLine();
        return value;
    }

    private RegTextValue ReadData(string name)
    {
        var rest = text.AsSpan(_position);
        if (rest.StartsWith("\""))
        {
            return new RegTextValue(name, false, RegistryValueType.String, ValueText.Encode(ReadQuoted()));
        }

        if (rest.StartsWith("-"))
        {
            _position++;
            return new RegTextValue(name, true, RegistryValueType.None, []);
        }

        if (rest.StartsWith("dword:", StringComparison.OrdinalIgnoreCase))
        {
            _position += 6;
            var data = new byte[4];
            BinaryPrimitives.WriteUInt32LittleEndian(data, ReadNumber("a dword has 1 to 8 hexadecimal digits"));
            return new RegTextValue(name, false, RegistryValueType.Dword, data);
        }

        if (rest.StartsWith("hex(", StringComparison.OrdinalIgnoreCase))
        {
            _position += 4;
            var type = ReadNumber("a type has 1 to 8 hexadecimal digits");
            if (!text.AsSpan(_position).StartsWith("):"))
            {
                throw Mistake("a type is not followed by '):'");
            }

            _position += 2;
            var bytes = ReadBytes();
            return new RegTextValue(name, false, (RegistryValueType)type,
                _isVersion4
                    && (RegistryValueType)type
                        is (RegistryValueType.String or RegistryValueType.ExpandString or RegistryValueType.MultiString)
                    ? Widen(bytes)
                    : bytes);
        }

        if (rest.StartsWith("hex:", StringComparison.OrdinalIgnoreCase))
        {
            _position += 4;
            return new RegTextValue(name, false, RegistryValueType.Binary, ReadBytes());
        }

        throw Mistake("the data is no text, no dword:, no hex: and no '-'");
    }

    // Of version 4, characters of one byte. Beyond ASCII they are those of the code page of the machine that wrote the file, which nothing
    // in it names.
    private byte[] Widen(byte[] narrow)
    {
        var wide = new byte[narrow.Length * 2];
        for (var i = 0; i < narrow.Length; i++)
        {
            wide[i * 2] = narrow[i] < 0x80
                ? narrow[i]
                : throw Mistake("a text of version 4 holds a character beyond ASCII, and its code page is not known; save the file as "
                    + "version 5");
        }

        return wide;
    }

    private string ReadQuoted()
    {
        var start = ++_position;
        System.Text.StringBuilder? unescaped = null;
        for (; _position < text.Length; _position++)
        {
            var c = text[_position];
            if (c == '"')
            {
                var tail = text.AsSpan(start, _position - start);
                _position++;
                return unescaped is null ? tail.ToString() : unescaped.Append(tail).ToString();
            }

            if (c == '\\' && _position + 1 < text.Length)
            {
                (unescaped ??= new System.Text.StringBuilder()).Append(text, start, _position - start);
                start = ++_position;
            }
            else if (c == '\n')
            {
                _line++;
            }
        }

        throw Mistake("a text has no closing quote");
    }

    private uint ReadNumber(string rule)
    {
        var start = _position;
        while (_position < text.Length && char.IsAsciiHexDigit(text[_position]))
        {
            _position++;
        }

        return uint.TryParse(text.AsSpan(start, _position - start), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
            out var number)
            ? number
            : throw Mistake(rule);
    }

    private byte[] ReadBytes()
    {
        var bytes = new List<byte>();
        while (true)
        {
            SkipContinuations();
            if (_position == text.Length || text[_position] is ('\r' or '\n' or ';'))
            {
                return [.. bytes];
            }

            var number = ReadNumber("a byte has 1 or 2 hexadecimal digits");
            bytes.Add(number <= 0xFF ? (byte)number : throw Mistake("a byte has 1 or 2 hexadecimal digits"));
            SkipContinuations();
            if (_position < text.Length && text[_position] == ',')
            {
                _position++;
            }
            else if (_position < text.Length && text[_position] is not ('\r' or '\n' or ';'))
            {
                throw Mistake("bytes are separated by commas");
            }
        }
    }

    /// <summary>Spaces, and a backslash at the end of a line with the spaces of the next.</summary>
    private void SkipContinuations()
    {
        while (true)
        {
            SkipSpaces();
            if (_position == text.Length || text[_position] != '\\')
            {
                return;
            }

            _position++;
            if (!IsRestOfLineBlank())
            {
                throw Mistake("a backslash does not end its line");
            }

            SkipLine();
        }
    }

    private void SkipSpaces()
    {
        while (_position < text.Length && text[_position] is (' ' or '\t'))
        {
            _position++;
        }
    }

    /// <summary>Goes to the next line that holds something; false at the end.</summary>
    private bool SkipBlank()
    {
        while (true)
        {
            SkipSpaces();
            if (_position >= text.Length)
            {
                return false;
            }

            if (text[_position] is not ('\r' or '\n' or ';' or '\0'))
            {
                return true;
            }

            SkipLine();
        }
    }

    private bool IsRestOfLineBlank()
    {
        var i = _position;
        while (i < text.Length && text[i] is (' ' or '\t'))
        {
            i++;
        }

        return i == text.Length || text[i] is ('\r' or '\n' or ';');
    }

    private void SkipLine()
    {
        var end = text.IndexOf('\n', _position);
        _position = end < 0 ? text.Length : end + 1;
        _line++;
    }

    private void CountLines(int start, int end) => _line += text.AsSpan(start, end - start).Count('\n');

    private RefusedException Mistake(string what) => RegistryError.RegText(_line, what);
}
