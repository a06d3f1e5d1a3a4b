namespace OfflinePatch.Core.Tests.Transactions;

[Trait("tier", "model")]
public sealed class OverlayDeviceTests
{
    [Theory]
    [InlineData(1, long.MaxValue)]
    [InlineData(2, 0)]
    [InlineData(3, 2 * 1024 * 1024)]
    public void Random_writes_and_lengths_equal_an_array(int seed, long memoryLimit)
    {
        var random = new Random(seed);
        var below = new byte[3_000_000];
        random.NextBytes(below);
        using var storage = new OverlayStorage(memoryLimit);
        using var overlay = new OverlayDevice(new MemoryDevice(below), storage);
        var model = below.ToList();
        for (var step = 0; step < 600; step++)
        {
            switch (random.Next(12))
            {
                case 0:
                    var length = random.Next(4_000_000);
                    overlay.SetLength(length);
                    if (length < model.Count)
                    {
                        model.RemoveRange(length, model.Count - length);
                    }
                    else
                    {
                        model.AddRange(new byte[length - model.Count]);
                    }

                    break;
                case < 8:
                    if (model.Count > 0)
                    {
                        var bytes = new byte[random.Next(random.Next(2) == 0 ? 100 : 40_000)];
                        random.NextBytes(bytes);
                        var at = random.Next(model.Count);
                        bytes = bytes[..Math.Min(bytes.Length, model.Count - at)];
                        overlay.Write(at, bytes);
                        for (var i = 0; i < bytes.Length; i++)
                        {
                            model[at + i] = bytes[i];
                        }
                    }

                    break;
                default:
                    if (model.Count > 0)
                    {
                        var at = random.Next(model.Count);
                        var read = new byte[Math.Min(random.Next(100_000), model.Count - at)];
                        overlay.Read(at, read);
                        Assert.Equal(model.GetRange(at, read.Length), read);
                        CheckExtent(overlay, model, at);
                    }

                    break;
            }

            Assert.Equal(model.Count, overlay.Length);
        }

        var all = new byte[model.Count];
        overlay.Read(0, all);
        Assert.Equal([.. model], all);
    }

    [Fact]
    public void A_range_outside_the_device_is_refused()
    {
        using var storage = new OverlayStorage();
        using var overlay = new OverlayDevice(new MemoryDevice(1000), storage);
        Assert.Equal("CORE-0001", Assert.ThrowsAny<CorruptImageException>(() => overlay.Read(999, new byte[2])).Code);
        Assert.Equal("CORE-0001", Assert.ThrowsAny<CorruptImageException>(() => overlay.Write(1000, new byte[1])).Code);
        Assert.Equal("CORE-0001", Assert.ThrowsAny<CorruptImageException>(() => overlay.Read(-1, new byte[1])).Code);
        Assert.Equal("CORE-0001", Assert.ThrowsAny<CorruptImageException>(() => overlay.Read(long.MaxValue, new byte[1])).Code);
    }

    private static void CheckExtent(OverlayDevice overlay, List<byte> model, int at)
    {
        var extent = overlay.GetExtent(at);
        Assert.Equal(at, extent.Offset);
        Assert.InRange(extent.Length, 1, model.Count - at);
        if (extent.IsZero)
        {
            Assert.All(model.GetRange(at, (int)extent.Length), b => Assert.Equal(0, b));
        }
    }
}
