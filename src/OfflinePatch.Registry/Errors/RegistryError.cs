using OfflinePatch.Core;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Errors;

/// <summary>One factory per distinct error of this assembly; codes <c>REG-0101</c> and up. Offsets are those of the hive file.</summary>
internal static class RegistryError
{
    private const string CopyAgain = "Export or copy the image again; if the machine still starts, let Windows repair the hive there.";

    public const string UncleanCode = "REG-0201";

    // 01xx: the file as a whole
    public static CorruptImageException TooShort(long length) =>
        new("REG-0101", "hive", 0, "at least a base block of 4096 bytes and one hive bin", $"{length} bytes", CopyAgain);

    public static CorruptImageException NotAHive(string actual) =>
        new("REG-0102", "base block signature", BaseBlock.Layout.Signature, "'regf'", actual, "This is not a registry hive.");

    public static CorruptImageException BaseBlockField(string field, int offset, string expected, string actual) =>
        new("REG-0103", $"base block, {field}", offset, expected, actual, CopyAgain);

    public static CorruptImageException Truncated(long needed, long length) =>
        new("REG-0104", "hive", -1, $"{needed} bytes, as the base block says", $"{length} bytes", CopyAgain);

    public static CorruptImageException NoRoot(CellOffset root, string actual) =>
        new("REG-0105", "root key", root.FileOffset, "an allocated key node", actual, CopyAgain);

    public static UnsupportedImageException TooLong(long length) =>
        new("REG-0106", $"The hive has {length} bytes; the format ends at 2 GiB.");

    public static CorruptImageException ReplayedBin(long fileOffset) =>
        new("REG-0107", "hive bin", fileOffset, "a sound bin header after the logs were replayed", "a damaged one", CopyAgain);

    // 02xx: dirty hives
    public static RefusedException Unclean(string why) =>
        new(UncleanCode, $"The hive was not closed: its two sequence numbers or its checksum disagree, and {why}.",
            "Start the source machine once and shut it down cleanly, then export it again.");

    // 03xx: structures
    public static CorruptImageException BadCell(string structure, CellOffset cell, string actual) =>
        new("REG-0301", structure, cell.FileOffset, "an allocated cell inside its hive", actual, CopyAgain);

    public static CorruptImageException BadKeyNode(CellOffset cell) =>
        new("REG-0302", "key node", cell.FileOffset, "'nk' with a name that fits its cell", "something else", CopyAgain);

    public static CorruptImageException BadValue(CellOffset cell) =>
        new("REG-0303", "key value", cell.FileOffset, "'vk' with a name that fits its cell", "something else", CopyAgain);

    public static CorruptImageException BadSubkeyList(CellOffset cell) =>
        new("REG-0304", "subkey list", cell.FileOffset, "'li', 'lf', 'lh' or 'ri' with entries that fit its cell", "something else",
            CopyAgain);

    public static CorruptImageException NestedIndexRoot(CellOffset cell) =>
        new("REG-0305", "index root", cell.FileOffset, "leaves below an index root", "another index root", CopyAgain);

    public static CorruptImageException SubkeyCount(CellOffset key, uint expected, long actual) =>
        new("REG-0306", "subkey count", key.FileOffset, $"{expected} subkeys in the list", $"{actual}", CopyAgain);

    public static CorruptImageException WrongParent(CellOffset key, CellOffset expected, CellOffset actual) =>
        new("REG-0307", "parent of a key", key.FileOffset, expected.ToString(), actual.ToString(), CopyAgain);

    public static CorruptImageException SubkeyOrder(CellOffset key, string name) =>
        new("REG-0308", "subkey list", key.FileOffset, "names in ascending order, each once", $"{name} out of place", CopyAgain);

    public static CorruptImageException BadValueList(CellOffset cell, uint count) =>
        new("REG-0309", "value list", cell.FileOffset, $"room for {count} values", "a smaller cell", CopyAgain);

    public static CorruptImageException BadDataLength(CellOffset cell, uint length) =>
        new("REG-0310", "value data", cell.FileOffset, $"{length} bytes", "a smaller cell", CopyAgain);

    public static CorruptImageException BadBigData(CellOffset cell, string actual) =>
        new("REG-0311", "big data", cell.FileOffset, "a 'db' cell whose segments hold the data", actual, CopyAgain);

    public static CorruptImageException BadSecurity(CellOffset cell) =>
        new("REG-0312", "key security", cell.FileOffset, "'sk' with a descriptor that fits its cell", "something else", CopyAgain);

    public static CorruptImageException BadClassName(CellOffset cell) =>
        new("REG-0313", "class name", cell.FileOffset, "text of the length that the key names", "a smaller cell", CopyAgain);

    public static CorruptImageException TooDeep(CellOffset key) =>
        new("REG-0314", "key", key.FileOffset, "at most 512 levels", "more", CopyAgain);

    public static CorruptImageException RepeatedLeaf(CellOffset leaf) =>
        new("REG-0315", "index root", leaf.FileOffset, "each leaf once", "a leaf that the root names twice", CopyAgain);

    public static CorruptImageException TooManyEntries(CellOffset list) =>
        new("REG-0316", "subkey list", list.FileOffset, "no more entries than the hive has room for keys", "more", CopyAgain);

    public static CorruptImageException Unsound(string structure, long offset, string message) =>
        new("REG-0320", structure, offset, "a sound structure before anything is changed", message, CopyAgain);

    // 04xx: what will not be written
    public static RefusedException KeyName(string name) =>
        new("REG-0401", $"'{name}' cannot be the name of a key: 1 to 255 characters without \\.", "Choose another name.");

    public static RefusedException ValueName(int length) =>
        new("REG-0402", $"A value name of {length} characters is too long; 16383 is the most.", "Choose another name.");

    public static RefusedException DepthLimit(string path) =>
        new("REG-0403", $"'{path}' would be deeper than the 512 levels that Windows allows.", "Choose another place.");

    public static RefusedException Full() =>
        new("REG-0404", "The hive would grow past 2 GiB.", "Write less data to it.") { IsFull = true };

    public static RefusedException DeletedKey() =>
        new("REG-0405", "The key was deleted after it was opened.", "Open it again.");

    public static RefusedException RootDelete() =>
        new("REG-0406", "The root key of a hive cannot be deleted.", "Delete what is below it.");

    public static RefusedException PredefinedHandle(string path) =>
        new("REG-0407", $"'{path}' stands for a predefined handle and cannot have values.", "Do not set values in this key.");

    public static RefusedException Layered() =>
        new("REG-0408", "The hive is a differencing layer of a container; its keys mean nothing without the layers below it.",
            "Edit the base hive.");

    public static RefusedException ReadOnlyHive() =>
        new("REG-0410", "The hive was opened as it is, without its missing logs, and is read only.",
            "Open it with the logs, or allow it to be reconciled.");

    public static RefusedException Descriptor() =>
        new("REG-0411", "The security descriptor is not a sound self-relative one.", "Pass a self-relative SECURITY_DESCRIPTOR.");

    // 05xx: .reg text
    public static RefusedException RegText(int line, string what) =>
        new("REG-0501", $"The .reg text cannot be read; line {line}: {what}.", "Export the keys again with regedit, or correct the line.");

    // 06xx: boot configuration stores
    public static CorruptImageException NoBcd() =>
        new("REG-0601", "boot configuration store", -1, "a key 'Objects'", "none", "This hive is no boot configuration store.");

    public static UnsupportedImageException NoBcdObject(string identifier) =>
        new("REG-0602", $"The boot configuration store has no object {identifier}.",
            "`offlinepatch bcd` shows every object with its identifier.");

    public static UnsupportedImageException NoBcdElement(string identifier, string name) =>
        new("REG-0603", $"{identifier} has no element {name}.", "Name it as bcdedit does, or custom: and its id as 8 hexadecimal digits.");

    public static RefusedException BcdValue(string name, string why) =>
        new("REG-0604", $"{name}: {why}.", "Use a value that bcdedit accepts for it.");
}
