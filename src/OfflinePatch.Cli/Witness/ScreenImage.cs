using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.IO.Hashing;

namespace OfflinePatch.Cli.Witness;

/// <summary>A picture of a screen, as QEMU saves it (PPM, P6), and what is seen on it.</summary>
internal sealed class ScreenImage
{
    private const int MaxSide = 8192;
    private const int Tolerance = 10; // of each colour: a display driver may round
    private const double LeastBackground = 0.6;
    private const double LeastPage = 0.97;
    private const double LeastText = 0.002;

    // The colours of stop pages: Windows 10 and 11 (0,120,215), Windows 8 and 8.1 (16,113,170), before them (0,0,128) of a VGA and
    // (0,0,170) of a palette that was not set. Windows 11 24H2 and its black page are not among them: black is what most screens are.
    private static readonly (int R, int G, int B, string Name)[] StopPages =
    [
        (0, 120, 215, "Windows 10 or 11"), (16, 113, 170, "Windows 8 or 8.1"), (0, 0, 128, "Windows 7 or earlier"),
        (0, 0, 170, "Windows 7 or earlier"),
    ];

    private readonly byte[] _pixels; // red, green, blue

    private ScreenImage(int width, int height, byte[] pixels)
    {
        Width = width;
        Height = height;
        _pixels = pixels;
    }

    /// <summary>Pixels in a line.</summary>
    public int Width { get; }

    /// <summary>Lines.</summary>
    public int Height { get; }

    /// <summary>Reads a picture; null where it is none.</summary>
    public static ScreenImage? TryRead(ReadOnlySpan<byte> file)
    {
        var at = 0;
        if (Word(file, ref at) != "P6" || !TrySide(Word(file, ref at), out var width) || !TrySide(Word(file, ref at), out var height)
            || Word(file, ref at) != "255" || file.Length - at < width * height * 3)
        {
            return null;
        }

        return new ScreenImage(width, height, file.Slice(at, width * height * 3).ToArray());
    }

    /// <summary>
    /// Whether the screen looks like a blue page of Windows: one of their colours nearly everywhere, and on it only white text with soft
    /// edges.
    /// </summary>
    /// <returns>The Windows that has this page, or null.</returns>
    public string? StopPage()
    {
        foreach (var (r, g, b, name) in StopPages)
        {
            long background = 0, text = 0, between = 0;
            for (var i = 0; i < _pixels.Length; i += 3)
            {
                int red = _pixels[i], green = _pixels[i + 1], blue = _pixels[i + 2];
                if (Math.Abs(red - r) <= Tolerance && Math.Abs(green - g) <= Tolerance && Math.Abs(blue - b) <= Tolerance)
                {
                    background++;
                }
                else if (red >= 200 && green >= 200 && blue >= 200)
                {
                    text++;
                }
                else if (IsBetween((red, green, blue), (r, g, b)))
                {
                    between++;
                }
            }

            var all = (double)Width * Height;
            if (background >= all * LeastBackground && text >= all * LeastText && background + text + between >= all * LeastPage)
            {
                return name;
            }
        }

        return null;
    }

    /// <summary>The picture as PNG. Source: W3C, Portable Network Graphics; filter 0, one IDAT chunk.</summary>
    public byte[] ToPng()
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            for (var row = 0; row < Height; row++)
            {
                zlib.WriteByte(0);
                zlib.Write(_pixels, row * Width * 3, Width * 3);
            }
        }

        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), Height);
        header[8] = 8; // bits
        header[9] = 2; // red, green, blue
        using var file = new MemoryStream();
        file.Write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        Chunk(file, "IHDR"u8, header);
        Chunk(file, "IDAT"u8, packed.ToArray());
        Chunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static void Chunk(MemoryStream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> content)
    {
        Span<byte> word = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(word, content.Length);
        file.Write(word);
        file.Write(type);
        file.Write(content);
        var sum = new Crc32();
        sum.Append(type);
        sum.Append(content);
        BinaryPrimitives.WriteUInt32BigEndian(word, sum.GetCurrentHashAsUInt32());
        file.Write(word);
    }

    // Soft edges of white text are mixtures of white and the background, in the same ratio for each colour.
    private static bool IsBetween((int R, int G, int B) pixel, (int R, int G, int B) background)
    {
        var share = (pixel.R - background.R) / (double)(255 - background.R);
        return share is > 0 and <= 1 && IsNear(pixel.G, background.G) && IsNear(pixel.B, background.B);

        bool IsNear(int value, int from) => Math.Abs(value - (from + (share * (255 - from)))) <= 2 * Tolerance;
    }

    private static bool TrySide(string word, out int side) =>
        int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out side) && side is > 0 and <= MaxSide;

    /// <summary>The next word of the header; one byte of white space ends it.</summary>
    private static string Word(ReadOnlySpan<byte> file, ref int at)
    {
        var start = at;
        while (at < file.Length && at - start < 16 && file[at] is not ((byte)' ' or (byte)'\n'))
        {
            at++;
        }

        return System.Text.Encoding.Latin1.GetString(file[start..Math.Min(at++, file.Length)]);
    }
}
