using System.IO.Hashing;
using OfflinePatch.Testing;

namespace OfflinePatch.Core.Tests.Transactions;

/// <summary>
/// Undo files that somebody made up, damaged, or took from elsewhere: no command writes a byte outside the image that was named, and a
/// reader writes none.
/// </summary>
[Trait("tier", "fuzz")]
public sealed class HostileUndoFileTests : IDisposable
{
    private const int Cases = 300;
    private readonly Xunit.Abstractions.ITestOutputHelper _output;
    private readonly ScratchFolder _scratch = new();
    private readonly string _image;
    private readonly Dictionary<string, byte[]> _others = new(StringComparer.Ordinal);

    public HostileUndoFileTests(Xunit.Abstractions.ITestOutputHelper output)
    {
        _output = output;
        _image = _scratch["evil.raw"];
        var content = new byte[60_000];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(_image, content);
        foreach (var name in new[] { "bank.raw", "secret.txt", "evil-s001.raw" })
        {
            var other = new byte[60_000];
            new Random(name.Length).NextBytes(other);
            _others[_scratch[name]] = other;
        }
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void An_undo_file_of_a_terabyte_is_not_read_unless_the_user_says_so()
    {
        const long Length = 1L << 40;
        var undo = _image + ".offlinepatch-undo";
        using (var file = HostStorage.Instance.Create(undo, isPrivate: true))
        {
            StepHeader.Create(StepState.Complete, 1, 1, Length, new byte[StepLayout.HashSize], "fix", DateTime.UnixEpoch)
                .Write(file, secret: [1]);
            file.SetLength(StepLayout.Header.Size + Length);
        }

        var content = File.ReadAllBytes(_image);
        var step = Assert.Single(ImageHistory.List(_image));
        Assert.Empty(step.Files);
        Assert.Contains("another user or another host", step.WhyNotRead, StringComparison.Ordinal);
        Assert.Equal("CORE-0025", Assert.Throws<RefusedException>(() => ImageHistory.Undo(_image)).Code);
        Assert.NotNull(Assert.Single(ImageHistory.Forget(_image)).WhyNotRead);
        Assert.Equal([_image], Directory.GetFiles(_scratch.Path));
        Assert.Equal(content, File.ReadAllBytes(_image));
    }

    [Theory]
    [InlineData(1L << 62)]
    [InlineData(60_001)]
    public void A_length_whose_bytes_no_range_holds_is_never_given_to_a_file(long oldLength)
    {
        using (var transaction = ImageTransaction.Open(_image, new TransactionOptions { Writable = true }))
        {
            transaction.Image.Write(5000, new byte[9000]);
            transaction.Commit();
        }

        var undo = _image + ".offlinepatch-undo";
        var bytes = File.ReadAllBytes(undo);
        BitConverter.TryWriteBytes(bytes.AsSpan(StepLayout.Header.Size + StepLayout.File.OldLength), oldLength);
        Seal(bytes, (int)BitConverter.ToInt64(bytes.AsSpan(StepLayout.Header.BodyLength)));
        File.WriteAllBytes(undo, bytes);
        var content = File.ReadAllBytes(_image);
        Assert.Equal("CORE-0023",
            Assert.Throws<CorruptImageException>(() => ImageHistory.Undo(_image, new UndoOptions { Force = true })).Code);
        Assert.Equal(content, File.ReadAllBytes(_image));
    }

    [Fact]
    public void No_command_writes_outside_the_image_for_any_undo_file()
    {
        var original = File.ReadAllBytes(_image);
        var genuine = Genuine();
        var (commands, refused) = (0, 0);
        for (var seed = 0; seed < Cases; seed++)
        {
            foreach (var command in new Action[] { Read, Write, List, Undo, Recover, Trust })
            {
                Reset(original);
                File.WriteAllBytes(_image + ".offlinepatch-undo", Make(genuine, new Random(seed)));
                if (seed % 3 == 0)
                {
                    File.WriteAllText(_image + ".offlinepatch-undo-elsewhere",
                        _scratch["bank.raw"] + (seed % 2 == 0 ? "" : ".offlinepatch-undo"));
                }

                var error = Record.Exception(command);
                commands++;
                refused += error is null ? 0 : 1;
                Assert.True(error is null or CorruptImageException or RefusedException or HostIOException, $"seed {seed}: {error}");
                foreach (var (path, content) in _others)
                {
                    Assert.True(content.AsSpan().SequenceEqual(File.ReadAllBytes(path)),
                        $"seed {seed}, {command.Method.Name}: {path} was written");
                }

                if (command.Method.Name is nameof(Read) or nameof(List))
                {
                    Assert.Equal(original, File.ReadAllBytes(_image));
                }
            }
        }

        _output.WriteLine($"{Cases} hostile undo files, {commands} commands, {refused} refused: no byte outside the image was changed");
    }

    private void Read()
    {
        using var transaction = ImageTransaction.Open(_image, new TransactionOptions());
        Companion(transaction);
        transaction.AllFilesNamed();
    }

    private void Write()
    {
        using var transaction = ImageTransaction.Open(_image, new TransactionOptions { Writable = true });
        Companion(transaction);
        transaction.AllFilesNamed();
    }

    private void List() => ImageHistory.List(_image);

    private void Undo() => ImageHistory.Undo(_image, new UndoOptions { All = true, NameFiles = Nothing });

    private void Recover() => ImageHistory.Recover(_image, new RecoverOptions { NameFiles = Nothing });

    private void Trust() =>
        ImageHistory.Recover(_image, new RecoverOptions { NameFiles = Nothing, TrustedUndoFile = _image + ".offlinepatch-undo" });

    private static void Nothing(IImageFiles files)
    {
    }

    // The image does name this part, for reading: even so, nothing but a proven step may write it.
    private void Companion(ImageTransaction transaction) => transaction.OpenCompanion(_image, "evil-s001.raw", CompanionKind.Extent);

    private void Reset(byte[] original)
    {
        foreach (var file in Directory.GetFiles(_scratch.Path))
        {
            File.Delete(file);
        }

        File.WriteAllBytes(_image, original);
        foreach (var (path, content) in _others)
        {
            File.WriteAllBytes(path, content);
        }
    }

    /// <summary>An undo file as this program writes it, of a change of three files.</summary>
    private byte[] Genuine()
    {
        Reset(File.ReadAllBytes(_image));
        using (var transaction = ImageTransaction.Open(_image, new TransactionOptions { Writable = true }))
        {
            foreach (var path in _others.Keys)
            {
                transaction.OpenCompanion(_image, Path.GetFileName(path), CompanionKind.Extent).Device.Write(100, new byte[9000]);
            }

            transaction.Image.Write(5000, new byte[9000]);
            transaction.Commit();
        }

        return File.ReadAllBytes(_image + ".offlinepatch-undo");
    }

    /// <summary>Damages fields, then signs what needs no secret, so that the mutation gets past the checksums.</summary>
    private static byte[] Make(byte[] genuine, Random random)
    {
        var bytes = genuine.ToArray();
        var header = bytes.AsSpan(0, StepLayout.Header.Size);
        var bodyLength = (int)BitConverter.ToInt64(header[StepLayout.Header.BodyLength..]);
        for (var i = random.Next(4); i > 0; i--)
        {
            var at = random.Next(2) == 0 ? random.Next(StepLayout.Header.Size)
                : StepLayout.Header.Size + random.Next(Math.Min(bodyLength, 400));
            bytes[at] = (byte)(random.Next(2) == 0 ? random.Next(256) : random.Next(2) * 255);
        }

        if (random.Next(4) == 0)
        {
            // Another name of the same length in a record.
            var name = bytes.AsSpan().IndexOf("secret.txt"u8);
            if (name > 0)
            {
                "../sec.txt"u8.CopyTo(bytes.AsSpan(name));
            }
        }

        BitConverter.TryWriteBytes(header[StepLayout.Header.State..], (uint)(1 + random.Next(3)));
        BitConverter.TryWriteBytes(header[StepLayout.Header.Version..], (uint)(2 + random.Next(2)));
        if (random.Next(10) > 0 && bodyLength <= bytes.Length - StepLayout.Header.Size)
        {
            Seal(bytes, bodyLength);
        }

        return random.Next(8) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }

    /// <summary>The checksums, which need no secret.</summary>
    private static void Seal(byte[] bytes, int bodyLength)
    {
        var header = bytes.AsSpan(0, StepLayout.Header.Size);
        var body = bytes.AsSpan(StepLayout.Header.Size, bodyLength);
        if (BitConverter.ToUInt32(header[StepLayout.Header.Version..]) == 2)
        {
            XxHash128.Hash(body, header[0x28..]);
        }
        else
        {
            System.Security.Cryptography.SHA256.HashData(body, header[StepLayout.Header.BodyHash..]);
        }

        XxHash128.Hash(header[..StepLayout.Header.Hash], header[StepLayout.Header.Hash..]);
    }
}
