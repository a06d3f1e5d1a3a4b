using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using Layout = OfflinePatch.Core.Transactions.Undo.StepLayout.Header;

namespace OfflinePatch.Core.Transactions.Undo;

/// <summary>The header of an undo file: a copy of its bytes that can be changed and written back.</summary>
internal sealed class StepHeader
{
    private readonly byte[] _bytes;

    private StepHeader(byte[] bytes) => _bytes = bytes;

    public StepState State
    {
        get => (StepState)U32(Layout.State);
        set => SetU32(Layout.State, (uint)value);
    }

    public uint Version => U32(Layout.Version);

    public int Number => (int)U32(Layout.Number);

    public int FileCount => (int)U32(Layout.FileCount);

    public long BodyLength => BinaryPrimitives.ReadInt64LittleEndian(_bytes.AsSpan(Layout.BodyLength));

    public int TailLength => (int)U32(Layout.TailLength);

    public DateTime Created => new(Math.Clamp(BinaryPrimitives.ReadInt64LittleEndian(_bytes.AsSpan(Layout.Created)), 0,
        DateTime.MaxValue.Ticks), DateTimeKind.Utc);

    public string Label => Encoding.UTF8.GetString(_bytes, Layout.Label, (int)U32(Layout.LabelLength));

    /// <summary>Whether it carries a code.</summary>
    public bool IsKeyed => U32(Layout.IsKeyed) == 1;

    public ReadOnlySpan<byte> BodyHash => _bytes.AsSpan(Layout.BodyHash, StepLayout.HashSize);

    public ReadOnlySpan<byte> TailHash => _bytes.AsSpan(Layout.TailHash, StepLayout.HashSize);

    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>A header for a new undo file.</summary>
    public static StepHeader Create(StepState state, int number, int fileCount, long bodyLength, ReadOnlySpan<byte> bodyHash, string label,
        DateTime created)
    {
        var bytes = new byte[Layout.Size];
        StepLayout.Magic.CopyTo(bytes);
        var header = new StepHeader(bytes) { State = state };
        header.SetU32(Layout.Version, StepLayout.Version);
        header.SetU32(Layout.Number, (uint)number);
        header.SetU32(Layout.FileCount, (uint)fileCount);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(Layout.BodyLength), bodyLength);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(Layout.Created), created.Ticks);
        bodyHash.CopyTo(bytes.AsSpan(Layout.BodyHash));
        Encoding.UTF8.GetEncoder()
            .Convert(label, bytes.AsSpan(Layout.Label, StepLayout.MaxLabel), flush: true, out _, out var length, out _);
        header.SetU32(Layout.LabelLength, (uint)length);
        return header;
    }

    /// <summary>Reads a header of version 2 or 3.</summary>
    /// <exception cref="CorruptImageException"><c>CORE-0023</c>: it is damaged, or something else.</exception>
    public static StepHeader Read(IHostHandle file)
    {
        if (file.Length < Layout.Size)
        {
            throw UndoError.Damaged(file.Path, 0, $"at least {Layout.Size} bytes", $"{file.Length}");
        }

        var bytes = new byte[Layout.Size];
        file.Read(0, bytes);
        if (!bytes.AsSpan().StartsWith(StepLayout.Magic))
        {
            throw UndoError.Damaged(file.Path, 0, "the signature of an undo file", "something else");
        }

        if (!XxHash128.Hash(bytes.AsSpan(0, Layout.Hash)).AsSpan().SequenceEqual(bytes.AsSpan(Layout.Hash, StepLayout.ShortHashSize)))
        {
            throw UndoError.Damaged(file.Path, Layout.Hash, "the checksum of the header", "another one");
        }

        var header = new StepHeader(bytes);
        if (header.Version is not (StepLayout.Version or LegacyStepReader.Version))
        {
            throw UndoError.Damaged(file.Path, Layout.Version, $"version {LegacyStepReader.Version} or {StepLayout.Version}",
                $"version {header.Version}");
        }

        header.CheckFields(file);
        return header;
    }

    /// <summary>Whether the header was signed with this secret. No secret never signs.</summary>
    public bool IsSignedWith(byte[]? secret)
    {
        if (secret is null || Version != StepLayout.Version || U32(Layout.IsKeyed) != 1)
        {
            return false;
        }

        var code = HMACSHA256.HashData(secret, _bytes.AsSpan(0, Layout.Code));
        return CryptographicOperations.FixedTimeEquals(code, _bytes.AsSpan(Layout.Code, StepLayout.HashSize));
    }

    /// <summary>Describes the tail that stands after the body.</summary>
    public void SetTail(ReadOnlySpan<byte> tail)
    {
        SetU32(Layout.TailLength, (uint)tail.Length);
        SHA256.HashData(tail, _bytes.AsSpan(Layout.TailHash));
    }

    /// <summary>Signs the header, writes it as one sector, and makes it durable.</summary>
    public void Write(IHostHandle file, byte[]? secret)
    {
        if (Version == StepLayout.Version)
        {
            SetU32(Layout.IsKeyed, secret is null ? 0u : 1u);
            _bytes.AsSpan(Layout.Code, StepLayout.HashSize).Clear();
            if (secret is not null)
            {
                HMACSHA256.HashData(secret, _bytes.AsSpan(0, Layout.Code), _bytes.AsSpan(Layout.Code));
            }
        }

        XxHash128.Hash(_bytes.AsSpan(0, Layout.Hash), _bytes.AsSpan(Layout.Hash));
        file.Write(0, _bytes);
        file.Flush();
    }

    private void CheckFields(IHostHandle file)
    {
        Bound(BodyLength, 0, file.Length - Layout.Size, Layout.BodyLength, "body length");
        Bound(U32(Layout.FileCount), 1, StepLayout.MaxFiles, Layout.FileCount, "file count");
        if (Version == StepLayout.Version)
        {
            Bound(U32(Layout.Number), 1, StepLayout.MaxNumber, Layout.Number, "step number");
            Bound(U32(Layout.TailLength), 0, file.Length - Layout.Size - BodyLength, Layout.TailLength, "tail length");
            Bound(U32(Layout.LabelLength), 0, StepLayout.MaxLabel, Layout.LabelLength, "label length");
        }

        void Bound(long value, long min, long max, int offset, string what)
        {
            if (value < min || value > max)
            {
                throw UndoError.Damaged(file.Path, offset, $"a {what} of {min} to {max}", $"{value}");
            }
        }
    }

    private uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(offset));

    private void SetU32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(offset), value);
}
