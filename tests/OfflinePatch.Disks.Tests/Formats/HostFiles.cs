using OfflinePatch.Core;

namespace OfflinePatch.Disks.Tests.Formats;

/// <summary>A host file as a device, for images that other programs made or will judge.</summary>
internal sealed class HostDevice(string path, bool canWrite) : ResizableDevice
{
    private readonly FileStream _stream =
        new(path, FileMode.OpenOrCreate, canWrite ? FileAccess.ReadWrite : FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);

    public override long Length => _stream.Length;

    public override bool CanWrite => canWrite;

    public long Writes { get; private set; }

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        for (var done = 0; done < buffer.Length;)
        {
            done += RandomAccess.Read(_stream.SafeFileHandle, buffer[done..], offset + done);
        }
    }

    public override void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        Assert.True(canWrite, "a file that must not be written was written");
        CheckRange(offset, buffer.Length);
        Writes++;
        RandomAccess.Write(_stream.SafeFileHandle, buffer, offset);
    }

    public override void SetLength(long length)
    {
        Assert.True(canWrite, "a file that must not be written was written");
        Writes++;
        _stream.SetLength(length);
    }

    protected override void Dispose(bool disposing)
    {
        _stream.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>The files of an image in a folder: extents are written, parents are not.</summary>
internal sealed class HostFiles(string path, bool canWrite = true) : IImageFiles, IDisposable
{
    private readonly List<HostDevice> _companions = [];

    public HostDevice Device { get; } = new(path, canWrite);

    public string ImagePath => path;

    public ResizableDevice Image => Device;

    public bool AllowParents { get; init; } = true;

    public ImageFile OpenCompanion(string relativeTo, string name, CompanionKind kind)
    {
        if (kind == CompanionKind.Parent && !AllowParents)
        {
            throw new RefusedException("TEST-0001", "parents are not allowed");
        }

        var companion = Path.Combine(Path.GetDirectoryName(relativeTo)!, name);
        if (!File.Exists(companion))
        {
            throw new HostIOException("TEST-0002", $"there is no {companion}");
        }

        var device = new HostDevice(companion, canWrite && kind == CompanionKind.Extent);
        _companions.Add(device);
        return new ImageFile(companion, device);
    }

    public void Dispose()
    {
        Device.Dispose();
        _companions.ForEach(c => c.Dispose());
    }
}
