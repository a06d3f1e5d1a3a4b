using OfflinePatch.Core;

namespace OfflinePatch.Testing;

/// <summary>An image in memory, with companions by name, for tests of containers.</summary>
public sealed class MemoryImageFiles(ResizableDevice image, string path = "image") : IImageFiles
{
    /// <summary>The companion files, by name.</summary>
    public Dictionary<string, ResizableDevice> Companions { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether parents may be opened.</summary>
    public bool AllowParents { get; set; } = true;

    /// <inheritdoc/>
    public string ImagePath => path;

    /// <inheritdoc/>
    public ResizableDevice Image => image;

    /// <inheritdoc/>
    public ImageFile OpenCompanion(string relativeTo, string name, CompanionKind kind)
    {
        if (kind == CompanionKind.Parent && !AllowParents)
        {
            throw new RefusedException("TEST-0001", "parents are not allowed");
        }

        return Companions.TryGetValue(name, out var device)
            ? new ImageFile(name, device)
            : throw new HostIOException("TEST-0002", $"there is no {name}");
    }
}
