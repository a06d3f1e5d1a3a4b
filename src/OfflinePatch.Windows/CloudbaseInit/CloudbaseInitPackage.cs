using OfflinePatch.Core;
using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Pe;
using OfflinePatch.FileSystems;
using OfflinePatch.FileSystems.Msi;
using OfflinePatch.FileSystems.Trees;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.CloudbaseInit;

/// <summary>
/// A Cloudbase-Init package: the portable zip, the MSI, or an unpacked directory. The tree is found by <c>OpenStackService.exe</c>, whose
/// directory is Bin; Python is next to it (boot-network-accounts.md §7).
/// </summary>
public sealed class CloudbaseInitPackage
{
    /// <summary>The service program, relative to the directory Bin.</summary>
    public const string ServiceProgram = "OpenStackService.exe";

    /// <summary>Files and directories of a package at most; version 1.1.6 has about 4,500.</summary>
    public const int EntryLimit = 50_000;

    private const int DepthLimit = 32;

    private CloudbaseInitPackage(IFileSystem tree, string root, string binName, ProcessorArchitecture architecture,
        IReadOnlyList<CloudbaseInitFile> files, string? version)
    {
        Tree = tree;
        Root = root;
        BinName = binName;
        Architecture = architecture;
        Files = files;
        Version = version;
    }

    /// <summary>The tree that holds it.</summary>
    public IFileSystem Tree { get; }

    /// <summary>Where Bin and Python are in the tree; empty for its root.</summary>
    public string Root { get; }

    /// <summary>How the package writes the name of the directory Bin.</summary>
    public string BinName { get; }

    /// <summary><see cref="ProcessorArchitecture.X86"/> or <see cref="ProcessorArchitecture.Amd64"/>, from the service program.</summary>
    public ProcessorArchitecture Architecture { get; }

    /// <summary>Every file below <see cref="Root"/>, in the order in which they are cheapest to read.</summary>
    public IReadOnlyList<CloudbaseInitFile> Files { get; }

    /// <summary><c>1.1.6</c>, or null when nothing says it.</summary>
    public string? Version { get; }

    /// <summary>Whether its Python needs the Universal C Runtime of Windows (Python 3.5 and later, unless it brings its own).</summary>
    public bool NeedsUniversalRuntime => CloudbaseInitLayout.NeedsUniversalRuntime(name => Tree.FileExists(FilePath.Join(Root, name)));

    /// <summary>Opens a package by its host path. The caller disposes <see cref="Tree"/>.</summary>
    /// <exception cref="HostIOException">The path is missing or cannot be read.</exception>
    /// <exception cref="RefusedException">An archive that would do harm, or no Cloudbase-Init (<c>CBI-0001</c> to
    /// <c>CBI-0004</c>).</exception>
    public static CloudbaseInitPackage Open(string hostPath)
    {
        var tree = FileSources.Open(hostPath);
        try
        {
            return Open(tree);
        }
        catch
        {
            tree.Dispose();
            throw;
        }
    }

    /// <summary>Finds the package in a tree.</summary>
    /// <exception cref="RefusedException"><c>CBI-0001</c> to <c>CBI-0004</c>: there is none, or it is incomplete.</exception>
    public static CloudbaseInitPackage Open(IFileSystem tree)
    {
        var all = tree.WalkFiles(EntryLimit, DepthLimit, () => CloudbaseInitError.TooManyFiles(tree.Source, EntryLimit))
            .Select(f => new CloudbaseInitFile(f.Path, f.Path, f.Entry.Length)).ToList();
        var services = all.Where(f => FilePath.NameOf(f.Path).Equals(ServiceProgram, StringComparison.OrdinalIgnoreCase)).ToList();
        if (services.Count == 0)
        {
            throw CloudbaseInitError.NoService(tree.Source);
        }

        if (services.Count > 1)
        {
            throw CloudbaseInitError.SeveralServices(tree.Source, services[0].Path, services[1].Path);
        }

        var bin = FilePath.ParentOf(services[0].Path);
        if (bin.Length == 0)
        {
            throw CloudbaseInitError.MissingFile(tree.Source, $@"a directory Bin around {ServiceProgram}");
        }

        var root = FilePath.ParentOf(bin);
        foreach (var file in CloudbaseInitLayout.RequiredFiles)
        {
            if (!tree.FileExists(FilePath.Join(root, file)))
            {
                throw CloudbaseInitError.MissingFile(tree.Source, file);
            }
        }

        if (PeImage.ReadArchitecture(tree, services[0].Path) is not { } architecture
            || architecture is not (ProcessorArchitecture.X86 or ProcessorArchitecture.Amd64))
        {
            throw CloudbaseInitError.NotAProgram(tree.Source, services[0].Path);
        }

        var files = all.Where(f => FilePath.IsWithin(f.Path, root))
            .Select(f => f with { RelativePath = f.Path[(root.Length == 0 ? 0 : root.Length + 1)..] });
        if (tree is IStorageOrder order)
        {
            files = files.OrderBy(f => order.StorageOrderOf(f.Path));
        }

        return new CloudbaseInitPackage(tree, root, FilePath.NameOf(bin), architecture, [.. files], FindVersion(tree, root));
    }

    private static string? FindVersion(IFileSystem tree, string root) =>
        CloudbaseInitLayout.FindVersion(tree, root) ?? (tree as MsiFileSystem)?.Properties.GetValueOrDefault("ProductVersion");
}
