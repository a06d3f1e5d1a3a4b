namespace OfflinePatch.Core.FileSystem;

/// <summary>Copies content and leaves out what is only zeros, so that the copy takes no more room than there is data.</summary>
public static class SparseCopy
{
    private const int BufferSize = 1024 * 1024;
    private const int BlockSize = 4096; // the unit in which host file systems keep holes

    /// <summary>Writes every block of a stream that holds anything but zeros. The caller sets the length of the copy.</summary>
    /// <param name="content">What is copied, from its start; it knows its length.</param>
    /// <param name="write">Gets an offset and the bytes there, ascending.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="EndOfStreamException">The content ends before its length.</exception>
    public static void Copy(Stream content, WriteBlock write, CancellationToken cancellation)
    {
        var length = content.Length;
        var buffer = new byte[BufferSize];
        for (long offset = 0; offset < length;)
        {
            cancellation.ThrowIfCancellationRequested();
            if (content is ISparseContent sparse && sparse.ZeroRun(offset) is > 0 and var zeros)
            {
                offset += zeros;
                continue;
            }

            if (content.CanSeek)
            {
                content.Position = offset;
            }

            var count = (int)Math.Min(BufferSize - (offset % BlockSize), length - offset);
            content.ReadExactly(buffer.AsSpan(0, count));
            WriteData(buffer.AsSpan(0, count), offset, write);
            offset += count;
        }
    }

    private static void WriteData(ReadOnlySpan<byte> bytes, long offset, WriteBlock write)
    {
        for (var start = 0; start < bytes.Length;)
        {
            var end = start;
            while (end < bytes.Length && bytes[end..Math.Min(end + BlockSize, bytes.Length)].ContainsAnyExcept((byte)0))
            {
                end = Math.Min(end + BlockSize, bytes.Length);
            }

            if (end > start)
            {
                write(offset + start, bytes[start..end]);
            }

            start = end + BlockSize; // that block was zeros
        }
    }
}

/// <summary>Writes bytes at an offset.</summary>
public delegate void WriteBlock(long offset, ReadOnlySpan<byte> bytes);
