namespace OfflinePatch.Registry.Bcd;

/// <summary>One object of a store: a boot manager, a loader, a set of inherited settings.</summary>
public sealed class BcdObject
{
    internal BcdObject(Guid id, uint type, IReadOnlyList<BcdElement> elements)
    {
        Id = id;
        Type = type;
        Elements = elements;
    }

    /// <summary>Its id.</summary>
    public Guid Id { get; }

    /// <summary>Its type as stored: kind, image type, application type.</summary>
    public uint Type { get; }

    /// <summary>What it is, as bcdedit heads it: <c>Windows Boot Loader</c>.</summary>
    public string TypeName => BcdNames.ObjectType(Id, Type);

    /// <summary>Its well-known name, <c>{bootmgr}</c>, or its id in braces.</summary>
    public string Identifier => BcdNames.Identifier(Id);

    /// <summary>Its settings, in ascending order of id.</summary>
    public IReadOnlyList<BcdElement> Elements { get; }

    /// <summary>Whether it loads an operating system.</summary>
    public bool IsOsLoader => Type == BcdNames.OsLoaderType;

    /// <summary>The setting of an id; null when it is not set.</summary>
    public BcdElement? Find(uint id) => Elements.FirstOrDefault(e => e.Id == id);
}
