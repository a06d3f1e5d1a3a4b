using System.Numerics;
using System.Runtime.InteropServices;
using SharpFuzz.Common;

namespace OfflinePatch.Fuzz.Engine;

/// <summary>
/// The trace table that assemblies instrumented by SharpFuzz fill, read in this process: 64 KiB of counters of edges, as AFL has it. In
/// assemblies that are not instrumented it stays empty, and the loop goes without guidance.
/// </summary>
internal sealed unsafe class EdgeMap : IDisposable
{
    private const int Size = 65536;

    private readonly byte* _trace = (byte*)NativeMemory.AllocZeroed(Size);
    private readonly byte[] _seen = new byte[Size];

    public EdgeMap() => Trace.SharedMem = _trace;

    /// <summary>Gives instrumented code a table to write to, before the first of it runs.</summary>
    public static void Prepare() => Trace.SharedMem = (byte*)NativeMemory.AllocZeroed(Size);

    /// <summary>Edges that were reached so far.</summary>
    public int Edges { get; private set; }

    public void Clear()
    {
        new Span<byte>(_trace, Size).Clear();
        Trace.PrevLocation = 0;
    }

    /// <summary>Whether the last case reached an edge that none did before, or one much more often (in classes of powers of two).</summary>
    public bool FindNew()
    {
        var isNew = false;
        var trace = new ReadOnlySpan<ulong>(_trace, Size / 8);
        for (var i = 0; i < trace.Length; i++)
        {
            if (trace[i] != 0)
            {
                for (var at = i * 8; at < (i * 8) + 8; at++)
                {
                    var kind = _trace[at] == 0 ? 0 : 1 << BitOperations.Log2(_trace[at]);
                    if ((kind & ~_seen[at]) != 0)
                    {
                        Edges += _seen[at] == 0 ? 1 : 0;
                        _seen[at] |= (byte)kind;
                        isNew = true;
                    }
                }
            }
        }

        return isNew;
    }

    // Threads of a parser may still count: a table is never freed.
    public void Dispose() => Prepare();
}
