using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;

namespace OfflinePatch.Disks.Tests.Formats;

/// <summary>The course that every image in place goes through.</summary>
internal static class ImageJudging
{
    /// <summary>Reads an image, without any write; changes it at random; reads it again, and has QEMU compare it.</summary>
    public static void ReadWriteCompare(string path, string qemuFormat, ImageFormat format, DiskModel model, bool canCheck, int writes = 40)
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

    /// <summary>
    /// The same course for an image of any size, beside a RAW twin that QEMU makes of it: holes are skipped on both sides.
    /// </summary>
    public static void BesideRaw(string path, string qemuFormat, ImageFormat format, bool canCheck, bool write = true)
    {
        var raw = path + ".twin";
        Qemu.Img("convert", "-f", qemuFormat, "-O", "raw", path, raw);
        using (var files = new HostFiles(path, canWrite: false))
        using (var image = DiskFormats.Open(files))
        using (var twin = HostFileDevice.Open(raw))
        {
            Assert.Equal(format, image.Format);
            AssertSame(image, twin);
        }

        if (write)
        {
            using (var files = new HostFiles(path))
            using (var image = DiskFormats.Open(files))
            using (var twin = new HostDevice(raw, canWrite: true))
            {
                var random = new Random(1);
                for (var i = 0; i < 60; i++)
                {
                    var bytes = new byte[random.Next(1, (int)Math.Min(150_000, image.Length))];
                    random.NextBytes(bytes);
                    var at = random.NextInt64(image.Length - bytes.Length);
                    image.Write(at, bytes);
                    twin.Write(at, bytes);
                }
            }

            using var after = new HostFiles(path, canWrite: false);
            using var changed = DiskFormats.Open(after);
            using var changedTwin = HostFileDevice.Open(raw);
            AssertSame(changed, changedTwin);
            if (canCheck)
            {
                Qemu.Check(path, qemuFormat);
            }

            Qemu.Img("compare", "-f", "raw", "-F", qemuFormat, raw, path);
        }

        File.Delete(raw);
    }

    private static void AssertSame(DiskImage image, BlockDevice twin)
    {
        Assert.Equal(twin.Length, image.Length);
        var left = new byte[1024 * 1024];
        var right = new byte[left.Length];
        for (long at = 0; at < image.Length;)
        {
            var ours = image.GetExtent(at);
            var theirs = twin.GetExtent(at);
            var length = Math.Min(ours.Length, theirs.Length);
            if (!ours.IsZero || !theirs.IsZero)
            {
                length = Math.Min(length, left.Length);
                image.Read(at, left.AsSpan(0, (int)length));
                twin.Read(at, right.AsSpan(0, (int)length));
                Assert.True(left.AsSpan(0, (int)length).SequenceEqual(right.AsSpan(0, (int)length)),
                    $"a difference in {length} bytes at {at}");
                Assert.False(ours.IsZero && right.AsSpan(0, (int)length).ContainsAnyExcept((byte)0));
            }

            at += length;
        }
    }

    /// <summary>Opening and reading an image that must not be written.</summary>
    public static void ReadOnly(string path, byte[] content)
    {
        using var files = new HostFiles(path, canWrite: false);
        using var image = DiskFormats.Open(files);
        new DiskModel(content, 1).AssertSame(image);
    }
}
