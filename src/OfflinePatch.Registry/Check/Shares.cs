namespace OfflinePatch.Registry.Check;

/// <summary>Work split into shares, done on all processors where there are enough shares.</summary>
internal static class Shares
{
    /// <summary>Does every share once, in any order; the first exception ends it.</summary>
    public static void ForEach(int count, Action<int> work)
    {
        if (count < 4 || Environment.ProcessorCount == 1)
        {
            for (var i = 0; i < count; i++)
            {
                work(i);
            }

            return;
        }

        var next = -1;
        void Drain()
        {
            for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
            {
                work(i);
            }
        }

        var helpers = Math.Min(Environment.ProcessorCount, count / 2) - 1;
        var tasks = new Task[helpers];
        for (var i = 0; i < helpers; i++)
        {
            tasks[i] = Task.Run(Drain);
        }

        Drain();
        foreach (var task in tasks)
        {
            task.GetAwaiter().GetResult();
        }
    }
}
