using System.Runtime.CompilerServices;
using OfflinePatch.Core;
using OfflinePatch.Drivers.Packages;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>The packages of the trees that the user named, each tree read once however many rules ask.</summary>
internal static class DriverSources
{
    private static readonly ConditionalWeakTable<IFileSystem, DriverSource> Read = [];

    /// <summary>The packages of a tree. A tree belongs to one image's run, which is one thread.</summary>
    public static DriverSource Of(IFileSystem tree) => Read.GetValue(tree, static t => DriverSource.Scan(t));

    /// <summary>The packages of all trees.</summary>
    public static IEnumerable<DriverPackage> All(IEnumerable<IFileSystem> trees) => trees.SelectMany(t => Of(t).Packages);
}
