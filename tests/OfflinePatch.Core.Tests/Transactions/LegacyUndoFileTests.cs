using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using OfflinePatch.Testing;

namespace OfflinePatch.Core.Tests.Transactions;

/// <summary>
/// Undo files of version 2, laid out here by hand from their description: a complete one undoes, an interrupted one needs the user's word.
/// </summary>
[Trait("tier", "layout")]
public sealed class LegacyUndoFileTests : IDisposable
{
    private const int Offset = 8192;
    private readonly ScratchFolder _scratch = new();
    private readonly string _image;
    private readonly byte[] _old = new byte[40_960];
    private readonly byte[] _new;

    public LegacyUndoFileTests()
    {
        _image = _scratch["disk.raw"];
        new Random(4).NextBytes(_old);
        _new = [.. _old];
        new Random(5).NextBytes(_new.AsSpan(Offset, 4096));
        File.WriteAllBytes(_image, _new);
    }

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("disk.raw")]
    [InlineData("name-before-it-was-renamed.raw")]
    public void A_complete_change_is_undone(string name)
    {
        WriteUndoFile(name, state: 2);
        Assert.Equal(1, Assert.Single(ImageHistory.List(_image)).Number);
        ImageHistory.Undo(_image);
        Assert.Equal(_old, File.ReadAllBytes(_image));
        Assert.Equal(new DateTime(2021, 2, 3, 4, 5, 6, DateTimeKind.Utc), File.GetLastWriteTimeUtc(_image));
        Assert.Equal([_image], Directory.GetFiles(_scratch.Path));
    }

    [Fact]
    public void An_undo_that_dies_at_any_operation_and_inside_a_range_can_be_resumed()
    {
        const string Image = "/images/disk.raw";
        var undoFile = UndoFile("disk.raw", state: 2);
        var probe = Start();
        ImageHistory.Undo(probe, Image, new UndoOptions());
        Assert.InRange(probe.Operations, 10, 100);
        var stoppedInside = 0;
        for (var at = 0; at < probe.Operations; at++)
        {
            for (var seed = 0; seed < 20; seed++)
            {
                var storage = Start();
                storage.CrashAt = at;
                var death = Record.Exception(() => ImageHistory.Undo(storage, Image, new UndoOptions()));
                Assert.True((death is HostIOException ? death.InnerException : death) is SimulatedCrashException, $"{death}");
                var survivor = storage.Reboot(new Random(seed));
                var left = survivor.ContentOf(Image);
                stoppedInside += left.AsSpan().SequenceEqual(_old) || left.AsSpan().SequenceEqual(_new) ? 0 : 1;
                if (ImageHistory.Recover(survivor, Image, new RecoverOptions()) is null
                    && survivor.ContentOf(Image).AsSpan().SequenceEqual(_new))
                {
                    ImageHistory.Undo(survivor, Image, new UndoOptions { Force = true }); // power loss may take the time of the last write
                }

                Assert.Equal(_old, survivor.ContentOf(Image));
                using (ImageTransaction.Open(survivor, Image, new TransactionOptions { Writable = true }))
                {
                }

                Assert.Equal([Image], survivor.Names);
            }
        }

        Assert.InRange(stoppedInside, 20, int.MaxValue);

        CrashStorage Start()
        {
            var storage = new CrashStorage();
            storage.Add(Image, _new);
            storage.Add(Image + ".offlinepatch-undo", undoFile);
            return storage;
        }
    }

    [Fact]
    public void A_change_of_another_content_is_refused()
    {
        WriteUndoFile("disk.raw", state: 2);
        _new[Offset + 7] ^= 1;
        File.WriteAllBytes(_image, _new);
        Assert.Equal("CORE-0024", Assert.Throws<RefusedException>(() => ImageHistory.Undo(_image)).Code);
        _new[Offset + 7] ^= 1;
        _new[Offset - 1] ^= 1;
        File.WriteAllBytes(_image, _new);
        Assert.Equal("CORE-0024", Assert.Throws<RefusedException>(() => ImageHistory.Undo(_image)).Code);
    }

    [Fact]
    public void An_interrupted_change_is_never_applied_without_the_users_word()
    {
        WriteUndoFile("disk.raw", state: 1);
        foreach (var writable in new[] { false, true })
        {
            Assert.Equal("CORE-0027",
                Assert.Throws<RefusedException>(() => ImageTransaction.Open(_image, new TransactionOptions { Writable = writable })).Code);
        }

        Assert.Equal("CORE-0027", Assert.Throws<RefusedException>(() => ImageHistory.Recover(_image)).Code);
        Assert.Equal(_new, File.ReadAllBytes(_image));
        Assert.NotNull(ImageHistory.Recover(_image, new RecoverOptions { TrustedUndoFile = _image + ".offlinepatch-undo" }));
        Assert.Equal(_old, File.ReadAllBytes(_image));
    }

    [Fact]
    public void A_later_change_is_step_two()
    {
        WriteUndoFile("disk.raw", state: 2);
        using (var transaction = ImageTransaction.Open(_image, new TransactionOptions { Writable = true }))
        {
            transaction.Image.Write(20_000, "later"u8);
            Assert.Equal(_image + ".offlinepatch-undo.2", transaction.Commit().UndoFile);
        }

        Assert.Equal(2, ImageHistory.Undo(_image, new UndoOptions { All = true }).Count);
        Assert.Equal(_old, File.ReadAllBytes(_image));
    }

    private void WriteUndoFile(string name, uint state) => File.WriteAllBytes(_image + ".offlinepatch-undo", UndoFile(name, state));

    private byte[] UndoFile(string name, uint state)
    {
        var body = new List<byte>();
        body.AddRange(BitConverter.GetBytes(40_960L));
        body.AddRange(BitConverter.GetBytes(40_960L));
        body.AddRange(BitConverter.GetBytes(new DateTime(2021, 2, 3, 4, 5, 6, DateTimeKind.Utc).Ticks));
        body.AddRange(BitConverter.GetBytes(1));
        body.AddRange(BitConverter.GetBytes(name.Length));
        body.AddRange(Samples());
        body.AddRange(Encoding.UTF8.GetBytes(name));
        body.AddRange(BitConverter.GetBytes((long)Offset));
        body.AddRange(BitConverter.GetBytes(4096));
        body.AddRange(BitConverter.GetBytes(4096));
        body.AddRange(new byte[8]);
        body.AddRange(XxHash128.Hash(_new.AsSpan(Offset, 4096)));
        body.AddRange(_old.AsSpan(Offset, 4096).ToArray());
        var header = new byte[512];
        "OPUNDO\r\n"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(0x08), 2);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(0x0C), state);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(0x10), body.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(0x18), 1);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(0x20), DateTime.UnixEpoch.Ticks);
        XxHash128.Hash([.. body], header.AsSpan(0x28));
        XxHash128.Hash(header.AsSpan(0, 0x1E0), header.AsSpan(0x1E0));
        return [.. header, .. body];
    }

    /// <summary>10 blocks, one of them written: block 0 stands for the 16 that are spread, then the neighbours on both sides.</summary>
    private byte[] Samples()
    {
        var hash = new XxHash128();
        foreach (var block in new[] { 0, 1, 3 })
        {
            hash.Append(_old.AsSpan(block * 4096, 4096));
        }

        return hash.GetCurrentHash();
    }
}
