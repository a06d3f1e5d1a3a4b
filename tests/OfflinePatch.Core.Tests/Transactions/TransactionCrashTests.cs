namespace OfflinePatch.Core.Tests.Transactions;

/// <summary>The machine dies, or the disk is full, at every single operation of a commit.</summary>
[Trait("tier", "crash")]
public sealed class TransactionCrashTests(Xunit.Abstractions.ITestOutputHelper output) : IDisposable
{
    private const string Image = "/images/disk.vmdk";
    private const string Extent = "/images/disk-s001.vmdk";
    private static readonly int Seeds = int.TryParse(Environment.GetEnvironmentVariable("OFFLINEPATCH_CRASH_SEEDS"), out var seeds) ? seeds
        : 12;
    private static int _points;

    private static readonly TransactionOptions Writable = new() { Writable = true };

    public void Dispose() => output.WriteLine($"{_points} losses of power so far, each with a reader, a recovery and a writer after it");

    [Theory]
    [InlineData(null, true)]
    [InlineData(null, false)]
    [InlineData("/undo", true)]
    [InlineData("/undo", false)]
    public void A_machine_that_dies_at_any_operation_leaves_all_old_or_all_new(string? undoFolder, bool keep)
    {
        var options = Writable with { UndoFolder = undoFolder, KeepUndo = keep };
        var (oldState, newState, operations) = WithoutCrash(options);
        for (var crashAt = 0; crashAt < operations; crashAt++)
        {
            for (var seed = 0; seed < 2 * Seeds; seed++)
            {
                var storage = Start();
                storage.CrashAt = crashAt;
                Die(storage, () => Commit(storage, options));
                AssertRecovers(storage, seed, undoFolder: null, $"crash at operation {crashAt}, seed {seed}", oldState, newState);
            }
        }
    }

    [Fact]
    public void A_disk_that_fails_at_any_operation_leaves_the_old_image_or_a_change_that_is_rolled_back()
    {
        var (oldState, newState, operations) = WithoutCrash(Writable);
        for (var failAt = 0; failAt < operations; failAt++)
        {
            var storage = Start();
            storage.FailAt = failAt;
            var error = Record.Exception(() => Commit(storage, Writable));
            storage.FailAt = -1;
            ImageHistory.Recover(storage, Image, new RecoverOptions { NameFiles = NameFiles });

            // Once the change is complete, a pointer that cannot be deleted is no failure.
            Assert.True(error is HostIOException ? State(storage) == oldState : error is null && State(storage) == newState,
                $"operation {failAt}: {error}");
        }
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData(null, true)]
    [InlineData("/undo", false)]
    [InlineData("/undo", true)]
    public void An_undo_that_dies_at_any_operation_ends_at_old_bytes_of_a_step(string? undoFolder, bool all)
    {
        var options = Writable with { UndoFolder = undoFolder };
        var (states, operations) = History(options, s => Undo(s, undoFolder, all));
        for (var crashAt = 0; crashAt < operations; crashAt++)
        {
            for (var seed = 0; seed < Seeds; seed++)
            {
                var (storage, _) = WithHistory(options);
                storage.CrashAt = storage.Operations + crashAt;
                Die(storage, () => Undo(storage, undoFolder, all));
                var survivor =
                    AssertRecovers(storage, seed, undoFolder: null, $"undo that died at operation {crashAt}, seed {seed}", states);

                // The rest of the history is still there.
                if (State(survivor) != states[0])
                {
                    Undo(survivor, undoFolder, all: true);
                    Assert.Equal(states[0], State(survivor));
                }
            }
        }
    }

    [Fact]
    public void Forgetting_that_dies_leaves_a_history_that_can_still_be_undone_in_order()
    {
        var (states, operations) = History(Writable, s => ImageHistory.Forget(s, Image, null));
        for (var crashAt = 0; crashAt < operations; crashAt++)
        {
            var (storage, _) = WithHistory(Writable);
            storage.CrashAt = storage.Operations + crashAt;
            Die(storage, () => ImageHistory.Forget(storage, Image, null));
            var survivor = storage.Reboot(new Random(crashAt));
            Assert.Equal(states[^1], State(survivor));
            for (var left = ImageHistory.List(survivor, Image, null).Count; left > 0; left--)
            {
                Undo(survivor, null, all: false);
            }

            Assert.Contains(State(survivor), states);
        }
    }

    /// <summary>
    /// A reader writes nothing, whatever it finds; then recovery, which may die too, and after it the state is one of those that are
    /// allowed.
    /// </summary>
    private static CrashStorage AssertRecovers(CrashStorage dead, int seed, string? undoFolder, string when, params string[] allowed)
    {
        Interlocked.Increment(ref _points);
        var survivor = dead.Reboot(new Random(seed));
        var before = State(survivor);
        using (var reader = ImageTransaction.Open(survivor, Image, new TransactionOptions { UndoFolder = undoFolder }))
        {
            NameFiles(reader);
            reader.AllFilesNamed();
            Assert.Contains(Seen(reader), allowed);
        }

        Assert.Equal(0, survivor.Operations);
        Assert.Equal(before, State(survivor));
        if (seed % 3 == 0)
        {
            survivor.CrashAt = seed;
            try
            {
                Recover(survivor, undoFolder);
            }
            catch (Exception) when (survivor.IsDead)
            {
                survivor = survivor.Reboot(new Random(seed + 1000));
            }

            survivor.CrashAt = -1;
        }

        Recover(survivor, undoFolder);
        var state = State(survivor);
        Assert.True(allowed.Contains(state), $"{when}: neither old nor new");
        using (var writer = ImageTransaction.Open(survivor, Image, Writable with { UndoFolder = undoFolder }))
        {
            NameFiles(writer);
            writer.AllFilesNamed();
            Assert.False(writer.RolledBack);
        }

        Assert.Equal(state, State(survivor));
        return survivor;
    }

    private static void Recover(CrashStorage storage, string? undoFolder) =>
        ImageHistory.Recover(storage, Image, new RecoverOptions { UndoFolder = undoFolder, NameFiles = NameFiles });

    private static void Undo(CrashStorage storage, string? undoFolder, bool all) =>
        ImageHistory.Undo(storage, Image, new UndoOptions { UndoFolder = undoFolder, All = all, NameFiles = NameFiles });

    private static readonly Action<IImageFiles> NameFiles = files => files.OpenCompanion(Image, "disk-s001.vmdk", CompanionKind.Extent);

    private static void Die(CrashStorage storage, Action action)
    {
        Assert.NotNull(Record.Exception(action));
        Assert.True(storage.IsDead);
    }

    private static (string[] States, int Operations) History(TransactionOptions options, Action<CrashStorage> action)
    {
        var (storage, states) = WithHistory(options);
        var start = storage.Operations;
        action(storage);
        return (states, storage.Operations - start);
    }

    /// <summary>Three changes.</summary>
    private static (CrashStorage Storage, string[] States) WithHistory(TransactionOptions options)
    {
        var storage = Start();
        var states = new List<string> { State(storage) };
        for (var i = 0; i < 3; i++)
        {
            Commit(storage, options, i);
            states.Add(State(storage));
        }

        return (storage, [.. states]);
    }

    private static string Seen(ImageTransaction transaction) => string.Concat(transaction.Files.Select(f =>
    {
        var content = new byte[f.Overlay.Length];
        f.Overlay.Read(0, content);
        return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(content));
    }));

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

    private static void Commit(CrashStorage storage, TransactionOptions options, int round = 0)
    {
        using var transaction = ImageTransaction.Open(storage, Image, options);
        var extent = transaction.OpenCompanion(Image, "disk-s001.vmdk", CompanionKind.Extent).Device;
        transaction.AllFilesNamed();
        transaction.Image.Read(4096, new byte[100]);
        transaction.Image.Write(10, [(byte)round, .. "changed"u8]);
        transaction.Image.SetLength(30_000 + (round * 1000));
        transaction.Image.Write(28_000, "grown"u8);
        extent.Write(65_536 + round, new byte[2000 - round]);
        extent.SetLength(69_000 - round);
        transaction.Commit();
    }

    private static string State(CrashStorage storage) =>
        Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(storage.ContentOf(Image)))
        + Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(storage.ContentOf(Extent)));
}
