namespace OfflinePatch.Drivers.Inf;

/// <summary>
/// An INF file: its sections as written, and its strings. Reading never touches a disk; what the sections mean is found by
/// <see cref="InfVersion"/>, <see cref="InfModels"/> and <see cref="InfEvaluator"/>.
/// </summary>
public sealed class InfFile
{
    private readonly Dictionary<string, InfSection> _byName;

    private InfFile(string name, InfReader reader, ushort language)
    {
        Name = name;
        Sections = reader.Sections;
        _byName = reader.ByName;
        Strings = new InfStrings(_byName, language);
        Version = InfVersion.Read(this);
    }

    /// <summary>The file's name, without its folder.</summary>
    public string Name { get; }

    /// <summary>All sections, those of one name merged, in the order of their first appearance.</summary>
    public IReadOnlyList<InfSection> Sections { get; }

    /// <summary>The strings for the language asked for.</summary>
    public InfStrings Strings { get; }

    /// <summary>The <c>[Version]</c> section.</summary>
    public InfVersion Version { get; }

    /// <summary>Parses the bytes of an INF.</summary>
    /// <param name="content">The whole file.</param>
    /// <param name="name">Its name, for messages and records.</param>
    /// <param name="language">The language of its strings, a LANGID.</param>
    /// <exception cref="CorruptImageException">Not text, no section, or no <c>[Version]</c> with a known signature.</exception>
    /// <exception cref="UnsupportedImageException">A limit of <see cref="InfLimits"/> is exceeded.</exception>
    public static InfFile Parse(ReadOnlySpan<byte> content, string name, ushort language = InfStrings.EnglishUnitedStates)
    {
        if (content.Length > InfLimits.FileBytes)
        {
            throw InfError.TooLong(name, content.Length);
        }

        return Parse(InfText.Decode(content, name), name, language);
    }

    /// <summary>Parses the text of an INF.</summary>
    /// <inheritdoc cref="Parse(ReadOnlySpan{byte}, string, ushort)"/>
    public static InfFile Parse(string text, string name, ushort language = InfStrings.EnglishUnitedStates)
    {
        var reader = new InfReader(text, name);
        reader.ReadAll();
        if (reader.Sections.Count == 0)
        {
            throw InfError.NoSections(name);
        }

        return new InfFile(name, reader, language);
    }

    /// <summary>The section of this name, without case, or null.</summary>
    public InfSection? Find(string section) => _byName.GetValueOrDefault(section);

    /// <summary>Substitutes the tokens of a field; directory ids too where <paramref name="directory"/> knows them.</summary>
    /// <exception cref="UnsupportedImageException"><c>INF-0016</c>: the text gets too long.</exception>
    public string Expand(string raw, Func<int, string?>? directory = null) =>
        InfText.Expand(raw, Strings, directory) ?? throw InfError.ExpansionTooLong(Name, raw);

    /// <summary>
    /// The install section that Windows takes for a name: <c>name.NTamd64</c>, <c>name.NT</c>, or <c>name</c>, whichever is first found;
    /// null when there is none. Source: learn.microsoft.com combining-platform-extensions-with-inf-section-names.
    /// </summary>
    public InfSection? FindInstallSection(string name, ProcessorArchitecture architecture) =>
        Find($"{name}.NT{architecture.InfName()}") ?? Find($"{name}.NT") ?? Find(name);
}
