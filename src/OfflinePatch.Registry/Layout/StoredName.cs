using OfflinePatch.Core;
using System.Buffers.Binary;
using System.Text;

namespace OfflinePatch.Registry.Layout;

/// <summary>A key or value name as stored in its cell: Latin-1, one byte per character, or UTF-16.</summary>
internal readonly ref struct StoredName
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly bool _compressed;

    public StoredName(ReadOnlySpan<byte> bytes, bool compressed)
    {
        _bytes = compressed ? bytes : bytes[..(bytes.Length & ~1)];
        _compressed = compressed;
    }

    /// <summary>Whether it is stored as Latin-1.</summary>
    public bool IsCompressed => _compressed;

    /// <summary>Characters (UTF-16 units).</summary>
    public int Length => _compressed ? _bytes.Length : _bytes.Length / 2;

    /// <summary>The UTF-16 unit at a place.</summary>
    public char this[int index] =>
        _compressed ? (char)_bytes[index] : (char)BinaryPrimitives.ReadUInt16LittleEndian(_bytes[(index * 2)..]);

    /// <summary>Whether a character is in the name.</summary>
    public bool Contains(char value)
    {
        if (_compressed)
        {
            return value <= 0xFF && _bytes.Contains((byte)value);
        }

        for (var i = 0; i < Length; i++)
        {
            if (this[i] == value)
            {
                return true;
            }
        }

        return false;
    }

    public override string ToString() => _compressed ? Encoding.Latin1.GetString(_bytes)
        : string.Create(Length, _bytes, static (chars, bytes) =>
    {
        for (var i = 0; i < chars.Length; i++)
        {
            chars[i] = (char)BinaryPrimitives.ReadUInt16LittleEndian(bytes[(i * 2)..]);
        }
    });

    /// <summary>Writes the characters to <paramref name="destination"/>, which has room; returns their number.</summary>
    public int CopyTo(Span<char> destination)
    {
        if (_compressed)
        {
            return Encoding.Latin1.GetChars(_bytes, destination);
        }

        for (var i = 0; i < Length; i++)
        {
            destination[i] = this[i];
        }

        return Length;
    }

    /// <summary>Compares with a name that is already upper-cased, as the lists of a hive are ordered.</summary>
    public int CompareToUpper(ReadOnlySpan<char> upper)
    {
        var common = Math.Min(Length, upper.Length);
        for (var i = 0; i < common; i++)
        {
            var difference = NtUpcase.ToUpper(this[i]) - upper[i];
            if (difference != 0)
            {
                return difference;
            }
        }

        return Length - upper.Length;
    }

    /// <summary>Compares two stored names without case.</summary>
    public int OrderAgainst(StoredName other)
    {
        var common = Math.Min(Length, other.Length);
        for (var i = 0; i < common; i++)
        {
            var difference = NtUpcase.ToUpper(this[i]) - NtUpcase.ToUpper(other[i]);
            if (difference != 0)
            {
                return difference;
            }
        }

        return Length - other.Length;
    }

    /// <summary>Compares two stored names as _wcsnicmp does: ASCII letters as lower case, all else as it is, then by length.</summary>
    public int OrderByAsciiCase(StoredName other)
    {
        var common = Math.Min(Length, other.Length);
        for (var i = 0; i < common; i++)
        {
            var difference = AsciiLower(this[i]) - AsciiLower(other[i]);
            if (difference != 0)
            {
                return difference;
            }
        }

        return Length - other.Length;
    }

    /// <summary>Whether a name can be stored in one byte a character.</summary>
    public static bool CanCompress(ReadOnlySpan<char> name) => !name.ContainsAnyExceptInRange('\0', '\xFF');

    /// <summary>Bytes that a name takes.</summary>
    public static int EncodedLength(string name, bool compressed) => compressed ? name.Length : name.Length * 2;

    /// <summary>Writes a name; returns its bytes.</summary>
    public static int Encode(string name, bool compressed, Span<byte> destination)
    {
        for (var i = 0; i < name.Length; i++)
        {
            if (compressed)
            {
                destination[i] = (byte)name[i];
            }
            else
            {
                BinaryPrimitives.WriteUInt16LittleEndian(destination[(i * 2)..], name[i]);
            }
        }

        return EncodedLength(name, compressed);
    }

    private static int AsciiLower(char unit) => char.IsAsciiLetterUpper(unit) ? unit | 0x20 : unit;
}
