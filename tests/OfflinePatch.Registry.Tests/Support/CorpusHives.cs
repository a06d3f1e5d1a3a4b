using System.Buffers.Binary;
using System.Globalization;
using OfflinePatch.Registry.Logs;
using OfflinePatch.Testing;

namespace OfflinePatch.Registry.Tests.Support;

/// <summary>The hives of the corpus with their logs, and mutations of them.</summary>
internal static class CorpusHives
{
    private static readonly Dictionary<string, byte[]> Cache = new(StringComparer.Ordinal);

    /// <summary>Every hive of the corpus (logs left out), by its name below <c>hives</c>.</summary>
    public static IReadOnlyList<string> Names { get; } = Corpus.Root is null ? [] :
        [.. Directory.EnumerateFiles(Path.Combine(Corpus.Root, "hives"), "*.gz", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(Path.Combine(Corpus.Root, "hives"), f)[..^3].Replace('\\', '/'))
            .Where(n => !n.Contains(".LOG", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)];

    public static byte[] Read(string name) => Corpus.Read("hives/" + name);

    public static HiveLogs Logs(string name)
    {
        Corpus.Require();
        return new(ReadOrEmpty(name + ".LOG"), ReadOrEmpty(name + ".LOG1"), ReadOrEmpty(name + ".LOG2"));
    }

    /// <summary>
    /// A copy with bytes overwritten: <c>offset:hex,offset:hex</c>; the base block is signed again where a patch lies in it.
    /// </summary>
    public static byte[] Mutate(string name, string patches)
    {
        lock (Cache)
        {
            if (!Cache.TryGetValue(name, out var original))
            {
                Cache[name] = original = Read(name);
            }

            var bytes = (byte[])original.Clone();
            foreach (var patch in patches.Split(','))
            {
                var colon = patch.IndexOf(':', StringComparison.Ordinal);
                var offset = int.Parse(patch.AsSpan(0, colon), CultureInfo.InvariantCulture);
                Convert.FromHexString(patch.AsSpan(colon + 1)).CopyTo(bytes, offset);
                if (offset < 508)
                {
                    Sign(bytes);
                }
            }

            return bytes;
        }
    }

    /// <summary>Makes the checksum of a base block fit.</summary>
    public static void Sign(Span<byte> block)
    {
        var sum = 0u;
        for (var i = 0; i < 508; i += 4)
        {
            sum ^= BinaryPrimitives.ReadUInt32LittleEndian(block[i..]);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(block[508..], sum switch { 0 => 1, 0xFFFFFFFF => 0xFFFFFFFE, _ => sum });
    }

    /// <summary>Makes the two hashes of a log entry fit.</summary>
    public static void SignEntry(Span<byte> log)
    {
        var size = BinaryPrimitives.ReadInt32LittleEndian(log[4..]);
        if (size >= 512 && size <= log.Length)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(log[0x18..], Registry.Logs.Marvin32.Hash(log[0x28..size]));
            BinaryPrimitives.WriteUInt64LittleEndian(log[0x20..], Registry.Logs.Marvin32.Hash(log[..0x20]));
        }
    }

    private static ReadOnlyMemory<byte> ReadOrEmpty(string name) => Corpus.Has("hives/" + name) ? Read(name) : default;
}
