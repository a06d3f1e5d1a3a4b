namespace OfflinePatch.Core.Tests.Transactions;

/// <summary>What a transaction looks at, writes and leaves out: exact ranges, files and refusals, on a host in memory.</summary>
[Trait("tier", "unit")]
public sealed class TransactionEffectTests
{
    private const int Block = 4096;
    private const string Image = "/images/disk.vmdk";
    private const string Extent = "/images/disk-s001.vmdk";
    private static readonly TransactionOptions Writable = new() { Writable = true };

    [Fact]
    public void A_view_says_whether_it_was_written()
    {
        using var storage = new OverlayStorage();
        var below = new MemoryDevice(10 * Block);
        using var written = new OverlayDevice(below, storage);
        Assert.False(written.IsTouched);
        written.Write(5, [0]); // the byte that is there
        Assert.True(written.IsTouched);
        using var cut = new OverlayDevice(below, storage);
        cut.SetLength(Block);
        Assert.True(cut.IsTouched);
        cut.SetLength(10 * Block);
        Assert.True(cut.IsTouched);
        using var same = new OverlayDevice(below, storage);
        same.SetLength(10 * Block);
        Assert.False(same.IsTouched);
    }

    [Fact]
    public void Extents_end_where_the_next_kind_of_block_begins()
    {
        using var storage = new OverlayStorage();
        using var overlay = new OverlayDevice(new Solid(10 * Block), storage);
        overlay.Write(2 * Block, new byte[2 * Block]);
        overlay.Write(5 * Block, [1]);
        Assert.Equal((2 * Block, false), Of(0));
        Assert.Equal(((2 * Block) - 10, false), Of(10));
        Assert.Equal(((2 * Block) - 7, false), Of((2 * Block) + 7));
        Assert.Equal((Block, false), Of(4 * Block));
        Assert.Equal((Block - 1, false), Of((5 * Block) + 1));
        Assert.Equal((4 * Block, false), Of(6 * Block));

        // cut in the middle of a block, and grown again beyond the device below
        overlay.SetLength((8 * Block) + 100);
        Assert.Equal((100, false), Of(8 * Block));
        overlay.SetLength(12 * Block);
        Assert.Equal((2 * Block, false), Of(8 * Block)); // zeros that hide old bytes are written
        Assert.Equal((2 * Block, true), Of(10 * Block));
        Assert.Equal((1, true), Of((12 * Block) - 1));
        var tail = new byte[(4 * Block) - 100];
        overlay.Read((8 * Block) + 100, tail);
        Assert.DoesNotContain(tail, b => b != 0);

        (int Length, bool IsZero) Of(long offset)
        {
            var extent = overlay.GetExtent(offset);
            Assert.Equal(offset, extent.Offset);
            return ((int)extent.Length, extent.IsZero);
        }
    }

    [Fact]
    public void Only_what_shows_through_is_prefetched()
    {
        using var storage = new OverlayStorage();
        var below = new Solid(10 * Block);
        using var overlay = new OverlayDevice(below, storage);
        overlay.Prefetch(Block, 2 * Block);
        overlay.Prefetch(9 * Block, 5 * Block);
        overlay.SetLength(4 * Block);
        overlay.Prefetch(3 * Block, 5 * Block);
        overlay.Prefetch(5 * Block, Block);
        Assert.Equal([(Block, 2 * Block), (9 * Block, Block), (3 * Block, Block), (5 * Block, 0)], below.Prefetched);
    }

    [Fact]
    public void Changed_parts_are_told_in_the_unit_that_is_asked_for()
    {
        using var storage = new OverlayStorage();
        using var overlay = new OverlayDevice(new MemoryDevice(100 * Block), storage);
        foreach (var block in (int[])[40, 3, 4, 15, 16])
        {
            overlay.Write(block * Block, [1]);
        }

        Assert.Equal([3L * Block, 4L * Block, 15L * Block, 16L * Block, 40L * Block], overlay.ChangedUnits(Block));
        Assert.Equal([0, 16L * Block, 32L * Block], overlay.ChangedUnits(16 * Block));
        Assert.Throws<ArgumentOutOfRangeException>(() => overlay.ChangedUnits(1000));
    }

    [Fact]
    public void Only_blocks_that_differ_are_written_and_the_rest_is_not_touched()
    {
        var storage = Start(2_500_000);
        var old = storage.ContentOf(Image);
        using (var transaction = ImageTransaction.Open(storage, Image, Writable))
        {
            transaction.Image.Write(0, old.AsSpan(0, 5 * Block)); // what is there
            transaction.Image.Write(2 * Block, [(byte)(old[2 * Block] ^ 0xFF)]);
            transaction.Image.Write(100 * Block, new byte[400 * Block]); // more than one range holds
            Assert.Equal(401 * Block, transaction.Commit().BytesWritten);
        }

        var expected = (byte[])old.Clone();
        expected[2 * Block] = (byte)(old[2 * Block] ^ 0xFF);
        expected.AsSpan(100 * Block, 400 * Block).Clear();
        Assert.Equal(expected, storage.ContentOf(Image));
        ImageHistory.Undo(storage, Image, new UndoOptions());
        Assert.Equal(old, storage.ContentOf(Image));
    }

    [Fact]
    public void A_commit_that_is_cancelled_before_it_begins_leaves_all_as_it_was()
    {
        var storage = Start();
        var old = storage.ContentOf(Image);
        using var transaction = ImageTransaction.Open(storage, Image, Writable);
        transaction.Image.Write(0, [9, 9, 9]);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => transaction.Commit(cancelled.Token));
        Assert.Equal((0, 2), (storage.Operations, storage.Names.Count()));
        Assert.Equal(old, storage.ContentOf(Image));
        Assert.True(transaction.Commit().BytesWritten > 0);
    }

    [Fact]
    public void A_transaction_for_reading_commits_nothing()
    {
        var storage = Start();
        using var transaction = ImageTransaction.Open(storage, Image, new TransactionOptions());
        Assert.Throws<InvalidOperationException>(() => transaction.Commit());
        Assert.Equal(0, storage.Operations);
    }

    [Fact]
    public void A_part_that_is_named_twice_is_one_file_and_names_differ_by_case()
    {
        var storage = Start();
        storage.Add("/images/DISK-S001.vmdk", [1, 2, 3]);
        using var transaction = ImageTransaction.Open(storage, Image, Writable);
        var first = transaction.OpenCompanion(Image, "disk-s001.vmdk", CompanionKind.Extent);
        var again = transaction.OpenCompanion(Image, "disk-s001.vmdk", CompanionKind.Extent);
        var other = transaction.OpenCompanion(Image, "DISK-S001.vmdk", CompanionKind.Extent);
        Assert.Equal((Extent, Extent), (first.Path, again.Path));
        Assert.Same(first.Device, again.Device);
        Assert.Equal(3, other.Device.Length);
        Assert.Equal(3, transaction.Files.Count);
    }

    /// <summary>The history is that of the file that the user names, whichever part of the image changed.</summary>
    [Fact]
    public void A_change_of_a_part_alone_is_undone_by_the_name_of_the_image()
    {
        var storage = Start();
        var old = storage.ContentOf(Extent);
        using (var transaction = ImageTransaction.Open(storage, Image, Writable))
        {
            transaction.OpenCompanion(Image, "disk-s001.vmdk", CompanionKind.Extent).Device.Write(100, [7, 7, 7]);
            transaction.AllFilesNamed();
            transaction.Commit();
        }

        Assert.NotEqual(old, storage.ContentOf(Extent));
        var step = Assert.Single(ImageHistory.List(storage, Image, null));
        Assert.Equal([Extent], step.Files.Select(f => f.Path));
        var undone = ImageHistory.Undo(storage, Image, new UndoOptions { NameFiles = NameFiles });
        Assert.Equal([Extent], Assert.Single(undone).Files.Select(f => f.Path));
        Assert.Equal(old, storage.ContentOf(Extent));
        Assert.Empty(ImageHistory.List(storage, Image, null));
    }

    /// <summary>What a run prepared that was killed before it wrote is gone once the image is opened for writing again.</summary>
    [Fact]
    public void Nothing_of_a_commit_that_never_began_to_write_stays_in_the_folder()
    {
        var whole = Start();
        Commit(whole);
        for (var crashAt = 0; crashAt < whole.Operations; crashAt++)
        {
            var storage = Start();
            var old = storage.ContentOf(Image);
            storage.CrashAt = crashAt;
            Assert.NotNull(Record.Exception(() => Commit(storage)));
            var survivor = storage.Reboot(new Random(crashAt));
            ImageHistory.Recover(survivor, Image, new RecoverOptions());
            using (ImageTransaction.Open(survivor, Image, Writable))
            {
                // opening deletes what is left over
            }

            if (survivor.ContentOf(Image).AsSpan().SequenceEqual(old))
            {
                Assert.Equal([Extent, Image], survivor.Names.Where(n => n.StartsWith("/images/", StringComparison.Ordinal))
                    .Order(StringComparer.Ordinal));
            }
        }

        static void Commit(CrashStorage storage)
        {
            using var transaction = ImageTransaction.Open(storage, Image, Writable);
            transaction.Image.Write(10, [1, 2, 3]);
            transaction.Commit();
        }
    }

    /// <summary>What another program wrote into a changed range since is seen by sector, be it the old bytes.</summary>
    [Theory]
    [InlineData(0, false)]
    [InlineData(511, false)]
    [InlineData(5000, false)]
    [InlineData((8 * Block) - 1, false)]
    [InlineData(5000, true)]
    public void An_undo_refuses_a_range_in_which_one_sector_changed(int offset, bool toOld)
    {
        var storage = Start(60_000);
        var old = storage.ContentOf(Image);
        using (var transaction = ImageTransaction.Open(storage, Image, Writable))
        {
            transaction.Image.Write(Block, new byte[8 * Block]);
            transaction.Commit();
        }

        var sector = (Block + offset) / 512 * 512;
        storage.WriteFromElsewhere(Image, content =>
        {
            for (var at = sector; at < sector + 512; at++)
            {
                content[at] = toOld ? old[at] : at == Block + offset ? (byte)1 : (byte)0;
            }
        });
        var before = storage.ContentOf(Image);
        foreach (var force in (bool[])[false, true])
        {
            var error = Assert.Throws<RefusedException>(() => ImageHistory.Undo(storage, Image, new UndoOptions { Force = force }));
            Assert.Contains($"it holds something else at byte {sector}", error.Message, StringComparison.Ordinal);
            Assert.Equal(before, storage.ContentOf(Image));
        }
    }

    [Fact]
    public void A_range_of_several_blocks_that_was_written_in_part_is_taken_back()
    {
        var whole = Changed(Start(60_000));
        for (var crashAt = 0; crashAt < whole.Operations; crashAt++)
        {
            for (var seed = 0; seed < 6; seed++)
            {
                var storage = Start(60_000);
                var old = storage.ContentOf(Image);
                storage.CrashAt = crashAt;
                Assert.NotNull(Record.Exception(() => Changed(storage)));
                var survivor = storage.Reboot(new Random(seed));
                ImageHistory.Recover(survivor, Image, new RecoverOptions());
                var content = survivor.ContentOf(Image);
                Assert.True(content.AsSpan().SequenceEqual(old) || content.AsSpan().SequenceEqual(whole.ContentOf(Image)),
                    $"{crashAt} {seed}");
            }
        }

        static CrashStorage Changed(CrashStorage storage)
        {
            using var transaction = ImageTransaction.Open(storage, Image, Writable);
            var content = new byte[6 * Block];
            new Random(9).NextBytes(content);
            transaction.Image.Write(2 * Block, content);
            transaction.Commit();
            return storage;
        }
    }

    private static readonly Action<IImageFiles> NameFiles = files => files.OpenCompanion(Image, "disk-s001.vmdk", CompanionKind.Extent);

    private static CrashStorage Start(int length = 20_000)
    {
        var random = new Random(7);
        var (image, extent) = (new byte[length], new byte[70_000]);
        random.NextBytes(image);
        random.NextBytes(extent);
        var storage = new CrashStorage();
        storage.Add(Image, image);
        storage.Add(Extent, extent);
        return storage;
    }

    /// <summary>A device without holes that remembers what was prefetched.</summary>
    private sealed class Solid(long length) : BlockDevice
    {
        public List<(long Offset, long Length)> Prefetched { get; } = [];

        public override long Length => length;

        public override bool CanWrite => false;

        public override void Read(long offset, Span<byte> buffer) => buffer.Fill(0xAA);

        public override void Write(long offset, ReadOnlySpan<byte> buffer) => throw new NotSupportedException();

        public override void Prefetch(long offset, long length) => Prefetched.Add((offset, length));

        public override DeviceExtent GetExtent(long offset) => new(offset, length - offset, IsZero: false);
    }
}
