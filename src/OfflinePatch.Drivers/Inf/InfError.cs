using OfflinePatch.Core;

namespace OfflinePatch.Drivers.Inf;

/// <summary>One factory per distinct error in an INF; codes <c>INF-0001</c> and up.</summary>
internal static class InfError
{
    private const string OtherPackage = "Take the driver package from its vendor again.";

    public static UnsupportedImageException TooLong(string name, long length) =>
        new("INF-0001", $"{name} has {length} bytes; an INF of more than {InfLimits.FileBytes} is not read.", OtherPackage);

    public static UnsupportedImageException TooManyLines(string name) =>
        new("INF-0002", $"{name} has more than {InfLimits.Lines} lines.", OtherPackage);

    public static UnsupportedImageException TooManySections(string name) =>
        new("INF-0003", $"{name} has more than {InfLimits.Sections} sections.", OtherPackage);

    public static UnsupportedImageException FieldTooLong(string name, int line) =>
        new("INF-0004", $"{name}, line {line}: a field of more than {InfLimits.FieldCharacters} characters.", OtherPackage);

    public static UnsupportedImageException TooManyFields(string name, int line) =>
        new("INF-0005", $"{name}, line {line}: more than {InfLimits.Fields} fields.", OtherPackage);

    public static CorruptImageException NotText(string name) =>
        new("INF-0006", name, -1, "text (UTF-16 with a byte order mark, UTF-8 or ANSI)", "binary content", OtherPackage);

    public static CorruptImageException NoSections(string name) =>
        new("INF-0007", name, -1, "at least one [section]", "none", OtherPackage);

    public static CorruptImageException NoVersion(string name) =>
        new("INF-0008", name, -1, "a [Version] section with Signature \"$Windows NT$\" or \"$CHICAGO$\"", "none", OtherPackage);

    public static UnsupportedImageException TooManyModels(string name) =>
        new("INF-0010", $"{name} lists more than {InfLimits.Models} devices.", OtherPackage);

    public static UnsupportedImageException TooManyIds(string name) =>
        new("INF-0015", $"{name} lists more than {InfLimits.Ids} device ids for one Windows.", OtherPackage);

    public static UnsupportedImageException ExpansionTooLong(string name, string field) =>
        new("INF-0016", $"{name}: strings make more than {InfLimits.ExpandedCharacters} characters of the field "
            + $"\"{(field.Length > 60 ? field[..60] + "..." : field)}\".", OtherPackage);

    public static UnsupportedImageException TooManyEffects(string name) =>
        new("INF-0011", $"{name} asks for more than {InfLimits.Effects} changes, or "
            + $"for more than {InfLimits.Content >> 20} MiB of keys and values.", OtherPackage);

    public static UnsupportedImageException TooManyVisits(string name, string section) =>
        new("INF-0012", $"{name}: [{section}] leads through more than {InfLimits.SectionVisits} sections.", OtherPackage);

    public static CorruptImageException NeedsTooDeep(string name, string section) =>
        new("INF-0013", $"{name}, [{section}]", -1, $"Needs nested at most {InfLimits.NeedsDepth} deep", "deeper", OtherPackage);

    public static CorruptImageException NoInstallSection(string name, string section) =>
        new("INF-0014", name, -1, $"the install section [{section}], plain or with .NT or the architecture", "none", OtherPackage);
}
