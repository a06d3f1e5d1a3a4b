using OfflinePatch.Core.Hosting;

namespace OfflinePatch.Core.Tests.Transactions;

/// <summary>
/// The host fails every single operation and every single read of a change and of an undo, once or from then on, with each kind of error.
/// What is left is the old state or the new one, or can be rolled back as soon as the host works again; and the way back to the original
/// bytes is never lost.
/// </summary>
[Trait("tier", "crash")]
public sealed class TransactionFaultTests(Xunit.Abstractions.ITestOutputHelper output) : IDisposable
{
    private const string Image = "/images/disk.vmdk";
    private const string Extent = "/images/disk-s001.vmdk";
    private const int Once = 1;
    private const int ForEver = int.MaxValue;
    private static int _points;

    // What the host layer gives, and what reaches the engine from a fault of that layer itself.
    private static readonly Func<Exception>[] Failures =
    [
        () => new HostIOException("CORE-0018", "no space left on the device"),
        () => new HostIOException("CORE-0010", "no such file", isMissing: true),
        () => new IOException("input/output error"),
        () => new UnauthorizedAccessException("operation not permitted"),
        () => new ArgumentOutOfRangeException("file too large"),
        () => new OperationCanceledException("operation cancelled"),
        () => new NotSupportedException("illegal seek"),
        () => new InvalidOperationException("a fault of this program"),
    ];

    public static TheoryData<string?, int> Disks => new() { { null, Once }, { null, ForEver }, { "/undo", Once }, { "/undo", ForEver } };

    public void Dispose() => output.WriteLine($"{_points} faults so far");

    [Theory]
    [MemberData(nameof(Disks))]
    public void A_change_that_fails_at_any_operation_is_taken_back(string? undoFolder, int times)
    {
        var (probe, states) = WithHistory(undoFolder);
        var start = probe.Operations;
        Change(probe, undoFolder, round: 9);
        var newState = State(probe);
        var operations = probe.Operations - start;
        Assert.InRange(operations, 20, 1000);
        for (var at = 0; at < operations; at++)
        {
            var (storage, _) = WithHistory(undoFolder);
            storage.FailAt = storage.Operations + at;
            storage.FailCount = times;
            var error = Record.Exception(() => Change(storage, undoFolder, round: 9));
            var when = $"operation {at}, {times} times: {error}";
            Assert.True(error is null or HostIOException, when);
            if (times == Once)
            {
                Assert.True(State(storage) == (error is null ? newState : states[^1]), when);
            }

            Assert.True(State(storage) == newState || State(storage) == states[^1] || ((HostIOException)error!).Code == "CORE-0021",
                $"half, and not said, {when}");
            AssertWayBack(storage, undoFolder, when, error is null ? [newState] : [states[^1], newState], states[0]);
        }
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("/undo", true)]
    [InlineData("/undo", false)]
    public void An_undo_needs_no_room_beside_the_image(string? undoFolder, bool all)
    {
        var (storage, states) = WithHistory(undoFolder);
        storage.FullFolder = "/images";
        var error = Record.Exception(() => Change(storage, undoFolder, round: 9));
        Assert.IsType<HostIOException>(error);
        Undo(storage, undoFolder, all);
        Assert.Equal(all ? states[0] : states[^2], State(storage));
        Assert.DoesNotContain(storage.Names, n => n.Contains("elsewhere", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("/undo")]
    public void Whatever_an_operation_throws_the_change_is_taken_back(string? undoFolder)
    {
        var (probe, states) = WithHistory(undoFolder);
        var start = probe.Operations;
        Change(probe, undoFolder, round: 9);
        var newState = State(probe);
        foreach (var failure in Failures)
        {
            for (var at = start; at < probe.Operations; at++)
            {
                var (storage, _) = WithHistory(undoFolder);
                storage.FailAt = at;
                storage.Failure = failure;
                var error = Record.Exception(() => Change(storage, undoFolder, round: 9));
                var when = $"operation {at - start}, {failure()}: {error}";
                storage.FailAt = -1;
                AssertWayBack(storage, undoFolder, when, error is null ? [newState] : [states[^1], newState], states[0]);
            }
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("/undo")]
    public void A_read_that_fails_during_a_change_leaves_the_old_state(string? undoFolder)
    {
        var (probe, states) = WithHistory(undoFolder);
        var start = probe.Reads;
        Change(probe, undoFolder, round: 9);
        var newState = State(probe);
        Assert.InRange(probe.Reads - start, 10, 10_000);
        for (var at = start; at < probe.Reads; at++)
        {
            var (storage, _) = WithHistory(undoFolder);
            storage.FailReadAt = at;
            var error = Record.Exception(() => Change(storage, undoFolder, round: 9));
            var when = $"read {at - start}: {error}";
            Assert.True(error is null or HostIOException, when);
            Assert.True(State(storage) == (error is null ? newState : states[^1]), when);
            AssertWayBack(storage, undoFolder, when, [State(storage)], states[0]);
        }
    }

    [Theory]
    [MemberData(nameof(Disks))]
    public void An_undo_that_fails_at_any_operation_or_read_can_be_repeated(string? undoFolder, int times)
    {
        foreach (var all in (bool[])[false, true])
        {
            var (probe, states) = WithHistory(undoFolder);
            var (operations, reads) = (probe.Operations, probe.Reads);
            Undo(probe, undoFolder, all);
            foreach (var (at, isRead) in Enumerable.Range(operations, probe.Operations - operations).Select(n => (n, false))
                .Concat(Enumerable.Range(reads, probe.Reads - reads).Select(n => (n, true))))
            {
                var (storage, _) = WithHistory(undoFolder);
                storage.FailAt = isRead ? -1 : at;
                storage.FailReadAt = isRead ? at : -1;
                storage.FailCount = times;
                var error = Record.Exception(() => Undo(storage, undoFolder, all));
                var when = $"undo all={all}, {(isRead ? "read" : "operation")} {at}, {times} times: {error}";
                Assert.True(error is null or HostIOException, when);
                Assert.True(states.Contains(State(storage)) || ((HostIOException)error!).Code == "CORE-0049",
                    $"half, and not said, {when}");
                storage.FailAt = storage.FailReadAt = -1;
                var notes = new List<string>();
                _ = ImageHistory.List(storage, Image, undoFolder, notes.Add);
                Assert.True(states.Contains(State(storage)) || notes.Count > 0, $"the list does not say it, {when}");
                AssertWayBack(storage, undoFolder, when, states, states[0]);
            }
        }
    }

    [Theory]
    [InlineData(Image, false)]
    [InlineData(Extent, false)]
    [InlineData(Image, true)]
    [InlineData(Extent, true)]
    public void A_file_that_another_program_wrote_meanwhile_is_not_written(string path, bool cuts)
    {
        foreach (var isUndone in (bool[])[false, true])
        {
            var storage = Start();
            if (isUndone)
            {
                Change(storage, null, round: 0);
            }

            using var transaction = ImageTransaction.Open(storage, Image, new TransactionOptions { Writable = true });
            var extent = transaction.OpenCompanion(Image, "disk-s001.vmdk", CompanionKind.Extent).Device;
            transaction.AllFilesNamed();
            transaction.Image.Write(10, "changed"u8);
            extent.Write(100, "changed"u8);
            storage.WriteFromElsewhere(path, content =>
            {
                if (cuts)
                {
                    content.RemoveRange(15_000, content.Count - 15_000);
                }
                else
                {
                    content[^1] ^= 1;
                }
            });
            var (theirs, names) = (State(storage), storage.Names.Order(StringComparer.Ordinal).ToList());
            Assert.Equal("CORE-0043", Assert.Throws<RefusedException>(() => transaction.Commit()).Code);
            Assert.Equal(theirs, State(storage));
            Assert.Equal(names, storage.Names.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void A_file_that_another_program_writes_while_the_undo_file_is_made_is_not_written()
    {
        static void Theirs(CrashStorage storage) => storage.WriteFromElsewhere(Extent, content => content[60_000] ^= 1);
        var probe = Start();
        Theirs(probe);
        var original = State(probe);
        Change(probe, null, round: 0);
        var newState = State(probe);
        var operations = probe.Operations;
        var refused = new List<int>();
        for (var at = 0; at < operations; at++)
        {
            var storage = Start();
            storage.Before = operation =>
            {
                if (operation == at)
                {
                    storage.Before = null;
                    Theirs(storage);
                }
            };
            var error = Record.Exception(() => Change(storage, null, round: 0));
            Assert.True(error is null or RefusedException { Code: "CORE-0043" }, $"operation {at}: {error}");
            Assert.True(State(storage) == (error is null ? newState : original), $"operation {at}: {error}");
            if (error is not null)
            {
                refused.Add(at);
                Assert.Equal([Image, Extent], storage.Names.Order(StringComparer.Ordinal).Reverse());
            }
        }

        // Up to the first write; what is written after that no program can keep apart from its own.
        Assert.Equal(Enumerable.Range(0, refused.Count), refused);
        Assert.InRange(refused.Count, 12, operations - 8);
    }

    /// <summary>
    /// The host works again: a reader sees an allowed state and writes nothing, recovery gives one, and the history leads to the original.
    /// </summary>
    private static void AssertWayBack(CrashStorage storage, string? undoFolder, string when, string[] allowed, string original)
    {
        Interlocked.Increment(ref _points);
        storage.FailAt = -1;
        storage.FailReadAt = -1;
        var (before, operations) = (State(storage), storage.Operations);
        using (var reader = ImageTransaction.Open(storage, Image, new TransactionOptions()))
        {
            NameFiles(reader);
            Assert.True(allowed.Contains(string.Concat(reader.Files.Select(f => Hash(ReadAll(f.Overlay))))), $"a reader, {when}");
        }

        Assert.Equal(operations, storage.Operations);
        Assert.Equal(before, State(storage));
        ImageHistory.Recover(storage, Image, new RecoverOptions { NameFiles = NameFiles });
        Assert.True(allowed.Contains(State(storage)), $"neither old nor new, {when}");
        if (State(storage) != original)
        {
            Undo(storage, undoFolder, all: true);
        }

        Assert.True(State(storage) == original, $"the original is lost, {when}");
    }

    private static byte[] ReadAll(BlockDevice device)
    {
        var content = new byte[device.Length];
        device.Read(0, content);
        return content;
    }

    private static readonly Action<IImageFiles> NameFiles = files => files.OpenCompanion(Image, "disk-s001.vmdk", CompanionKind.Extent);

    private static void Undo(CrashStorage storage, string? undoFolder, bool all) =>
        ImageHistory.Undo(storage, Image, new UndoOptions { UndoFolder = undoFolder, All = all, NameFiles = NameFiles });

    private static CrashStorage Start()
    {
        var random = new Random(7);
        var (image, extent) = (new byte[20_000], new byte[70_000]);
        random.NextBytes(image);
        random.NextBytes(extent);
        var storage = new CrashStorage();
        storage.Add(Image, image);
        storage.Add(Extent, extent);
        return storage;
    }

    private static (CrashStorage Storage, string[] States) WithHistory(string? undoFolder)
    {
        var storage = Start();
        var states = new List<string> { State(storage) };
        for (var i = 0; i < 2; i++)
        {
            Change(storage, undoFolder, i);
            states.Add(State(storage));
        }

        return (storage, [.. states]);
    }

    private static void Change(CrashStorage storage, string? undoFolder, int round)
    {
        using var transaction = ImageTransaction.Open(storage, Image, new TransactionOptions { Writable = true, UndoFolder = undoFolder });
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

    private static string State(CrashStorage storage) => Hash(storage.ContentOf(Image)) + Hash(storage.ContentOf(Extent));

    private static string Hash(byte[] content) => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(content));
}
