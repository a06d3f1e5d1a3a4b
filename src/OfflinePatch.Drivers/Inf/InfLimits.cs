namespace OfflinePatch.Drivers.Inf;

/// <summary>
/// Bounds on what an INF may ask for. The largest real ones (display drivers) have about 60,000 lines and 8 MB; each limit leaves room
/// above that.
/// </summary>
public static class InfLimits
{
    /// <summary>Bytes of an INF file.</summary>
    public const int FileBytes = 32 * 1024 * 1024;

    /// <summary>Physical lines of an INF file.</summary>
    public const int Lines = 400_000;

    /// <summary>Different sections of an INF file.</summary>
    public const int Sections = 100_000;

    /// <summary>Characters of one field as written in the file.</summary>
    public const int FieldCharacters = 65_536;

    /// <summary>Characters that strings may add to a field: <c>MAX_INF_STRING_LENGTH</c> of Windows.</summary>
    public const int ExpandedCharacters = 4096;

    /// <summary>Fields of one line: a binary value of 64 KiB has one per byte.</summary>
    public const int Fields = 70_000;

    /// <summary>Models (device lines) that one selection may give.</summary>
    public const int Models = 200_000;

    /// <summary>
    /// Device ids that one selection may give; the largest INFs (printers, display adapters) have about 12,000. Each becomes keys of the
    /// driver database.
    /// </summary>
    public const int Ids = 20_000;

    /// <summary>Effects of one install section, with all that it includes.</summary>
    public const int Effects = 200_000;

    /// <summary>Characters and bytes of keys, names and values that one evaluation may give.</summary>
    public const int Content = 32 * 1024 * 1024;

    /// <summary>Sections that one evaluation may visit, with repetitions: recursive <c>Needs</c> end here.</summary>
    public const int SectionVisits = 10_000;

    /// <summary>How deep <c>Needs</c> may nest.</summary>
    public const int NeedsDepth = 16;
}
