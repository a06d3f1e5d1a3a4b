using OfflinePatch.Core;

namespace OfflinePatch.Disks.Zvhd;

/// <summary>
/// A ZVHD: one zlib stream across all records, cut into blocks. Efficient only when read from start to end; see <see cref="ZvhdInflater"/>.
/// </summary>
internal sealed class ZvhdImage : ZvhdBlockImage
{
    private readonly ZvhdInflater _inflater;

    private ZvhdImage(BlockDevice file, List<ZvhdRecord> records, ZvhdHeader header)
        : base(records, header, ZvhdLayout.DefaultBlock, "zlib") => _inflater = new ZvhdInflater(file, records, ZvhdLayout.DefaultBlock);

    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Zvhd;

    /// <inheritdoc/>
    public override string? WhyNotInPlace => "A ZVHD is one compressed stream; nothing in it can be changed in place.";

    /// <summary>Opens the image: checks the header and walks all records.</summary>
    public static ZvhdImage Open(IImageFiles files)
    {
        var file = files.Image;
        var bytes = new byte[ZvhdLayout.HeaderBytes];
        if (file.Length < 2 * ZvhdLayout.Alignment)
        {
            throw ZvhdError.Truncated(file.Length);
        }

        file.Read(0, bytes);
        if (!ZvhdHeader.TryCreate(bytes, ZvhdLayout.Cookie, out var header))
        {
            throw ZvhdError.NoFooter(0);
        }

        header.Check(0);
        var blocks = (header.CurrentSize + ZvhdLayout.DefaultBlock - 1) / ZvhdLayout.DefaultBlock;
        return new ZvhdImage(file, ZvhdRecords.Scan(file, ZvhdLayout.Cookie, ZvhdLayout.DefaultBlock, blocks), header);
    }

    /// <inheritdoc/>
    protected override byte[] Unpack(int index) => _inflater.Unpack(index);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inflater.Dispose();
        }

        base.Dispose(disposing);
    }
}
