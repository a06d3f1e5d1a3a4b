using System.Globalization;
using OfflinePatch.Core;
using OfflinePatch.Disks.Packages;

namespace OfflinePatch.Disks.Packages.Ova;

/// <summary>An OVA (a tar with an OVF descriptor), or any other uncompressed tar that holds a disk.</summary>
internal sealed class OvaPackage : ImagePackage
{
    /// <summary>Property: disks that the package describes or holds.</summary>
    public const string DiskCountProperty = "ovf.diskCount";

    /// <inheritdoc/>
    public override bool Probe(IImageFiles files) => TarMembers.IsHeader(ReadStart(files.Image, TarMembers.BlockBytes));

    /// <inheritdoc/>
    public override DiskImage Open(IImageFiles files, IFormatSet formats)
    {
        var members = TarMembers.Read(files.Image);
        ResizableDevice OpenMember(string name)
        {
            var plain = name[(name.LastIndexOf('/') + 1)..];
            var member = Find(members, plain) ?? Find(members, Uri.UnescapeDataString(plain)) ?? throw OvaError.MissingMember(name);
            return member.Problem is { } problem
                ? throw OvaError.NotPlain(member.Name, problem)
                : new PackageMember(files.Image, member.Offset, member.Length);
        }

        var descriptor = members.Find(m => m.Name.EndsWith(".ovf", StringComparison.OrdinalIgnoreCase));
        if (descriptor.Name is not null)
        {
            return OvfPackage.Open(files, formats, OvfDescriptor.Parse(OpenMember(descriptor.Name)), OpenMember,
                "The disk lies inside an OVA, whose manifest holds its checksum.");
        }

        var disks = members.Where(m => m.Problem is null && formats.IsImage(new PackageFiles(files, m.Name, OpenMember(m.Name)))).ToList();
        if (disks.Count == 0)
        {
            throw OvaError.NoDescriptor();
        }

        var inner = new PackageFiles(files, disks[0].Name, OpenMember(disks[0].Name), OpenMember);
        return new PackageImage(formats.Open(inner), "The disk lies inside a tar archive.",
            Facts(disks.Count(d => !d.Name.EndsWith("-flat.vmdk", StringComparison.OrdinalIgnoreCase)), disks[0].Name));
    }

    /// <summary>What a package says of its disks.</summary>
    public static Dictionary<string, string> Facts(int count, string name) => new(StringComparer.Ordinal)
    {
        [DiskCountProperty] = count.ToString(CultureInfo.InvariantCulture),
        ["ovf.disk"] = name,
    };

    /// <summary>Of two with one name the later counts: tar appends a newer one (<c>tar -r</c>), and unpacks it over the older.</summary>
    private static TarMember? Find(List<TarMember> members, string name)
    {
        var found = members.FindLastIndex(m => string.Equals(m.Name, name, StringComparison.OrdinalIgnoreCase));
        return found < 0 ? null : members[found];
    }
}
