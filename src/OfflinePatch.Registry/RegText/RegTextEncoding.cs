namespace OfflinePatch.Registry.RegText;

/// <summary>How .reg text is written.</summary>
public enum RegTextEncoding
{
    /// <summary>UTF-16, little-endian, with a byte order mark: what regedit writes, and lossless.</summary>
    Utf16,

    /// <summary>UTF-8 without a mark. Names with unpaired surrogates, which Windows allows, are lost.</summary>
    Utf8,
}
