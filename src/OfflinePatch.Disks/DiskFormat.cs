using OfflinePatch.Core;

namespace OfflinePatch.Disks;

/// <summary>One container format: how it is recognised, opened, and written as an output. One subclass in each format's folder.</summary>
public abstract class DiskFormat
{
    /// <summary>The format.</summary>
    public abstract ImageFormat Format { get; }

    /// <summary>The name that the command line has for it, which is also the usual ending of its files.</summary>
    public string Name => Format.ToString().ToLowerInvariant();

    /// <summary>The name that QEMU has for it, as backing file formats are named; null: QEMU does not know it.</summary>
    public virtual string? QemuName => Name;

    /// <summary>
    /// Whether the file is of this format, by its content alone. Reads at most a few sectors; never throws on hostile content.
    /// </summary>
    public abstract bool Probe(BlockDevice file);

    /// <summary>The variants that an output can have, the default one first; empty: there is one only.</summary>
    public virtual IReadOnlyList<string> Variants => [];

    /// <summary>Whether an output of a variant can be compressed so.</summary>
    /// <param name="variant">One of <see cref="Variants"/>, or null for the default.</param>
    /// <param name="compression"><c>zlib</c> or <c>zstd</c>.</param>
    public virtual bool Compresses(string? variant, string compression) => false;

    /// <summary>Whether an image says how large the sectors of its disk are, so that an output keeps the size.</summary>
    public virtual bool KeepsSectorSize => false;

    /// <summary>Opens the image.</summary>
    /// <param name="files">The file, and those that it names.</param>
    /// <param name="formats">The known formats, for parents.</param>
    /// <exception cref="CorruptImageException">The container contradicts its format.</exception>
    /// <exception cref="UnsupportedImageException">The container uses a feature that is not handled.</exception>
    /// <exception cref="RefusedException">An option is needed first (a parent, a backing file).</exception>
    internal abstract DiskImage Open(IImageFiles files, IFormatSet formats);

    /// <summary>
    /// Starts writing a new image of <paramref name="virtualSize"/> bytes into <paramref name="output"/>, or null when the format cannot be
    /// written.
    /// </summary>
    public virtual DiskWriter? CreateWriter(ResizableDevice output, long virtualSize, DiskWriterOptions options) => null;
}

/// <summary>What a new image should look like.</summary>
/// <param name="Subformat">The variant, as its format calls it, or null for the default one.</param>
/// <param name="Compression"><c>zlib</c>, <c>zstd</c>, or null for none (or the format's own default).</param>
/// <param name="FileName">The name that the file will have, for descriptors that repeat it.</param>
/// <param name="SectorSize">Bytes per logical sector of the guest disk: 512 or 4096.</param>
/// <param name="Properties">
/// <see cref="DiskImage.Properties"/> of the source, from which a format takes over what it has a place for (VMDK: the <c>ddb.</c> lines),
/// or null.
/// </param>
/// <param name="Identity">Where the identities of the new image come from; null: they are random.</param>
public sealed record DiskWriterOptions(
    string? Subformat = null,
    string? Compression = null,
    string FileName = "disk",
    int SectorSize = 512,
    IReadOnlyDictionary<string, string>? Properties = null,
    ImageIdentity? Identity = null)
{
    /// <summary>Refuses options that the format does not have; the format itself judges the values of those that it has.</summary>
    /// <exception cref="UnsupportedImageException"><c>DISK-0003</c>, <c>DISK-0004</c>, <c>DISK-0005</c>.</exception>
    internal void AllowOnly(ImageFormat format, bool subformat = false, bool compression = false, bool largeSectors = false)
    {
        if (!subformat && Subformat is not null)
        {
            throw DiskError.NoVariant(format, Subformat);
        }

        if (!compression && Compression is not null)
        {
            throw DiskError.NoCompression(format, Compression);
        }

        if (!largeSectors && SectorSize != 512)
        {
            throw DiskError.SectorSize(format, SectorSize);
        }
    }
}

/// <summary>
/// Writes a new image from start to end. The caller hands over blocks in ascending, non-overlapping order and leaves out what is zero.
/// </summary>
public abstract class DiskWriter : IDisposable
{
    /// <summary>
    /// Bytes of guest data that the format stores as one unit; the caller hands over whole, aligned units (but the last may be short).
    /// </summary>
    public abstract int UnitSize { get; }

    /// <summary>Whether <see cref="Encode"/> does anything. Without it neighbouring units are handed over in one piece.</summary>
    public virtual bool Encodes => false;

    /// <summary>
    /// Turns one unit into the bytes that are stored, on any thread: compression happens here. The result may be <paramref name="unit"/>
    /// itself.
    /// </summary>
    public virtual ReadOnlyMemory<byte> Encode(long guestOffset, ReadOnlyMemory<byte> unit) => unit;

    /// <summary>Stores an encoded unit. Called on one thread, in ascending order of <paramref name="guestOffset"/>.</summary>
    public abstract void Append(long guestOffset, ReadOnlyMemory<byte> encoded);

    /// <summary>
    /// Stores units that are neighbours on the disk and were not encoded. Formats that lay neighbours side by side write them at once.
    /// </summary>
    public virtual void AppendRun(long guestOffset, ReadOnlyMemory<byte> units)
    {
        for (var at = 0; at < units.Length; at += UnitSize)
        {
            Append(guestOffset + at, units.Slice(at, Math.Min(UnitSize, units.Length - at)));
        }
    }

    /// <summary>Writes the tables and ends the image.</summary>
    public abstract void Complete();

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the writer owns. Without <see cref="Complete"/> before, the output is not an image.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }
}
