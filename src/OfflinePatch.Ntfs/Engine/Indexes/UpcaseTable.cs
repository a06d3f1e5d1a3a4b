using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Engine.Indexes;

/// <summary>The volume's own $UpCase: how it compares names. 65,536 units of UTF-16.</summary>
public sealed class UpcaseTable
{
    /// <summary>Bytes of $UpCase.</summary>
    public const int Size = 65536 * 2;

    private readonly char[] _table = new char[65536];

    /// <param name="bytes">Content of $UpCase; a shorter one leaves the remaining units as they are.</param>
    public UpcaseTable(ReadOnlySpan<byte> bytes)
    {
        for (var i = 0; i < _table.Length; i++)
        {
            _table[i] = (2 * i) + 2 <= bytes.Length ? (char)BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]) : (char)i;
        }
    }

    /// <summary>The upper case of one unit.</summary>
    public char this[char unit] => _table[unit];

    /// <summary>Compares UTF-16LE names without case, as the order of a directory does; 0 also where only the case differs.</summary>
    public int CompareIgnoreCase(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var table = _table;
        var common = Math.Min(left.Length, right.Length) & ~1;
        for (var i = 0; i < common; i += 2)
        {
            int a = left[i] | (left[i + 1] << 8);
            int b = right[i] | (right[i + 1] << 8);
            if (a != b)
            {
                a = table[a];
                b = table[b];
                if (a != b)
                {
                    return a < b ? -1 : 1;
                }
            }
        }

        return left.Length.CompareTo(right.Length);
    }

    /// <summary>Compares UTF-16LE names without case, and where they are equal by their units.</summary>
    public int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var order = CompareIgnoreCase(left, right);
        if (order != 0)
        {
            return order;
        }

        for (var i = 0; i + 1 < left.Length; i += 2)
        {
            int a = left[i] | (left[i + 1] << 8);
            int b = right[i] | (right[i + 1] << 8);
            if (a != b)
            {
                return a < b ? -1 : 1;
            }
        }

        return 0;
    }

    /// <summary>Whether two names are the same without case.</summary>
    public bool AreEqual(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        if (left.Length != right.Length)
        {
            return false;
        }

        for (var i = 0; i < left.Length; i++)
        {
            if (_table[left[i]] != _table[right[i]])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The table as on disk.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        for (var i = 0; i < _table.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * i), _table[i]);
        }

        return bytes;
    }
}
