using OfflinePatch.Core;

namespace OfflinePatch.Disks.Ova;

/// <summary>
/// OVA (a tar) and OVF (its descriptor): packages, not formats of their own. They open as the disk that they hold; <see cref="Format"/> says VMDK, which
/// is what packages hold in practice, and the image that is opened says what it really is.
/// </summary>
internal sealed class OvaFormat : DiskFormat
{
    private const int ProbeBytes = 4096;

    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Vmdk;

    /// <inheritdoc/>
    public override bool Probe(BlockDevice file)
    {
        var start = ReadStart(file);
        return IsOva(start) || OvfDescriptor.IsEnvelope(start);
    }

    /// <inheritdoc/>
    public override DiskImage Open(IImageFiles files)
    {
        if (!IsOva(ReadStart(files.Image)))
        {
            return Open(OvfDescriptor.Parse(files.Image), name => files.OpenCompanion(files.ImagePath, name, CompanionKind.Extent).Device, isOva: false);
        }

        var members = TarMembers.Read(files.Image);
        ResizableDevice OpenMember(string name)
        {
            var plain = name[(name.LastIndexOf('/') + 1)..];
            var member = members.Find(m => string.Equals(m.Name, plain, StringComparison.OrdinalIgnoreCase));
            return member.Name is null ? throw OvaError.MissingMember(name) : new PackageMember(files.Image, member.Offset, member.Length);
        }

        var descriptor = members.Find(m => m.Name.EndsWith(".ovf", StringComparison.OrdinalIgnoreCase));
        return descriptor.Name is null
            ? throw OvaError.NoDescriptor()
            : Open(OvfDescriptor.Parse(OpenMember(descriptor.Name)), OpenMember, isOva: true);
    }

    private static OvaImage Open(OvfDescriptor descriptor, Func<string, ResizableDevice> open, bool isOva)
    {
        if (descriptor.DiskFiles.Count == 0)
        {
            throw OvaError.NoDisk();
        }

        var name = descriptor.DiskFiles[0];
        var device = open(name);
        foreach (var format in DiskFormats.All)
        {
            // A package in a package is nothing that a maker writes.
            if (format is not OvaFormat && format.Probe(device))
            {
                return new OvaImage(format.Open(new PackageFiles(name, device, open)), name, descriptor.DiskFiles.Count, isOva);
            }
        }

        throw OvaError.NotADisk(name);
    }

    private static bool IsOva(ReadOnlySpan<byte> start) => TarMembers.IsHeader(start);

    private static byte[] ReadStart(BlockDevice file)
    {
        var start = new byte[Math.Min(ProbeBytes, file.Length)];
        file.Read(0, start);
        return start;
    }
}
