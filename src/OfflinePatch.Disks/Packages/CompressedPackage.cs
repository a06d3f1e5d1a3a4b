using System.Buffers;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Packages;

/// <summary>
/// A file that was compressed as a whole (gzip, xz, Zstandard). None of them supports random access, so it is unpacked once into a
/// temporary file, holes kept. What it unpacks to must be an image or a package.
/// </summary>
internal abstract class CompressedPackage : ImagePackage
{
    /// <summary>What is unpacked at most: the largest disk of any format.</summary>
    protected const long MaxBytes = 64L * 1024 * 1024 * 1024 * 1024;

    private const int BufferBytes = 1024 * 1024;

    /// <summary>The name of the compression, for people and for the property <c>compressedWith</c>.</summary>
    protected abstract string Kind { get; }

    /// <summary>The first bytes of a file.</summary>
    protected abstract ReadOnlySpan<byte> Magic { get; }

    /// <summary>Unpacks the whole file. A missing end is an error, as damage is.</summary>
    /// <exception cref="CorruptImageException"><c>PKG-0001</c>.</exception>
    protected abstract void Unpack(IImageFiles files, TemporaryFileDevice output);

    /// <inheritdoc/>
    public override bool Probe(IImageFiles files) => ReadStart(files.Image, Magic.Length).AsSpan().SequenceEqual(Magic);

    /// <inheritdoc/>
    public override DiskImage Open(IImageFiles files, IFormatSet formats)
    {
        var content = new TemporaryFileDevice();
        try
        {
            Unpack(files, content);
            var inner = new PackageFiles(files, InnerName(files.ImagePath), new PackageMember(content));
            return formats.IsImage(inner)
                ? new PackageImage(formats.Open(inner), $"The image is compressed with {Kind}.", [new("compressedWith", Kind)], content)
                : throw PackageError.NoDisk(files.ImagePath, $"{Kind} file");
        }
        catch
        {
            content.Dispose();
            throw;
        }
    }

    /// <summary>Copies what a decoder gives, at most <paramref name="limit"/> bytes; returns how many.</summary>
    protected static long Copy(IImageFiles files, Stream decoder, TemporaryFileDevice output, Action<ReadOnlySpan<byte>>? observe = null,
        long limit = MaxBytes)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            var total = 0L;
            for (int count; (count = decoder.Read(buffer, 0, buffer.Length)) > 0; total += count)
            {
                if (total > limit - count || output.Length > MaxBytes - count)
                {
                    throw PackageError.TooLarge(files.ImagePath, limit);
                }

                observe?.Invoke(buffer.AsSpan(0, count));
                output.Append(buffer.AsSpan(0, count));
            }

            return total;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static string InnerName(string path)
    {
        var dot = path.LastIndexOf('.');
        return dot > path.LastIndexOfAny(['/', '\\']) + 1 ? path[..dot] : path;
    }
}
