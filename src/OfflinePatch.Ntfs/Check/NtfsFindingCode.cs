using OfflinePatch.Ntfs.Engine.Indexes;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Check;

/// <summary>The codes of the findings of the checker. What each means and what to do is in errors.json.</summary>
internal static class NtfsFindingCode
{
    public const string Unreadable = "NTFS-6001"; // The volume cannot be read far enough to be checked.
    public const string BackupBootSector = "NTFS-6002"; // The backup boot sector is missing or differs.
    public const string OutsideVolume = "NTFS-6003"; // A structure refers to bytes outside the volume.
    public const string MftUnreadable = "NTFS-6010"; // The MFT cannot be read.
    public const string MirrorDiffers = "NTFS-6011"; // $MFTMirr is missing, too short, or differs from $MFT.
    public const string MirrorPlace = "NTFS-6012"; // The boot sector names another place of $MFTMirr.
    public const string RecordMagic = "NTFS-6020"; // A FILE record has no FILE magic.
    public const string RecordTorn = "NTFS-6021"; // A FILE record was written only in part (update sequence mismatch).
    public const string RecordHeader = "NTFS-6022"; // A field in the header of a FILE record is not valid.
    public const string Attribute = "NTFS-6023"; // An attribute is not valid.
    public const string RecordEnd = "NTFS-6024"; // The end marker of a FILE record is missing or misplaced.
    public const string AttributeOrder = "NTFS-6025"; // Attributes are not in order.
    public const string AttributeIdTwice = "NTFS-6026"; // Two attributes of a record have the same id.
    public const string AttributeIdTooHigh = "NTFS-6027"; // An attribute id is not below the next attribute id.
    public const string Residence = "NTFS-6028"; // An attribute is resident where it must not be, or not resident where it must be.
    public const string IndexedFlag = "NTFS-6029"; // The indexed flag of an attribute is wrong.
    public const string AttributeName = "NTFS-6030"; // The name of an attribute overlaps its header.
    public const string ValuePlace = "NTFS-6031"; // The value or the mapping pairs of an attribute are misplaced.
    public const string AttributeType = "NTFS-6032"; // The type of an attribute is unknown.
    public const string AttributeTwice = "NTFS-6033"; // Two attributes have the same type and name.
    public const string RecordNumber = "NTFS-6034"; // A FILE record has the number of another record.
    public const string AttributeFlags = "NTFS-6035"; // The flags of an attribute are unknown.
    public const string CompressionUnit = "NTFS-6036"; // The compression unit of an attribute is not valid.
    public const string Runs = "NTFS-6040"; // The runs of an attribute lie outside the volume.
    public const string HighestVcn = "NTFS-6043"; // The runs of an attribute end at another VCN than it says.
    public const string AllocatedSize = "NTFS-6044"; // The allocated size of a stream differs from its runs.
    public const string SizeOrder = "NTFS-6045"; // The sizes of a stream are not in order.
    public const string CompressedSize = "NTFS-6046"; // The compressed size of a stream differs from its runs.
    public const string UnexpectedHole = "NTFS-6047"; // A stream that is neither sparse nor compressed has a hole.
    public const string ClusterOwnedTwice = "NTFS-6048"; // Two runs own the same cluster.
    public const string LowestVcn = "NTFS-6049"; // The extents of an attribute are not contiguous.
    public const string StandardInformation = "NTFS-6050"; // $STANDARD_INFORMATION is missing, misplaced or of a wrong length.
    public const string SecurityId = "NTFS-6051"; // A security id is not in $Secure.
    public const string LinkCount = "NTFS-6053"; // The link count differs from the number of names.
    public const string FileName = "NTFS-6054"; // A $FILE_NAME is not valid.
    public const string DosName = "NTFS-6055"; // A DOS name has no Win32 name.
    public const string ParentOfName = "NTFS-6056"; // The parent of a name is not a directory in use.
    public const string NoName = "NTFS-6057"; // A file has no name.
    public const string NameCharacter = "NTFS-6058"; // A name contains a character that Windows does not accept.
    public const string ShortName = "NTFS-6059"; // A DOS name is not an 8.3 name.
    public const string DirectoryFlag = "NTFS-6060"; // The directory flag disagrees with the index $I30.
    public const string ViewIndexFlag = "NTFS-6061"; // The view index flag disagrees with the indexes.
    public const string NoContent = "NTFS-6062"; // A file has no unnamed $DATA.
    public const string ReparseFlag = "NTFS-6063"; // The reparse attribute flag disagrees with $REPARSE_POINT.
    public const string ParentLoop = "NTFS-6064"; // A chain of parents does not lead to the root.
    public const string ReparseTooShort = "NTFS-6065"; // A reparse point is too short.
    public const string NameNotOpened = "NTFS-6066"; // A name leads Windows programs elsewhere.
    public const string ListIncomplete = "NTFS-6070"; // An attribute list does not match the attributes.
    public const string BaseReference = "NTFS-6071"; // The base reference of an extension record is wrong.
    public const string ListNameOffset = "NTFS-6072"; // An attribute list entry has an unusual name offset.
    public const string ListInvalid = "NTFS-6073"; // An attribute list is too long or not valid.
    public const string ListOrder = "NTFS-6074"; // The entries of an attribute list are not in order.
    public const string IndexHeader = "NTFS-6080"; // The header of an index is not valid.
    public const string IndexNode = "NTFS-6081"; // A node of an index is not valid.
    public const string IndexBlock = "NTFS-6082"; // An index block has no INDX magic, or was written only in part.
    public const string IndexBlockVcn = "NTFS-6083"; // An index block has the VCN of another block.
    public const string KeyOrder = "NTFS-6084"; // The keys of an index are not in order.
    public const string SubNode = "NTFS-6085"; // A sub-node of an index is outside it, or found twice.
    public const string IndexBitmap = "NTFS-6086"; // The bitmap of an index disagrees with its blocks.
    public const string SubNodeFlag = "NTFS-6087"; // The sub-node flag of an entry disagrees with its node.
    public const string EntryTarget = "NTFS-6090"; // A directory entry leads to a record that is not a file in use.
    public const string EntrySequence = "NTFS-6091"; // A directory entry has an old sequence number.
    public const string EntryParent = "NTFS-6092"; // A directory entry names another parent.
    public const string EntryMissing = "NTFS-6093"; // A file is missing in the index of its directory.
    public const string EntrySizes = "NTFS-6094"; // The sizes in a directory entry differ from the file.
    public const string EntryKind = "NTFS-6095"; // A directory entry says file for a directory, or the reverse.
    public const string EntryName = "NTFS-6096"; // The name in a directory entry is not valid.
    public const string EntryWithoutName = "NTFS-6097"; // A directory entry has no matching $FILE_NAME.
    public const string ClusterMarkedFree = "NTFS-6100"; // A cluster in use is marked as free in $Bitmap.
    public const string ClusterMarkedUsed = "NTFS-6101"; // A cluster that no file owns is marked as in use.
    public const string BitmapTail = "NTFS-6102"; // The bits of $Bitmap after the last cluster are clear.
    public const string BitmapTooShort = "NTFS-6103"; // $Bitmap is missing or too short.
    public const string RecordMarkedFree = "NTFS-6110"; // A record in use is marked as free, or the bitmap of $MFT is too short.
    public const string RecordMarkedUsed = "NTFS-6111"; // A free record is marked as in use.
    public const string RecordBitBehindEnd = "NTFS-6112"; // The bitmap of $MFT marks records after its end.
    public const string SecurityEntry = "NTFS-6120"; // An entry of $SII does not match $SDS.
    public const string SecurityHash = "NTFS-6121"; // The hash of a security descriptor is wrong.
    public const string SecurityCopy = "NTFS-6122"; // The two copies of a security descriptor differ.
    public const string SecurityHashIndex = "NTFS-6123"; // $SDH does not match $SII.
    public const string ReparseIndex = "NTFS-6130"; // The reparse point index $R does not match the files.
    public const string ObjectIdIndex = "NTFS-6131"; // The object id index $O does not match the files.
    public const string DirtyFlag = "NTFS-6140"; // The dirty flag of the volume is set.
    public const string LogOpen = "NTFS-6141"; // The log was not closed.
    public const string LogUnreadable = "NTFS-6142"; // The log has no restart page.
    public const string VolumeVersion = "NTFS-6143"; // $VOLUME_INFORMATION is missing or has an unknown version.
    public const string UpcaseTable = "NTFS-6150"; // $UpCase is missing, too short, or differs from the table of Windows.
    public const string BadClusters = "NTFS-6151"; // $BadClus:$Bad has another size than the volume.
    public const string AttributeDefinitions = "NTFS-6152"; // $AttrDef is not valid.
}
