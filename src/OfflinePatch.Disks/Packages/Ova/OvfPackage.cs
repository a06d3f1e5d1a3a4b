using OfflinePatch.Core;
using OfflinePatch.Disks.Packages;

namespace OfflinePatch.Disks.Packages.Ova;

/// <summary>An OVF descriptor next to its disks.</summary>
internal sealed class OvfPackage : ImagePackage
{
    private const int ProbeBytes = 4096;

    /// <inheritdoc/>
    public override bool Probe(IImageFiles files) => OvfDescriptor.IsEnvelope(ReadStart(files.Image, ProbeBytes));

    /// <inheritdoc/>
    public override DiskImage Open(IImageFiles files, IFormatSet formats)
    {
        ResizableDevice OpenFile(string name)
        {
            try
            {
                return files.OpenCompanion(files.ImagePath, name, CompanionKind.Extent).Device;
            }
            catch (IOException) when (Uri.UnescapeDataString(name) != name)
            {
                return files.OpenCompanion(files.ImagePath, Uri.UnescapeDataString(name), CompanionKind.Extent).Device;
            }
        }

        return Open(files, formats, OvfDescriptor.Parse(files.Image), OpenFile,
            "The disk belongs to an OVF package, whose manifest holds its checksum.");
    }

    /// <summary>Opens the first disk that a descriptor names.</summary>
    public static PackageImage Open(IImageFiles files, IFormatSet formats, OvfDescriptor descriptor, Func<string, ResizableDevice> open,
        string whyNotInPlace)
    {
        if (descriptor.DiskFiles.Count == 0)
        {
            throw OvaError.NoDisk();
        }

        var name = descriptor.DiskFiles[0];
        var inner = new PackageFiles(files, name, open(name), open);
        return formats.IsImage(inner)
            ? new PackageImage(formats.Open(inner), whyNotInPlace, OvaPackage.Facts(descriptor.DiskFiles.Count, name))
            : throw OvaError.NotADisk(name);
    }
}
