using OfflinePatch.Core;

namespace OfflinePatch.Disks.Conversion;

/// <summary>Reads a new image again and compares it with its source.</summary>
internal sealed class ConversionCheck(BlockDevice source, BlockDevice image, Action<long, long> report, CancellationToken cancellation)
{
    private const int ChunkSize = 1024 * 1024;

    private readonly byte[] _left = new byte[ChunkSize];
    private readonly byte[] _right = new byte[ChunkSize];
    private long _read;

    /// <summary>Compares every byte; what both report as a hole counts as equal.</summary>
    /// <exception cref="HostIOException"><c>CONV-0002</c>, <c>CONV-0003</c>: they differ.</exception>
    public void Run()
    {
        // Some formats round a disk up (ZVHD: to whole GiB); what is added must be zero.
        if (image.Length < source.Length)
        {
            throw ConversionError.LengthDiffers(source.Length, image.Length);
        }

        for (var offset = 0L; offset < source.Length;)
        {
            cancellation.ThrowIfCancellationRequested();
            var left = source.GetExtent(offset);
            var right = image.GetExtent(offset);
            var length = Math.Min(Math.Min(left.Length, right.Length), source.Length - offset);
            if (!(left.IsZero && right.IsZero))
            {
                length = Math.Min(length, ChunkSize);
                Compare(offset, (int)length);
            }

            offset += length;
            report(offset, _read);
        }

        for (var offset = source.Length; offset < image.Length;)
        {
            cancellation.ThrowIfCancellationRequested();
            var run = image.GetExtent(offset);
            var length = run.IsZero ? run.Length : Math.Min(run.Length, ChunkSize);
            if (!run.IsZero)
            {
                image.Read(offset, _right.AsSpan(0, (int)length));
                if (_right.AsSpan(0, (int)length).ContainsAnyExcept((byte)0))
                {
                    throw ConversionError.Differs(offset);
                }
            }

            offset += length;
        }
    }

    private void Compare(long offset, int length)
    {
        var other = Task.Run(() => image.Read(offset, _right.AsSpan(0, length)), CancellationToken.None);
        source.Read(offset, _left.AsSpan(0, length));
        other.GetAwaiter().GetResult();
        _read += length;
        var same = _left.AsSpan(0, length).CommonPrefixLength(_right.AsSpan(0, length));
        if (same < length)
        {
            throw ConversionError.Differs(offset + same);
        }
    }
}
