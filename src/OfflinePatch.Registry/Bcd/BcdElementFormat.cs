namespace OfflinePatch.Registry.Bcd;

/// <summary>What an element holds: the second hexadecimal digit of its id.</summary>
public enum BcdElementFormat
{
    /// <summary>None of those known.</summary>
    Unknown = 0,

    /// <summary>A device.</summary>
    Device = 1,

    /// <summary>A text.</summary>
    String = 2,

    /// <summary>The id of an object.</summary>
    Object = 3,

    /// <summary>Ids of objects.</summary>
    ObjectList = 4,

    /// <summary>A number of up to 64 bits.</summary>
    Integer = 5,

    /// <summary>Yes or no.</summary>
    Boolean = 6,

    /// <summary>Numbers of 64 bits.</summary>
    IntegerList = 7,
}
