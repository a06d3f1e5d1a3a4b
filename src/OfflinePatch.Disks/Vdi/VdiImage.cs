using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;

namespace OfflinePatch.Disks.Vdi;

/// <summary>
/// A VDI: blocks of mostly 1 MiB, placed by a map. A new block goes to the end of the file; the identity of the content is renewed at the
/// first write, as VirtualBox does it, so that a snapshot taken from the disk before no longer fits.
/// </summary>
internal sealed partial class VdiImage : MappedImage
{
    private readonly ResizableDevice _file;
    private readonly VdiMap _map;
    private readonly int _blockSize;
    private long _dataOffset;
    private long _length;
    private readonly uint _type;
    private bool _modified;

    private VdiImage(ResizableDevice file, VdiMap map, VdiHeader header)
    {
        _file = file;
        _map = map;
        _blockSize = header.BlockSize;
        _dataOffset = header.DataOffset;
        _type = header.ImageType;
        _length = header.DiskSize;
        ModifiedId = header.Id(VdiLayout.ModifiedId);
        ImageId = header.Id(VdiLayout.ImageId);
        var properties = new Dictionary<string, string> { ["uuid"] = ImageId.ToString("D") };
        if (header.Id(VdiLayout.ParentId) != Guid.Empty)
        {
            properties["parentUuid"] = header.Id(VdiLayout.ParentId).ToString("D");
        }

        Properties = properties;
    }

    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Vdi;

    /// <inheritdoc/>
    public override string Subformat => _type switch
    {
        VdiLayout.TypeDynamic => "dynamic",
        VdiLayout.TypeFixed => "fixed",
        VdiLayout.TypeUndo => "undo",
        _ => "differencing",
    };

    /// <inheritdoc/>
    public override long Length => _length;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Properties { get; }

    /// <summary>Identity of the image.</summary>
    public Guid ImageId { get; }

    /// <summary>Identity of the content when the image was opened.</summary>
    public Guid ModifiedId { get; }

    /// <inheritdoc/>
    protected override ResizableDevice StoredFile => _file;

    /// <summary>Opens the image, and the parents of a differencing one.</summary>
    public static VdiImage Open(IImageFiles files, IFormatSet formats)
    {
        var file = files.Image;
        var bytes = new byte[Math.Min(VdiLayout.HeaderBytes, file.Length)];
        file.Read(0, bytes);
        var header = VdiHeader.Create(bytes, file.Length);
        var map = VdiMap.Open(file, header);
        var parentId = header.Id(VdiLayout.ParentId);
        var isChild = header.ImageType is VdiLayout.TypeDifferencing or VdiLayout.TypeUndo || parentId != Guid.Empty;
        var image = new VdiImage(file, map,
            header)
        { Parent = isChild ? OpenParent(files, formats, parentId, header.Id(VdiLayout.ParentModifiedId)) : null };
        if (VdiEncryption.IsEncrypted(image))
        {
            image.Dispose();
            throw VdiError.Encrypted(files.ImagePath);
        }

        return image;
    }

    /// <inheritdoc/>
    protected override int UnitSize => _blockSize;

    /// <inheritdoc/>
    protected override DiskRun MapInUnit(long offset, long limit)
    {
        var within = offset % _blockSize;
        var entry = _map[offset / _blockSize];
        var length = _blockSize - within;
        return VdiMap.IsStored(entry) ? new DiskRun(RunKind.Stored, length, PlaceOf(entry) + within)
            : new DiskRun(entry == VdiLayout.EntryFree && Parent is not null ? RunKind.Parent : RunKind.Zero, length);
    }

    private long PlaceOf(uint entry) => _dataOffset + ((long)entry * _blockSize);

    /// <inheritdoc/>
    protected override void WriteInUnit(long offset, ReadOnlySpan<byte> part)
    {
        RenewModifiedId();
        var block = offset / _blockSize;
        var within = (int)(offset % _blockSize);
        var entry = _map[block];
        if (VdiMap.IsStored(entry))
        {
            _file.EnsureLength(PlaceOf(entry) + within + part.Length);
            _file.Write(PlaceOf(entry) + within, part);
            return;
        }

        var fromParent = entry == VdiLayout.EntryFree && Parent is not null;
        var place = _map.NextPlace;
        var start = PlaceOf(place);
        var fileEnd = _file.Length;
        _file.EnsureLength(start + _blockSize);
        if (fromParent)
        {
            var content = new byte[_blockSize];
            ReadParent(block * _blockSize, content.AsSpan(0, (int)Math.Min(_blockSize, Length - (block * _blockSize))));
            part.CopyTo(content.AsSpan(within));
            _file.Write(start, content);
        }
        else
        {
            // What lies after the last block may be left over from a block that was discarded.
            Clear(start, fileEnd);
            _file.Write(start + within, part);
        }

        _map.Set(block, place);
        WriteStoredCount();
    }

    private void RenewModifiedId()
    {
        if (!_modified)
        {
            _modified = true;
            _file.Write(VdiLayout.ModifiedId, ImageIdentity.After(ModifiedId.ToByteArray()).NextGuid().ToByteArray());
        }
    }

    /// <summary>Clears a block up to where the file ended before it was made longer: what came after that reads as zeros.</summary>
    private void Clear(long start, long fileEnd)
    {
        var blockEnd = Math.Min(start + _blockSize, fileEnd);
        for (var offset = start; offset < blockEnd;)
        {
            var run = _file.GetExtent(offset);
            var end = Math.Min(run.Offset + run.Length, blockEnd);
            if (!run.IsZero)
            {
                _file.Write(offset, new byte[end - offset]);
            }

            offset = end;
        }
    }

    /// <summary>
    /// A VDI knows its parent by identity only. VirtualBox names snapshots <c>{identity}.vdi</c>: a file of that name next to the image is
    /// taken.
    /// </summary>
    private static VdiImage OpenParent(IImageFiles files, IFormatSet formats, Guid parentId, Guid parentModified)
    {
        var name = $"{{{parentId:D}}}.vdi";
        DiskImage parent;
        try
        {
            parent = ParentChain.Open(files, formats, name, ImageFormat.Vdi);
        }
        catch (IOException)
        {
            throw VdiError.ParentNotFound(files.ImagePath, name);
        }

        var vdi = (VdiImage)parent;
        if (vdi.ImageId != parentId)
        {
            throw VdiError.ParentDiffers(files.ImagePath, parentId, vdi.ImageId);
        }

        return parentModified == Guid.Empty || vdi.ModifiedId == parentModified
            ? vdi
            : throw VdiError.ParentDiffers(files.ImagePath, parentModified, vdi.ModifiedId);
    }
}
