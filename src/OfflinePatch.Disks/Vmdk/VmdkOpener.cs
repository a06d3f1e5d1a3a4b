using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>Opens a VMDK with its extents and parents.</summary>
internal sealed class VmdkOpener(IImageFiles files)
{
    private readonly HashSet<string> _chain = new(StringComparer.Ordinal);

    /// <summary>Opens the image that the user named.</summary>
    public VmdkImage Open() => Open(new ImageFile(files.ImagePath, files.Image));

    private VmdkImage Open(ImageFile file)
    {
        var name = NameOf(file.Path);
        if (!_chain.Add(file.Path) || _chain.Count > VmdkLayout.MaxChainDepth)
        {
            throw VmdkError.ParentChain(name);
        }

        Span<byte> start = stackalloc byte[(int)Math.Min(VmdkLayout.DescriptorProbeBytes, file.Device.Length)];
        file.Device.Read(0, start);
        if (VmdkDescriptor.IsDescriptor(start))
        {
            return Assemble(file, VmdkDescriptorFile.OpenFile(file.Device, name), embedded: false);
        }

        if (VmdkFormat.IsCowd(start))
        {
            return new VmdkImage([CowdExtent.Open(file.Device, name, 0, null, null)], null, "vmfsSparse", null);
        }

        if (VmdkFormat.IsSeSparse(start))
        {
            throw VmdkError.ExtentAlone(file.Path);
        }

        var sector = HostedSparse.ReadHeader(file.Device, name);
        SparseHeader.TryCreate(sector, out var header);
        if (header.DescriptorOffset == 0)
        {
            throw VmdkError.ExtentAlone(file.Path);
        }

        var descriptor = VmdkDescriptorFile.OpenEmbedded(file.Device, name, header.DescriptorOffset, header.DescriptorSize);
        if (descriptor.Descriptor.IsBlank)
        {
            // QEMU reserves space for a descriptor in each extent of a split disk and leaves it empty.
            throw VmdkError.ExtentAlone(file.Path);
        }

        return Assemble(file, descriptor, embedded: header.Capacity != 0);
    }

    /// <summary>
    /// Assembles the disk. With an embedded descriptor the first extent is the file itself, whatever the descriptor calls it: files get
    /// renamed.
    /// </summary>
    private VmdkImage Assemble(ImageFile file, VmdkDescriptorFile descriptorFile, bool embedded)
    {
        var descriptor = descriptorFile.Descriptor;
        var name = NameOf(file.Path);
        if (descriptor.IsEncrypted)
        {
            throw VmdkError.Encrypted(file.Path);
        }

        if (descriptor.Extents.Count == 0)
        {
            throw VmdkError.NoExtents(name);
        }

        if (descriptor.UnknownEncoding is { } encoding
            && descriptor.Extents.Select(e => e.FileName).Append(descriptor.ParentFileName).Any(n => !Ascii.IsValid(n)))
        {
            throw VmdkError.Encoding(name, encoding);
        }

        var parent = descriptor.ParentContentId == VmdkLayout.NoParent ? null : OpenParent(file, descriptor);
        var extents = new List<VmdkExtent>();
        var used = new List<(string Path, long Start, long End)>();
        string? whyNot = null;
        var start = 0L;
        foreach (var line in descriptor.Extents)
        {
            if (line.Sectors > VmdkLayout.MaxCapacitySectors - (start / VmdkLayout.SectorSize))
            {
                throw VmdkError.Capacity(name, (ulong)start / VmdkLayout.SectorSize);
            }

            var isSelf = embedded && extents.Count == 0;
            extents.Add(OpenExtent(file, line, isSelf, start, parent, used));
            if (line.Access == "NOACCESS")
            {
                throw VmdkError.NoAccess(name, line.FileName);
            }

            whyNot ??= line.Access == "RDONLY" ? $"The descriptor marks the extent {line.FileName} read-only (RDONLY)." : null;
            start += line.Sectors * VmdkLayout.SectorSize;
        }

        return new VmdkImage(extents, descriptorFile, descriptor.CreateType, whyNot, parent is not null);
    }

    private VmdkExtent OpenExtent(
        ImageFile file, VmdkExtentLine line, bool isSelf, long start, VmdkImage? parent, List<(string Path, long Start, long End)> used)
    {
        var length = line.Sectors * VmdkLayout.SectorSize;
        if (line.Type == "ZERO")
        {
            return new ZeroExtent { FileName = "ZERO", Start = start, Length = length };
        }

        if (line.Type is not ("FLAT" or "VMFS" or "SPARSE" or "VMFSSPARSE" or "SESPARSE"))
        {
            throw VmdkError.ExtentType(NameOf(file.Path), line.Type);
        }

        var extentFile = isSelf ? file : files.OpenCompanion(file.Path, line.FileName, CompanionKind.Extent);
        var name = isSelf ? NameOf(file.Path) : line.FileName;
        var isFlat = line.Type is "FLAT" or "VMFS";
        var first = isFlat ? line.StartSector * VmdkLayout.SectorSize : 0;
        var last = isFlat ? first + length : long.MaxValue;
        if (used.Any(u => string.Equals(u.Path, extentFile.Path, StringComparison.Ordinal) && u.Start < last && first < u.End))
        {
            throw VmdkError.ExtentUsedTwice(name);
        }

        used.Add((extentFile.Path, first, last));
        switch (line.Type)
        {
            case "SPARSE":
                return HostedSparse.Open(extentFile.Device, name, start, line.Sectors, parent);
            case "VMFSSPARSE":
                return CowdExtent.Open(extentFile.Device, name, start, line.Sectors, parent);
            case "SESPARSE":
                return SeSparseExtent.Open(extentFile.Device, name, start, line.Sectors, parent);
            default:
                if (first > extentFile.Device.Length || length > extentFile.Device.Length - first)
                {
                    throw VmdkError.FlatExtentShort(name, first, length, extentFile.Device.Length);
                }

                return new FlatExtent(extentFile.Device, first) { FileName = name, Start = start, Length = length };
        }
    }

    private VmdkImage OpenParent(ImageFile file, VmdkDescriptor descriptor)
    {
        var hint = descriptor.ParentFileName;
        if (hint.Length == 0)
        {
            throw VmdkError.NoParentName(NameOf(file.Path));
        }

        ImageFile parentFile;
        try
        {
            parentFile = files.OpenCompanion(file.Path, hint, CompanionKind.Parent);
        }
        catch (IOException) when (NameOf(hint) != hint)
        {
            // ESXi writes the path of its own datastore; an export has all files in one folder.
            parentFile = files.OpenCompanion(file.Path, NameOf(hint), CompanionKind.Parent);
        }

        var parent = Open(parentFile);
        if (parent.ContentId != descriptor.ParentContentId)
        {
            throw VmdkError.ParentIdDiffers(NameOf(file.Path), NameOf(parentFile.Path), descriptor.ParentContentId, parent.ContentId);
        }

        return parent;
    }

    private static string NameOf(string path) => path[(path.LastIndexOfAny(['/', '\\']) + 1)..];
}
