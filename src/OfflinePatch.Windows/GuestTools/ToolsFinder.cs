using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.GuestTools;

/// <summary>Whether a product does anything.</summary>
public enum ToolsState
{
    /// <summary>Its programs, or without any its drivers, start.</summary>
    Active,

    /// <summary>It is installed, and none of its programs starts.</summary>
    Silenced,

    /// <summary>Only parts are left: a registration, a folder, a disabled driver.</summary>
    Remains,
}

/// <summary>A product that is in a Windows.</summary>
/// <param name="Product">The product.</param>
/// <param name="Version">The version that it is registered with, or null.</param>
/// <param name="State">What it does.</param>
/// <param name="Services">Its enabled services of the current control set.</param>
internal sealed record FoundTools(ToolsProduct Product, string? Version, ToolsState State, IReadOnlyList<string> Services)
{
    /// <summary>Name and version.</summary>
    public string Title => Version is null ? Product.Title : $"{Product.Title} {Version}";
}

/// <summary>Looks for products.</summary>
internal static class ToolsFinder
{
    /// <summary>The products of a catalogue that are in a Windows.</summary>
    public static IReadOnlyList<FoundTools> Find(WindowsSystem system, ToolsCatalog catalog) =>
        [.. catalog.Products.Select(p => Find(system, p)).OfType<FoundTools>()];

    /// <summary>A product, or null when nothing of it is there.</summary>
    public static FoundTools? Find(WindowsSystem system, ToolsProduct product)
    {
        var installer = new InstallerRecords(system, product);
        var present = product.Services.Select(system.Current.Service).OfType<GuestKey>().ToList();
        var enabled = present.Where(ServiceImage.IsEnabled).ToList();
        var files = system.Volume.RequireFiles();
        if (present.Count == 0 && !installer.IsRegistered && !ToolsRemoval.HasStartEntry(system, product)
            && !product.Folders.Any(f => !f.Contains('*', StringComparison.Ordinal) && files.DirectoryExists(f)))
        {
            return null;
        }

        var hasPrograms = present.Exists(ServiceImage.IsProgram);
        var isActive = ToolsRemoval.HasStartEntry(system, product)
            || (hasPrograms ? enabled.Exists(ServiceImage.IsProgram) : enabled.Count > 0);
        var state = isActive ? ToolsState.Active : hasPrograms ? ToolsState.Silenced : ToolsState.Remains;
        return new FoundTools(product, installer.Version ?? VersionOf(system, product), state, [.. enabled.Select(k => k.Name)]);
    }

    private static string? VersionOf(WindowsSystem system, ToolsProduct product) => product.VersionValues
        .SelectMany(v => ToolsRemoval.Keys(system, v.Key).Select(k => k.GetString(v.Value)))
        .FirstOrDefault(v => !string.IsNullOrWhiteSpace(v));
}
