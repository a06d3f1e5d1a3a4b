using System.Buffers.Binary;
using System.Text;

namespace OfflinePatch.Fuzz.Engine;

/// <summary>
/// Changes fields: boundary values at aligned integers of both byte orders, a little more or less, copies, swaps, cuts; in text also words,
/// lines and brackets. Aims at bytes that hold something: most of an image is zeros.
/// </summary>
internal sealed class Mutator(Random random, bool isText)
{
    private static readonly ulong[] Boundaries =
    [
        0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 511, 512, 513, 1023, 1024, 4095, 4096, 32767, 32768, 65535, 65536,
        0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x100000000, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFE,
        0xFFFFFFF8, 0xFFFFFE00, 0x00FFFFFFFFFFFFFF, 0x0020000000000000, 100_000, 1_000_000,
    ];

    private static readonly byte[][] Words =
    [
        .. new[]
        {
            "\"", "'", "\\", "\\\\", "{", "}", "[", "]", "<", ">", "<!--", "-->", "&amp;", "&#0;", "%", "%%", ";", ",", "=", ":",
            "\n", "\r\n", "\0", "\t", "..", "../", "0", "-1", "1e999", "99999999999999999999", "0x", "hex(b):", "dword:", "null",
            "true", "\uFEFF", "é", "\uFFFD", "@", "*", "-", "--", "~", "$", "NTamd64.10.0...99999",
            "{00000000-0000-0000-0000-000000000000}", "[]", "{}", "\"\":", "2147483648", "4294967296", " ",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xFF, 0xFE], [0xF4, 0x90, 0x80, 0x80],
    ];

    private const int MaximumText = 256 * 1024;

    /// <summary>Another input of the same parser, parts of which are taken over.</summary>
    public byte[] Other { get; set; } = [];

    public void Mutate(Mutant mutant, Places places)
    {
        for (var count = random.Next(12) == 0 ? random.Next(4, 24) : random.Next(1, 5); count > 0 && mutant.Length > 0; count--)
        {
            if (isText && random.Next(3) != 0 && mutant.Length < MaximumText)
            {
                Text(mutant);
            }
            else
            {
                Binary(mutant, places.Pick(random, mutant.Length));
            }
        }

        if (random.Next(16) == 0)
        {
            mutant.Truncate(random.Next(4) == 0 ? mutant.Length - random.Next(1, 65) : random.Next(mutant.Length + 1));
        }
    }

    private void Binary(Mutant mutant, int at)
    {
        var size = 1 << random.Next(4);
        if (random.Next(3) != 0)
        {
            at &= -size;
        }

        size = Math.Min(size, mutant.Length - at);
        if (size <= 0)
        {
            return;
        }

        switch (random.Next(10))
        {
            case 0:
                mutant.Change(at, 1)[0] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                random.NextBytes(mutant.Change(at, size));
                break;
            case 2 or 3:
                Put(mutant.Change(at, size), Boundaries[random.Next(Boundaries.Length)]);
                break;
            case 4:
                Put(mutant.Change(at, size), (ulong)mutant.Length + (ulong)random.Next(-2, 3));
                break;
            case 5 or 6:
                Add(mutant.Change(at, size));
                break;
            case 7: // a copy of another part
                var from = random.Next(mutant.Length);
                var count = Math.Min(random.Next(3) == 0 ? random.Next(1, 600) : size, mutant.Length - Math.Max(from, at));
                mutant.Bytes.Slice(from, count).ToArray().CopyTo(mutant.Change(at, count));
                break;
            case 8: // two parts change their places
                var other = random.Next(mutant.Length - size + 1);
                var kept = mutant.Bytes.Slice(other, size).ToArray();
                mutant.Bytes.Slice(at, size).ToArray().CopyTo(mutant.Change(other, size));
                kept.CopyTo(mutant.Change(at, size));
                break;
            default:
                if (Other.Length > at)
                {
                    var part = Math.Min(random.Next(1, 200), Math.Min(Other.Length, mutant.Length) - at);
                    Other.AsSpan(at, part).CopyTo(mutant.Change(at, part));
                }

                break;
        }
    }

    private void Put(Span<byte> field, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        if (random.Next(3) == 0)
        {
            BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
            bytes[(8 - field.Length)..].CopyTo(field);
        }
        else
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
            bytes[..field.Length].CopyTo(field);
        }
    }

    private void Add(Span<byte> field)
    {
        var isBig = random.Next(3) == 0;
        ulong value = 0;
        for (var i = 0; i < field.Length; i++)
        {
            value |= (ulong)field[isBig ? field.Length - 1 - i : i] << (8 * i);
        }

        value += (ulong)(random.Next(4) == 0 ? random.Next(-4096, 4097) : random.Next(-9, 10));
        for (var i = 0; i < field.Length; i++)
        {
            field[isBig ? field.Length - 1 - i : i] = (byte)(value >> (8 * i));
        }
    }

    private void Text(Mutant mutant)
    {
        var at = random.Next(mutant.Length);
        switch (random.Next(7))
        {
            case 0 or 1:
                mutant.Replace(at, 0, Words[random.Next(Words.Length)]);
                break;
            case 2:
                mutant.Replace(at, Math.Min(random.Next(1, 20), mutant.Length - at), Words[random.Next(Words.Length)]);
                break;
            case 3: // a line or a part once more, somewhere
                var (start, length) = random.Next(2) == 0 ? Line(mutant.Bytes, at) : (at, Math.Min(random.Next(1, 60), mutant.Length - at));
                mutant.Replace(random.Next(mutant.Length + 1), 0, mutant.Bytes.Slice(start, length).ToArray());
                break;
            case 4: // without a line
                var (from, count) = Line(mutant.Bytes, at);
                mutant.Replace(from, count, []);
                break;
            case 5: // very often
                var part = mutant.Bytes.Slice(at, Math.Min(random.Next(1, 8), mutant.Length - at)).ToArray();
                mutant.Replace(at, 0, [.. Enumerable.Repeat(part, random.Next(2, 300)).SelectMany(p => p)]);
                break;
            default:
                if (Other.Length > 0)
                {
                    var (line, size) = Line(Other, random.Next(Other.Length));
                    mutant.Replace(at, 0, Other.AsSpan(line, size));
                }

                break;
        }
    }

    private static (int Start, int Length) Line(ReadOnlySpan<byte> text, int at)
    {
        var start = text[..at].LastIndexOf((byte)'\n') + 1;
        var end = text[at..].IndexOf((byte)'\n');
        return (start, (end < 0 ? text.Length : at + end + 1) - start);
    }
}
