namespace OfflinePatch.Fuzz.Engine;

/// <summary>Where a seed holds something: its blocks of 64 bytes that are not all zero, and the first and last bytes of the file.</summary>
internal sealed class Places
{
    private const int Block = 64;

    private readonly List<int> _blocks = [];
    private readonly List<int> _starts = []; // first blocks of 512 bytes: structures begin there

    public Places(byte[] seed)
    {
        for (var at = 0; at < seed.Length; at += Block)
        {
            if (seed.AsSpan(at, Math.Min(Block, seed.Length - at)).ContainsAnyExcept((byte)0))
            {
                _blocks.Add(at);
                if (at % 512 == 0)
                {
                    _starts.Add(at);
                }
            }
        }
    }

    public int Pick(Random random, int length)
    {
        var at = random.Next(8) switch
        {
            0 => random.Next(Math.Min(length, 512)),
            1 => length - 1 - random.Next(Math.Min(length, 1024)),
            2 or 3 or 4 when _starts.Count > 0 => _starts[random.Next(_starts.Count)] + random.Next(Block),
            _ when _blocks.Count > 0 => _blocks[random.Next(_blocks.Count)] + random.Next(Block),
            _ => random.Next(length),
        };
        return Math.Min(at, length - 1);
    }
}
