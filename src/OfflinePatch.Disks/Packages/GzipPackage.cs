using System.IO.Compression;
using System.IO.Hashing;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Packages;

/// <summary>
/// gzip (RFC 1952). .NET's decoder returns what a truncated file holds without an error, and ignores a damaged trailer: the CRC and the
/// length in the last eight bytes are compared here. A file of several members (<c>cat a.gz b.gz</c>, bgzip) has a trailer for each; it is
/// decoded member by member.
/// </summary>
internal sealed class GzipPackage : CompressedPackage
{
    private const int TrailerBytes = 8; // u32 CRC-32, u32 length, both of the member's content

    /// <inheritdoc/>
    protected override string Kind => "gzip";

    /// <inheritdoc/>
    protected override ReadOnlySpan<byte> Magic => [0x1F, 0x8B, 0x08];

    /// <inheritdoc/>
    protected override void Unpack(IImageFiles files, TemporaryFileDevice output)
    {
        var file = files.Image;
        if (file.Length < 10 + TrailerBytes)
        {
            throw PackageError.Damaged(files.ImagePath, Kind, "the end of the file");
        }

        var crc = new Crc32();
        try
        {
            using var decoder = new GZipStream(new DeviceStream(file), CompressionMode.Decompress);
            Copy(files, decoder, output, crc.Append);
        }
        catch (InvalidDataException)
        {
            throw PackageError.Damaged(files.ImagePath, Kind, "damaged data");
        }

        var trailer = new byte[TrailerBytes];
        file.Read(file.Length - TrailerBytes, trailer);
        if (crc.GetCurrentHashAsUInt32() != LittleEndian.U32(trailer, 0)
            || (uint)(output.Length & uint.MaxValue) != LittleEndian.U32(trailer, 4))
        {
            GzipMembers.Check(files, output);
        }
    }
}
