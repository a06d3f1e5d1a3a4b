using System.Buffers.Binary;
using System.Text;

namespace OfflinePatch.Ntfs.Tests.Compression;

/// <summary>
/// Plain content with words, noise and x86 calls, made by a rule: the golden chunks were compressed from it by wimlib 1.13.5.
/// </summary>
internal static class SampleText
{
    private static readonly string[] Words =
        "boot disk volume registry driver service network storage partition cluster record index stream control set windows".Split(' ');

    public static byte[] Make(int length, uint seed)
    {
        var text = new List<byte>(length + 16);
        var state = seed;
        Span<byte> call = stackalloc byte[5];
        while (text.Count < length)
        {
            state = unchecked((state * 1103515245) + 12345) & 0x7FFFFFFF;
            var r = state >> 16;
            if (r % 7 == 0)
            {
                call[0] = 0xE8;
                BinaryPrimitives.WriteUInt32LittleEndian(call[1..], r * 37 % 5000000);
                text.AddRange(call);
            }
            else if (r % 11 == 0)
            {
                text.AddRange(unchecked([(byte)r, (byte)(r >> 3), (byte)(r >> 5)]));
            }
            else
            {
                text.AddRange(Encoding.ASCII.GetBytes(Words[r % 16] + " "));
            }
        }

        return text.GetRange(0, length).ToArray();
    }

    public static byte[] Golden(string name)
    {
        using var stream = typeof(SampleText).Assembly.GetManifestResourceStream(name + ".bin")
            ?? throw new InvalidOperationException(name);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
