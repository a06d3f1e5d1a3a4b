namespace OfflinePatch.Core.Tests;

/// <summary>The machine dies, or the disk is full, at every single operation of a commit.</summary>
[Trait("tier", "crash")]
public sealed class TransactionCrashTests
{
    private const string Image = "/images/disk.vmdk";
    private const string Extent = "/images/disk-s001.vmdk";
    private static readonly TransactionOptions Writable = new() { Writable = true };

    [Theory]
    [InlineData(null, true)]
    [InlineData(null, false)]
    [InlineData("/undo", true)]
    public void A_machine_that_dies_at_any_operation_leaves_all_old_or_all_new(string? undoFolder, bool keep)
    {
        var options = Writable with { UndoFolder = undoFolder, KeepUndo = keep };
        var (oldState, newState, operations) = WithoutCrash(options);
        for (var crashAt = 0; crashAt < operations; crashAt++)
        {
            for (var seed = 0; seed < 12; seed++)
            {
                var storage = Start();
                storage.CrashAt = crashAt;
                Assert.Throws<SimulatedCrashException>(() => Commit(storage, options));
                var survivor = storage.Reboot(new Random(seed));

                // The machine may die again while it rolls back.
                survivor.CrashAt = seed % 3 == 0 ? seed : -1;
                try
                {
                    ImageTransaction.Open(survivor, Image, new TransactionOptions()).Dispose();
                }
                catch (SimulatedCrashException)
                {
                    survivor = survivor.Reboot(new Random(seed + 1000));
                    ImageTransaction.Open(survivor, Image, new TransactionOptions()).Dispose();
                }

                var state = State(survivor);
                Assert.True(state == oldState || state == newState, $"crash at operation {crashAt}, seed {seed}: neither old nor new");
            }
        }
    }

    [Fact]
    public void A_disk_that_fails_at_any_operation_leaves_the_old_image_or_the_way_back()
    {
        var (oldState, _, operations) = WithoutCrash(Writable);
        for (var failAt = 0; failAt < operations; failAt++)
        {
            var storage = Start();
            storage.FailAt = failAt;
            Assert.Throws<HostIOException>(() => Commit(storage, Writable));
            storage.FailAt = -1;
            ImageTransaction.Open(storage, Image, new TransactionOptions()).Dispose();
            Assert.Equal(oldState, State(storage));
        }
    }

    [Fact]
    public void Undo_that_dies_at_any_operation_ends_at_the_old_bytes()
    {
        var oldState = State(Start());
        for (var crashAt = 0; ; crashAt++)
        {
            var storage = Start();
            Commit(storage, Writable);
            var newState = State(storage);
            storage.CrashAt = storage.Operations + crashAt;
            try
            {
                new Undo.ImageUndo(storage, Image, null).Undo();
                Assert.Equal(oldState, State(storage));
                return;
            }
            catch (SimulatedCrashException)
            {
                var survivor = storage.Reboot(new Random(crashAt));
                ImageTransaction.Open(survivor, Image, new TransactionOptions()).Dispose();
                var state = State(survivor);
                Assert.True(state == oldState || state == newState, $"undo that died at operation {crashAt}: neither old nor new");
            }
        }
    }

    private static (string Old, string New, int Operations) WithoutCrash(TransactionOptions options)
    {
        var storage = Start();
        var oldState = State(storage);
        Commit(storage, options);
        return (oldState, State(storage), storage.Operations);
    }

    private static CrashStorage Start()
    {
        var random = new Random(7);
        var image = new byte[20_000];
        var extent = new byte[70_000];
        random.NextBytes(image);
        random.NextBytes(extent);
        var storage = new CrashStorage();
        storage.Add(Image, image);
        storage.Add(Extent, extent);
        return storage;
    }

    private static void Commit(CrashStorage storage, TransactionOptions options)
    {
        using var transaction = ImageTransaction.Open(storage, Image, options);
        var extent = transaction.OpenCompanion(Image, "disk-s001.vmdk", CompanionKind.Extent).Device;
        transaction.Image.Write(10, "changed"u8);
        transaction.Image.SetLength(30_000);
        transaction.Image.Write(28_000, "grown"u8);
        extent.Write(65_536, new byte[2000]);
        extent.SetLength(69_000);
        transaction.Commit();
    }

    private static string State(CrashStorage storage) =>
        Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(storage.ContentOf(Image)))
        + Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(storage.ContentOf(Extent)));
}
