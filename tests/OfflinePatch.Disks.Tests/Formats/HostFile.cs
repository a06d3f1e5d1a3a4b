using OfflinePatch.Core;

namespace OfflinePatch.Disks.Tests.Formats;

/// <summary>Host files to and from memory, holes kept.</summary>
internal static class HostFile
{
    private const int Chunk = 64 * 1024;

    public static MemoryDevice Load(string path)
    {
        using var handle = File.OpenHandle(path);
        var device = new MemoryDevice(RandomAccess.GetLength(handle));
        var buffer = new byte[Chunk];
        for (var offset = 0L; offset < device.Length;)
        {
            var count = RandomAccess.Read(handle, buffer, offset);
            if (buffer.AsSpan(0, count).ContainsAnyExcept((byte)0))
            {
                device.Write(offset, buffer.AsSpan(0, count));
            }

            offset += count;
        }

        return device;
    }

    public static void Save(BlockDevice device, string path)
    {
        using var handle = File.OpenHandle(path, FileMode.Create, FileAccess.Write, preallocationSize: 0);
        RandomAccess.SetLength(handle, device.Length);
        var buffer = new byte[Chunk];
        for (var offset = 0L; offset < device.Length;)
        {
            var extent = device.GetExtent(offset);
            var end = offset + extent.Length;
            for (; !extent.IsZero && offset < end; offset += Chunk)
            {
                var count = (int)Math.Min(Chunk, end - offset);
                device.Read(offset, buffer.AsSpan(0, count));
                if (buffer.AsSpan(0, count).ContainsAnyExcept((byte)0))
                {
                    RandomAccess.Write(handle, buffer.AsSpan(0, count), offset);
                }
            }

            offset = end;
        }
    }
}
