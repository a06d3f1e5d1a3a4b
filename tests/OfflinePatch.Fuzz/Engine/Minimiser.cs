namespace OfflinePatch.Fuzz.Engine;

/// <summary>Makes an input smaller while the same fault stays: cuts the end, takes parts out, sets the rest to zero.</summary>
internal static class Minimiser
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(10);

    public static byte[] Minimise(FuzzTarget target, byte[] input, string key)
    {
        if (key is "slow" or "memory")
        {
            return input;
        }

        var until = DateTime.UtcNow + Budget;
        bool Fails(byte[] candidate) => Verdict.Of(target, new FuzzInput(candidate, candidate.Length))?.Key == key;
        for (var step = input.Length / 2; step > 0 && DateTime.UtcNow < until; step /= 2)
        {
            while (input.Length > step && DateTime.UtcNow < until && input[..^step] is var shorter && Fails(shorter))
            {
                input = shorter;
            }
        }

        for (var size = Math.Max(1, input.Length / 2); size > 0; size /= 2)
        {
            for (var at = 0; at + size <= input.Length && DateTime.UtcNow < until;)
            {
                byte[] without = [.. input[..at], .. input[(at + size)..]];
                if (target.IsText && Fails(without))
                {
                    input = without;
                    continue;
                }

                if (input.AsSpan(at, size).ContainsAnyExcept((byte)0))
                {
                    var zeroed = (byte[])input.Clone();
                    zeroed.AsSpan(at, size).Clear();
                    input = Fails(zeroed) ? zeroed : input;
                }

                at += size;
            }
        }

        return input;
    }
}
