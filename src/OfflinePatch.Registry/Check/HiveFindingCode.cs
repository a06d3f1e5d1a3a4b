using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Check;

/// <summary>The codes of the findings of the checker. What each means and what to do is in errors.json.</summary>
internal static class HiveFindingCode
{
    public const string BinSignature = "REG-C101"; // A hive bin has no hbin signature.
    public const string BinOffset = "REG-C102"; // A hive bin is not at the offset that it says.
    public const string BinSize = "REG-C103"; // The size of a hive bin is not valid.
    public const string CellSize = "REG-C104"; // The size of a cell is not valid.
    public const string UnusedCells = "REG-C105"; // Allocated cells belong to nothing.
    public const string EditorCells = "REG-C106"; // The list of cells of the editor differs from the hive.
    public const string DescriptorLength = "REG-C201"; // A security descriptor does not fit its cell.
    public const string RingBroken = "REG-C202"; // The ring of security descriptors leads to a cell that is not allocated.
    public const string SecuritySignature = "REG-C203"; // A security cell has no sk signature.
    public const string RingBackLink = "REG-C204"; // The back link of a security descriptor is wrong.
    public const string DescriptorUnsound = "REG-C205"; // A security descriptor is not sound.
    public const string ReferenceCount = "REG-C206"; // The reference count of a security descriptor is wrong.
    public const string NotInRing = "REG-C207"; // A security descriptor in use is not in the ring.
    public const string DescriptorRevision = "REG-C208"; // A security descriptor is not of revision 1.
    public const string SubkeyCell = "REG-C301"; // A subkey is not an allocated cell of its own.
    public const string KeyNode = "REG-C302"; // A cell is not a key node whose name fits.
    public const string KeyNodeCell = "REG-C303"; // The cell of a key node is too short.
    public const string KeyParent = "REG-C304"; // The parent of a key is wrong.
    public const string KeyDepth = "REG-C305"; // Keys are nested deeper than 512 levels.
    public const string ClassName = "REG-C306"; // The class name of a key is not valid.
    public const string KeySecurity = "REG-C307"; // The security descriptor of a key is not an allocated cell.
    public const string KeyNameLength = "REG-C308"; // The UTF-16 name of a key has an odd length.
    public const string KeyNameBackslash = "REG-C309"; // The name of a key contains a backslash.
    public const string MountPoint = "REG-C310"; // The flags of a key say that hives join there.
    public const string UnknownPredefinedHandle = "REG-C311"; // The flags of a key name an unknown predefined handle.
    public const string RootLink = "REG-C312"; // The root of the hive is a symbolic link.
    public const string KeyLayer = "REG-C313"; // A key has layer semantics in a hive without layers.
    public const string DeletedKeyContent = "REG-C314"; // A key that is deleted in its layer has content.
    public const string PredefinedHandle = "REG-C315"; // A key stands for a predefined handle.
    public const string SubkeyList = "REG-C401"; // The subkey list of a key is not valid.
    public const string IndexRootEntry = "REG-C402"; // An entry of an index root is not a leaf of its own.
    public const string SubkeyCount = "REG-C403"; // The subkey count differs from the list.
    public const string SubkeyOrder = "REG-C404"; // Subkeys are not in the order that Windows requires.
    public const string SubkeyHash = "REG-C405"; // The hash or hint of a subkey is wrong.
    public const string LongestSubkeyName = "REG-C406"; // The maximum length of subkey names is too small.
    public const string ValidatorOrder = "REG-C407"; // Subkeys are in an order that Windows loads and chkreg rejects.
    public const string ValueList = "REG-C501"; // The value list is too short.
    public const string ValueListEntry = "REG-C502"; // An entry of a value list is not an allocated cell of its own.
    public const string ValueNode = "REG-C503"; // A cell is not a key value whose name fits.
    public const string NoDataPlace = "REG-C504"; // A value without data refers to data.
    public const string ValueDataCell = "REG-C505"; // The data of a value are not an allocated cell of their own.
    public const string ValueDataLength = "REG-C506"; // The data of a value do not fit their cell.
    public const string BigDataHead = "REG-C507"; // A big value has no db cell with a list.
    public const string BigDataCount = "REG-C508"; // The number of segments of a big value is wrong.
    public const string BigDataSegment = "REG-C509"; // A segment of a big value is not valid.
    public const string NoValuesList = "REG-C510"; // A key without values has a value list.
    public const string ValueNameLength = "REG-C511"; // The UTF-16 name of a value has an odd length.
    public const string DeletedValue = "REG-C512"; // A value is deleted in its layer, in a hive without layers.
    public const string LinkValue = "REG-C513"; // A symbolic link has a value other than SymbolicLinkValue.
    public const string InlineData = "REG-C514"; // Data of this length cannot be stored in the value itself.
    public const string LongestValueData = "REG-C515"; // The maximum length of value data is too small.
}
