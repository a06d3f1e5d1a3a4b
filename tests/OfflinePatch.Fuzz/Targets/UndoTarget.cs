using System.IO.Hashing;
using System.Security.Cryptography;
using OfflinePatch.Core.Transactions.Undo;
using OfflinePatch.Fuzz.Engine;
using OfflinePatch.Testing;

namespace OfflinePatch.Fuzz.Targets;

/// <summary>Undo files: header and records. What is done with them is the work of <c>HostileUndoFileTests</c>.</summary>
internal static class UndoTarget
{
    public static FuzzTarget Target { get; } = new("undo", () => [Genuine()], Run, Sign);

    private static byte[] Genuine()
    {
        using var scratch = new ScratchFolder();
        var image = scratch["disk.raw"];
        File.WriteAllBytes(image, Samples.Disk(60_000));
        File.WriteAllBytes(scratch["disk-s001.raw"], Samples.Disk(60_000));
        using (var transaction = ImageTransaction.Open(image, new TransactionOptions { Writable = true }))
        {
            transaction.OpenCompanion(image, "disk-s001.raw", CompanionKind.Extent).Device.Write(100, new byte[9000]);
            transaction.Image.Write(5000, new byte[9000]);
            transaction.Commit();
        }

        return File.ReadAllBytes(image + ".offlinepatch-undo");
    }

    private static void Run(FuzzInput input)
    {
        using var file = new MemoryHandle(input);
        var header = StepHeader.Read(file);
        foreach (var record in StepReader.Read(file, header))
        {
            _ = record.ToString();
        }
    }

    private static void Sign(Mutant mutant)
    {
        if (mutant.Length < StepLayout.Header.Size)
        {
            return;
        }

        var length = BitConverter.ToInt64(mutant.Bytes[StepLayout.Header.BodyLength..]);
        if (length >= 0 && length <= mutant.Length - StepLayout.Header.Size)
        {
            SHA256.HashData(mutant.Bytes.Slice(StepLayout.Header.Size, (int)length), mutant.Change(StepLayout.Header.BodyHash, 32));
        }

        XxHash128.Hash(mutant.Bytes[..StepLayout.Header.Hash], mutant.Change(StepLayout.Header.Hash, 16));
    }

    private sealed class MemoryHandle(FuzzInput input) : IHostHandle
    {
        public string Path => "fuzz.offlinepatch-undo";

        public long Length => input.Length;

        public HostFileStatus GetStatus() => throw new NotSupportedException();

        public bool TrySetWriteTime(FileTimestamp time) => false;

        public void Read(long offset, Span<byte> buffer)
        {
            if (offset < 0 || offset + buffer.Length > input.Length)
            {
                throw new HostIOException("TEST-0003", "the file ends");
            }

            input.Span.Slice((int)offset, buffer.Length).CopyTo(buffer);
        }

        public void Write(long offset, ReadOnlySpan<byte> buffer) => throw new NotSupportedException();

        public void SetLength(long length) => throw new NotSupportedException();

        public void Flush()
        {
        }

        public DeviceExtent GetExtent(long offset) => new(offset, input.Length - offset, false);

        public void Dispose()
        {
        }
    }
}
