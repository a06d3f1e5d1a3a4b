using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.RegText;

/// <summary>The lines of .reg text, version 5. Text that its quoted form cannot carry unchanged is written as hex(1).</summary>
internal sealed class RegTextFormatter(RegTextOutput output)
{
    private const int LineEnd = 77; // a byte that would end past this column goes to the next line

    public void Header()
    {
        output.Write("Windows Registry Editor Version 5.00");
        output.NewLine();
        output.NewLine();
    }

    /// <summary><c>[path]</c>, or <c>[-path]</c>.</summary>
    public void Key(ReadOnlySpan<char> path, bool delete = false)
    {
        output.Write(delete ? "[-" : "[");
        output.Write(path);
        output.Write("]\r\n");
    }

    /// <summary>The empty line after the last value of a key.</summary>
    public void EndKey() => output.NewLine();

    /// <summary><c>"name"=-</c>.</summary>
    public void DeletedValue(ReadOnlySpan<char> name)
    {
        Name(name);
        output.Write("-\r\n");
    }

    /// <summary><c>"name"=data</c>.</summary>
    public void Value(ReadOnlySpan<char> name, uint type, ReadOnlySpan<byte> data)
    {
        var column = Name(name);
        switch (type)
        {
            case (uint)RegistryValueType.String when TryGetQuotable(data, out var text):
                output.Write('"');
                Escaped(text);
                output.Write("\"\r\n");
                break;
            case (uint)RegistryValueType.Dword when data.Length == 4:
                output.Write("dword:");
                var number = output.Reserve(8);
                BinaryPrimitives.ReadUInt32LittleEndian(data).TryFormat(number, out var written, "x8", CultureInfo.InvariantCulture);
                output.Advance(written);
                output.NewLine();
                break;
            default:
                Hex(column, type, data);
                output.NewLine();
                break;
        }
    }

    /// <summary>Writes a name and the equals sign; returns the columns that they take.</summary>
    private int Name(ReadOnlySpan<char> name)
    {
        if (name.IsEmpty)
        {
            output.Write("@=");
            return 2;
        }

        output.Write('"');
        var length = Escaped(name);
        output.Write("\"=");
        return length + 3;
    }

    private int Escaped(ReadOnlySpan<char> text)
    {
        var length = text.Length;
        int special;
        while ((special = text.IndexOfAny('\\', '"')) >= 0)
        {
            output.Write(text[..special]);
            output.Write('\\');
            output.Write(text[special]);
            text = text[(special + 1)..];
            length++;
        }

        output.Write(text);
        return length;
    }

    private void Hex(int column, uint type, ReadOnlySpan<byte> data)
    {
        var prefix = output.Reserve(16);
        int length;
        if (type == (uint)RegistryValueType.Binary)
        {
            "hex:".CopyTo(prefix);
            length = 4;
        }
        else
        {
            "hex(".CopyTo(prefix);
            type.TryFormat(prefix[4..], out var digits, "x", CultureInfo.InvariantCulture);
            "):".CopyTo(prefix[(4 + digits)..]);
            length = 6 + digits;
        }

        output.Advance(length);
        column += length;
        while (!data.IsEmpty)
        {
            var fitting = Math.Clamp((LineEnd - column + 2) / 3, 1, data.Length);
            var chars = output.Reserve((fitting * 3) + 5);
            for (var i = 0; i < fitting; i++)
            {
                chars[i * 3] = Digit(data[i] >> 4);
                chars[(i * 3) + 1] = Digit(data[i] & 15);
                chars[(i * 3) + 2] = ',';
            }

            data = data[fitting..];
            if (data.IsEmpty)
            {
                output.Advance((fitting * 3) - 1);
                return;
            }

            "\\\r\n  ".CopyTo(chars[(fitting * 3)..]);
            output.Advance((fitting * 3) + 5);
            column = 2;
        }
    }

    private static char Digit(int value) => (char)(value < 10 ? '0' + value : 'a' + value - 10);

    /// <summary>
    /// Whether text comes back unchanged from its quoted form: whole units, one terminator at the very end, no line breaks.
    /// </summary>
    private static bool TryGetQuotable(ReadOnlySpan<byte> data, out ReadOnlySpan<char> text)
    {
        text = default;
        if (data.Length < 2 || data.Length % 2 != 0 || !BitConverter.IsLittleEndian)
        {
            return false;
        }

        var chars = MemoryMarshal.Cast<byte, char>(data);
        text = chars[..^1];
        return chars[^1] == '\0' && text.IndexOfAny('\0', '\r', '\n') < 0;
    }
}
