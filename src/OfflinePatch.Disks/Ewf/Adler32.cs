namespace OfflinePatch.Disks.Ewf;

/// <summary>The checksum of RFC 1950.</summary>
internal static class Adler32
{
    private const uint Modulus = 65521;
    private const int MaxBlock = 5552; // bytes before the sums could pass 32 bits

    /// <summary>The checksum of some bytes.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        uint a = 1;
        uint b = 0;
        while (bytes.Length > 0)
        {
            var block = bytes[..Math.Min(bytes.Length, MaxBlock)];
            foreach (var value in block)
            {
                a += value;
                b += a;
            }

            a %= Modulus;
            b %= Modulus;
            bytes = bytes[block.Length..];
        }

        return (b << 16) | a;
    }
}
