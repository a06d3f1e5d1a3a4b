using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry;

/// <summary>
/// The text forms of value data. Reading tolerates what real hives hold: a missing terminator, garbage after it, an odd length.
/// Writing gives what Windows itself writes.
/// </summary>
public static class ValueText
{
    /// <summary>The UTF-16 text up to the first terminator, or the end.</summary>
    public static string Decode(ReadOnlySpan<byte> content)
    {
        var text = ToText(content);
        var end = text.IndexOf('\0', StringComparison.Ordinal);
        return end < 0 ? text : text[..end];
    }

    /// <summary>The texts of MULTI_SZ data up to the empty one, or the end.</summary>
    public static string[] DecodeMulti(ReadOnlySpan<byte> content)
    {
        var text = ToText(content);
        var texts = new List<string>();
        var start = 0;
        while (start < text.Length)
        {
            var end = text.IndexOf('\0', start);
            end = end < 0 ? text.Length : end;
            if (end == start)
            {
                break;
            }

            texts.Add(text[start..end]);
            start = end + 1;
        }

        return [.. texts];
    }

    /// <summary>UTF-16 with a terminator.</summary>
    public static byte[] Encode(string text)
    {
        var content = new byte[(text.Length + 1) * 2];
        ToBytes(text, content);
        return content;
    }

    /// <summary>Each text with a terminator, and one more at the end. An empty list is one terminator, as Windows writes it.</summary>
    public static byte[] EncodeMulti(IEnumerable<string> texts)
    {
        var joined = new StringBuilder();
        foreach (var text in texts)
        {
            joined.Append(text).Append('\0');
        }

        return Encode(joined.ToString());
    }

    private static string ToText(ReadOnlySpan<byte> content)
    {
        var even = content[..(content.Length & ~1)];
        if (BitConverter.IsLittleEndian)
        {
            return new string(MemoryMarshal.Cast<byte, char>(even));
        }

        return new Layout.StoredName(even, compressed: false).ToString();
    }

    private static void ToBytes(string text, Span<byte> content)
    {
        for (var i = 0; i < text.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(content[(i * 2)..], text[i]);
        }
    }
}
