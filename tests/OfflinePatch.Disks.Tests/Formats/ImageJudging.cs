namespace OfflinePatch.Disks.Tests.Formats;

/// <summary>The course that every image in place goes through.</summary>
internal static class ImageJudging
{
    /// <summary>Reads an image, without any write; changes it at random; reads it again, and has QEMU compare it.</summary>
    public static void ReadWriteCompare(string path, string qemuFormat, ImageFormat format, DiskModel model, bool canCheck, int writes = 60)
    {
        using (var files = new HostFiles(path, canWrite: false))
        using (var image = DiskFormats.Open(files))
        {
            Assert.Equal(format, image.Format);
            model.AssertSame(image);
        }

        using (var files = new HostFiles(path))
        using (var image = DiskFormats.Open(files))
        {
            model.Write(image, writes);
            model.AssertSame(image);
            image.Flush();
        }

        using (var files = new HostFiles(path, canWrite: false))
        using (var image = DiskFormats.Open(files))
        {
            model.AssertSame(image);
        }

        if (canCheck)
        {
            Qemu.Check(path, qemuFormat);
        }

        Qemu.Compare(path, qemuFormat, model.Content);
    }

    /// <summary>Opening and reading an image that must not be written.</summary>
    public static void ReadOnly(string path, byte[] content)
    {
        using var files = new HostFiles(path, canWrite: false);
        using var image = DiskFormats.Open(files);
        new DiskModel(content, 1).AssertSame(image);
    }
}
