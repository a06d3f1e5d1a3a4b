using System.IO.Compression;
using OfflinePatch.Core;
using Xunit;

namespace OfflinePatch.Testing;

/// <summary>
/// Real files made by Windows and others: <c>OFFLINEPATCH_CORPUS</c>, or <c>../shared/corpus</c> beside the project. Tests skip, aloud,
/// where it is absent.
/// </summary>
public static class Corpus
{
    /// <summary>The corpus folder, or null.</summary>
    public static string? Root { get; } = Locate();

    /// <summary>Skips the running test when there is no corpus, or no such file in it.</summary>
    public static void Require(string? name = null)
    {
        Skip.If(Root is null, "no corpus: set OFFLINEPATCH_CORPUS to its folder");
        Skip.If(name is not null && !File.Exists(PathOf(name)), $"the corpus has no {name}");
    }

    /// <summary>The unpacked bytes of a corpus file; <paramref name="name"/> is the manifest's, without <c>.gz</c>.</summary>
    public static byte[] Read(string name)
    {
        Require(name);
        using var packed = File.OpenRead(PathOf(name));
        using var unpacked = new GZipStream(packed, CompressionMode.Decompress);
        using var memory = new MemoryStream();
        unpacked.CopyTo(memory);
        return memory.ToArray();
    }

    /// <summary>Whether the corpus has this file.</summary>
    public static bool Has(string name) => Root is not null && File.Exists(PathOf(name));

    /// <summary>A large file as a sparse device in memory: pages of zeros take no room.</summary>
    public static MemoryDevice ReadSparse(string name)
    {
        Require(name);
        using var packed = File.OpenRead(PathOf(name));
        using var unpacked = new GZipStream(packed, CompressionMode.Decompress);
        var device = new MemoryDevice(0);
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = unpacked.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)) > 0)
        {
            var offset = device.Length;
            device.SetLength(offset + read);
            if (buffer.AsSpan(0, read).ContainsAnyExcept((byte)0))
            {
                device.Write(offset, buffer.AsSpan(0, read));
            }
        }

        return device;
    }

    /// <summary>Unpacks a file to a host path, leaving holes for zeros.</summary>
    public static void Unpack(string name, string path)
    {
        Require(name);
        using var packed = File.OpenRead(PathOf(name));
        using var unpacked = new GZipStream(packed, CompressionMode.Decompress);
        using var output = File.Create(path);
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = unpacked.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)) > 0)
        {
            if (buffer.AsSpan(0, read).ContainsAnyExcept((byte)0))
            {
                output.Write(buffer, 0, read);
            }
            else
            {
                output.Seek(read, SeekOrigin.Current);
            }
        }

        output.SetLength(output.Position);
    }

    /// <summary>The host path of the packed file.</summary>
    public static string PathOf(string name) => Path.Combine(Root ?? "", name + ".gz");

    private static string? Locate()
    {
        var configured = Environment.GetEnvironmentVariable("OFFLINEPATCH_CORPUS");
        if (!string.IsNullOrEmpty(configured))
        {
            return Directory.Exists(configured) ? configured : null;
        }

        var beside = Path.Combine(Repository.Root, "..", "shared", "corpus");
        return Directory.Exists(beside) ? Path.GetFullPath(beside) : null;
    }
}
