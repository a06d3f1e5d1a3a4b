using OfflinePatch.Core;
using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Pe;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.GuestAgent;

/// <summary>
/// The QEMU guest agent: its MSI, or a directory or archive with its files. What is next to <c>qemu-ga.exe</c> belongs to it: libraries,
/// the VSS provider, a helper program. Source: QEMU <c>qga/installer/qemu-ga.wxs</c>; virtio-win/kvm-guest-drivers-windows#817.
/// </summary>
internal sealed class GuestAgentPackage
{
    /// <summary>The service program.</summary>
    public const string Program = "qemu-ga.exe";

    /// <summary>The provider for consistent snapshots (VSS).</summary>
    public const string Provider = "qga-vss.dll";

    private const int EntryLimit = 10_000;
    private const int DepthLimit = 16;
    private static readonly string[] Endings = [".exe", ".dll", ".tlb"];

    private GuestAgentPackage(IFileSystem tree, string folder, ProcessorArchitecture architecture, IReadOnlyList<FileEntry> files)
    {
        Tree = tree;
        Folder = folder;
        Architecture = architecture;
        Files = files;
    }

    /// <summary>The tree that holds it.</summary>
    public IFileSystem Tree { get; }

    /// <summary>The folder of its files in the tree.</summary>
    public string Folder { get; }

    /// <summary>What its program was made for.</summary>
    public ProcessorArchitecture Architecture { get; }

    /// <summary>Its files.</summary>
    public IReadOnlyList<FileEntry> Files { get; }

    /// <summary>Finds the agent in a tree.</summary>
    /// <exception cref="RefusedException"><c>QGA-0001</c> to <c>QGA-0003</c>: there is none, or more than one, or no program.</exception>
    /// <exception cref="UnsupportedImageException"><c>QGA-0004</c>: the tree is too large.</exception>
    public static GuestAgentPackage Open(IFileSystem tree)
    {
        var programs = tree.WalkFiles(EntryLimit, DepthLimit, () => GuestAgentError.TooManyFiles(tree.Source, EntryLimit))
            .Where(f => f.Entry.Name.Equals(Program, StringComparison.OrdinalIgnoreCase)).Select(f => f.Path).ToList();
        if (programs.Count == 0)
        {
            throw GuestAgentError.NoProgram(tree.Source);
        }

        if (programs.Count > 1)
        {
            throw GuestAgentError.SeveralPrograms(tree.Source, programs[0], programs[1]);
        }

        var folder = FilePath.ParentOf(programs[0]);
        return PeImage.ReadArchitecture(tree, programs[0]) is { } architecture
            && architecture is ProcessorArchitecture.X86 or ProcessorArchitecture.Amd64
            ? new GuestAgentPackage(tree, folder, architecture,
                [.. tree.Enumerate(folder)
                    .Where(f => !f.IsDirectory && Endings.Any(e => f.Name.EndsWith(e, StringComparison.OrdinalIgnoreCase)))])
            : throw GuestAgentError.NotAProgram(tree.Source, programs[0]);
    }
}
