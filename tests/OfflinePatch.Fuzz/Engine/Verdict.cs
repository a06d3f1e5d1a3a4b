namespace OfflinePatch.Fuzz.Engine;

/// <summary>Runs one case and judges it: success or a typed error, in bounded time of the processor, with bounded memory.</summary>
internal static class Verdict
{
    public const long MaximumAllocation = 256L * 1024 * 1024;
    public static readonly TimeSpan MaximumTime = TimeSpan.FromSeconds(2);

    /// <summary>What is wrong, with a key that is the same for the same fault; null: nothing.</summary>
    public static (string Key, string Text)? Of(FuzzTarget target, FuzzInput input)
    {
        var found = Once(target, input);
        for (var again = 0; again < 2 && found is { Key: "slow" }; again++)
        {
            found = Once(target, input); // what is compiled, or collected, meanwhile is no fault of the parser either
        }

        return found;
    }

    private static (string Key, string Text)? Once(FuzzTarget target, FuzzInput input)
    {
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var start = Environment.CpuUsage.TotalTime; // not the clock: other programs are no fault of the parser
        try
        {
            target.Run(input);
        }
        catch (Exception e) when (e is ICodedError or IOException)
        {
            // the answer that damage asks for; file systems say FileNotFoundException of a name that is not there
        }
        catch (Exception e)
        {
            var frames = (e.StackTrace ?? "").Split('\n').Select(f => f.Trim()).ToArray();
            var own = frames.FirstOrDefault(f => f.Contains("OfflinePatch.", StringComparison.Ordinal)
                && !f.Contains("Binary.LittleEndian", StringComparison.Ordinal)) ?? "";
            return ($"{e.GetType().Name} {own}", $"{e.GetType().Name}: {e.Message}\n  {string.Join("\n  ", frames.Take(8))}");
        }

        var elapsed = Environment.CpuUsage.TotalTime - start;
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        return elapsed > MaximumTime ? ("slow", $"took {elapsed.TotalSeconds:F1} s")
            : allocated > MaximumAllocation ? ("memory", $"allocated {allocated >> 20} MiB")
            : null;
    }
}
