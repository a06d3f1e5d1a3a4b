using OfflinePatch.Core;

namespace OfflinePatch.FileSystems.Tests;

/// <summary>Reads whole trees, and holds readers to the exceptions that a caller may see.</summary>
internal static class TreeWalk
{
    /// <summary>Every file by path (separated by /) with its content; directories end with / and have null.</summary>
    public static SortedDictionary<string, byte[]?> ReadAll(IFileSystem tree, long limit = 1L << 30)
    {
        var all = new SortedDictionary<string, byte[]?>(StringComparer.Ordinal);
        var pending = new Stack<string>([""]);
        while (pending.TryPop(out var directory))
        {
            foreach (var entry in tree.Enumerate(directory))
            {
                var path = directory.Length == 0 ? entry.Name : directory + "/" + entry.Name;
                if (entry.IsDirectory)
                {
                    all.Add(path + "/", null);
                    pending.Push(path);
                    continue;
                }

                limit -= entry.Length;
                if (limit < 0 || all.Count > 20_000)
                {
                    return all;
                }

                all.Add(path, tree.ReadFile(path));
            }
        }

        return all;
    }

    /// <summary>The same, of a host directory, by plain host calls.</summary>
    public static SortedDictionary<string, byte[]?> ReadHost(string root)
    {
        var all = new SortedDictionary<string, byte[]?>(StringComparer.Ordinal);
        foreach (var item in Directory.EnumerateFileSystemEntries(root, "*", SearchOption.AllDirectories))
        {
            var path = Path.GetRelativePath(root, item).Replace('\\', '/');
            if (Directory.Exists(item))
            {
                all.Add(path + "/", null);
            }
            else
            {
                all.Add(path, File.ReadAllBytes(item));
            }
        }

        return all;
    }

    public static void AssertSame(SortedDictionary<string, byte[]?> expected, SortedDictionary<string, byte[]?> actual)
    {
        Assert.Equal(expected.Keys.ToArray(), actual.Keys.ToArray());
        foreach (var (path, content) in expected)
        {
            Assert.True(content is null ? actual[path] is null : content.AsSpan().SequenceEqual(actual[path]), path + " differs");
        }
    }

    /// <summary>Runs a reader on hostile bytes: whatever it throws must be one of the four exceptions.</summary>
    public static void Hostile(string what, Action read)
    {
        try
        {
            read();
        }
        catch (Exception e) when (e is CorruptImageException or UnsupportedImageException or RefusedException or IOException)
        {
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{what}: {e.GetType().Name} escaped", e);
        }
    }

    /// <summary>Opens mutations of a file and reads all of each.</summary>
    public static void Fuzz(byte[] seed, int cases, int randomSeed, Func<BlockDevice, IFileSystem> open, Func<Random,
        int>? choosePosition = null)
    {
        var random = new Random(randomSeed);
        for (var i = 0; i < cases; i++)
        {
            var bytes = (byte[])seed.Clone();
            for (var n = random.Next(1, 6); n > 0; n--)
            {
                var at = choosePosition is null ? random.Next(bytes.Length) : choosePosition(random);
                switch (random.Next(5))
                {
                    case 0:
                        bytes[at] ^= (byte)(1 << random.Next(8));
                        break;
                    case 1:
                        bytes[at] = (byte)random.Next(256);
                        break;
                    case 2:
                        bytes.AsSpan(at, Math.Min(4, bytes.Length - at)).Fill(0xFF);
                        break;
                    case 3:
                        bytes.AsSpan(at, Math.Min(8, bytes.Length - at)).Clear();
                        break;
                    default:
                        var from = random.Next(bytes.Length);
                        var count = Math.Min(random.Next(1, 64), Math.Min(bytes.Length - at, bytes.Length - from));
                        bytes.AsSpan(from, count).ToArray().CopyTo(bytes, at);
                        break;
                }
            }

            if (random.Next(8) == 0)
            {
                bytes = bytes[..random.Next(bytes.Length)];
            }

            Hostile($"case {i} of seed {randomSeed}", () =>
            {
                using var tree = open(new MemoryDevice(bytes));
                ReadAll(tree, 64L << 20);
            });
        }
    }
}
