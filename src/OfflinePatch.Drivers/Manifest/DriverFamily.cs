using System.Text.Json;

namespace OfflinePatch.Drivers.Manifest;

/// <summary>A family of drivers: one file of drivers-manifest.</summary>
public sealed class DriverFamily
{
    private readonly List<(string Folder, ProcessorArchitecture Architecture)> _architectures = [];

    private DriverFamily(ManifestDocument document)
    {
        Name = document.Family!;
        Title = document.Title!;
        Drivers = document.Drivers!;
        Obtain = document.Obtain ?? [];
        Directories = document.Directories ?? [];
        Exclude = document.Exclude ?? [];
        Installed = document.Installed ?? [];
        foreach (var (name, folders) in document.Architectures ?? new Dictionary<string, IReadOnlyList<string>>())
        {
            if (ProcessorArchitectures.Parse(name) is { } architecture)
            {
                _architectures.AddRange(folders.Select(f => (f, architecture)));
            }
        }
    }

    /// <summary>Its name: <c>virtio</c>, <c>xen-pv</c>.</summary>
    public string Name { get; }

    /// <summary>For people.</summary>
    public string Title { get; }

    /// <summary>Its drivers.</summary>
    public IReadOnlyList<DriverEntry> Drivers { get; }

    /// <summary>Where to get them.</summary>
    public IReadOnlyList<ManifestLink> Obtain { get; }

    /// <summary>Folder names of its discs.</summary>
    public IReadOnlyList<DriverDirectory> Directories { get; }

    /// <summary>Folder and INF names that are skipped.</summary>
    public IReadOnlyList<string> Exclude { get; }

    /// <summary>Version files of installed bundles.</summary>
    public IReadOnlyList<InstalledBundle> Installed { get; }

    /// <summary>The driver of this id, without case, or null.</summary>
    public DriverEntry? Find(string id) => Drivers.FirstOrDefault(d => d.Id.Equals(id, StringComparison.OrdinalIgnoreCase));

    /// <summary>The architecture that a folder name stands for, or null.</summary>
    public ProcessorArchitecture? ArchitectureOf(string folder)
    {
        foreach (var (name, architecture) in _architectures)
        {
            if (name.Equals(folder, StringComparison.OrdinalIgnoreCase))
            {
                return architecture;
            }
        }

        return null;
    }

    /// <summary>Parses a family file.</summary>
    /// <exception cref="CorruptImageException"><c>DRV-0020</c>: it does not follow the schema.</exception>
    public static DriverFamily Parse(ReadOnlySpan<byte> json, string name)
    {
        ManifestDocument? document;
        try
        {
            document = JsonSerializer.Deserialize(json, ManifestJson.Default.ManifestDocument);
        }
        catch (JsonException e)
        {
            throw DriverError.BadManifest(name, e.Message);
        }

        if (document is not { Schema: 1, Family.Length: > 0, Title.Length: > 0, Drivers.Count: > 0 })
        {
            throw DriverError.BadManifest(name, "no schema 1, family, title and drivers");
        }

        if (document.Drivers.Any(d =>
            d is not { Id.Length: > 0, Title: not null, Inf: not null, Services: not null, HardwareIds: not null, Class: not null }))
        {
            throw DriverError.BadManifest(name, "a driver without all of id, title, inf, services, hardwareIds, class");
        }

        return new DriverFamily(document);
    }
}
