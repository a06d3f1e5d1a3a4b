using OfflinePatch.Core;

namespace OfflinePatch.Disks.Tests.Formats;

/// <summary>An image whose files are loaded from a folder into memory, changed there, and saved back for other programs to judge.</summary>
internal sealed class FolderImageFiles(string imagePath) : IImageFiles
{
    private readonly Dictionary<string, MemoryDevice> _devices = new(StringComparer.Ordinal);

    public string ImagePath => imagePath;

    public ResizableDevice Image => Load(imagePath);

    public bool AllowParents { get; init; } = true;

    public ImageFile OpenCompanion(string relativeTo, string name, CompanionKind kind)
    {
        if (kind == CompanionKind.Parent && !AllowParents)
        {
            throw new RefusedException("TEST-0001", "parents are not allowed");
        }

        if (Path.GetFileName(name) != name)
        {
            throw new RefusedException("TEST-0003", $"{name} leaves the folder");
        }

        var path = Path.Combine(Path.GetDirectoryName(relativeTo)!, name);
        return File.Exists(path) ? new ImageFile(path, Load(path)) : throw new HostIOException("TEST-0002", $"there is no {name}");
    }

    /// <summary>Writes every file back.</summary>
    public void Save()
    {
        foreach (var (path, device) in _devices)
        {
            HostFile.Save(device, path);
        }
    }

    private MemoryDevice Load(string path)
    {
        if (!_devices.TryGetValue(path, out var device))
        {
            device = HostFile.Load(path);
            _devices.Add(path, device);
        }

        return device;
    }
}
