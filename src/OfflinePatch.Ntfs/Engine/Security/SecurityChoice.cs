using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Indexes;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Security;

/// <summary>
/// The security id of a new file: that of most siblings of its kind; without siblings, what it inherits from the directory, looked up in
/// $Secure and added only when it is not there. Source: Linux-NTFS documentation, $Secure.
/// </summary>
internal sealed class SecurityChoice(RunDevice device, RecordStore records, IndexTrees trees, SecurityStore store)
{
    /// <summary>Siblings that are looked at: enough to outvote an unusual one, few enough for a directory of a million.</summary>
    private const int MaxSiblings = 48;

    private readonly Dictionary<(long Directory, bool IsDirectory), uint> _known = [];

    /// <summary>The id for a new child of a directory.</summary>
    public uint Choose(FileNode directory, bool isDirectory)
    {
        if (!_known.TryGetValue((directory.Number, isDirectory), out var id))
        {
            id = OfSiblings(directory, isDirectory);
            id = id != 0 ? id : Inherit(directory, isDirectory);
            _known[(directory.Number, isDirectory)] = id;
        }

        return id;
    }

    /// <summary>Forgets a directory whose record was freed.</summary>
    public void Forget(long directory)
    {
        _known.Remove((directory, true));
        _known.Remove((directory, false));
    }

    private uint OfSiblings(FileNode directory, bool isDirectory)
    {
        // in the root nearly every file is special (pagefile.sys, bootmgr): inheritance says more
        if (directory.Number == FileReference.RootRecord)
        {
            return 0;
        }

        var votes = new Dictionary<uint, int>();
        var cursor = trees.Open(directory).GetCursor();
        for (var asked = 0; asked < MaxSiblings && cursor.MoveNext();)
        {
            if (!FileNameAttribute.TryCreate(cursor.Entry.Key, out var key) || key.NameSpace == FileNameSpace.Dos
                || (key.Attributes & FileNameAttribute.DirectoryBit) != 0 != isDirectory)
            {
                continue;
            }

            asked++;
            var record = records.Get(cursor.Entry.Reference);
            if (record.TryFind(AttributeType.StandardInformation, "", out var attribute) && attribute.IsResident
                && StandardInformation.TryCreate(attribute.Value, out var standard) && standard.SecurityId != 0)
            {
                votes[standard.SecurityId] = votes.GetValueOrDefault(standard.SecurityId) + 1;
            }
        }

        return votes.Count == 0 ? 0 : votes.MaxBy(v => v.Value).Key;
    }

    private uint Inherit(FileNode directory, bool isDirectory)
    {
        byte[]? descriptor = null;
        if (StandardInformation.TryCreate(directory.StandardInformation, out var standard) && standard.SecurityId != 0)
        {
            descriptor = store.Read(standard.SecurityId);
        }

        descriptor ??= directory.Find(AttributeType.SecurityDescriptor, "")?.ReadAll(device, directory.Number, 64 * 1024,
            "a security descriptor");
        var wanted = SecurityInheritance.Create(descriptor, isDirectory);
        var id = store.Find(wanted);
        return id != 0 ? id : store.Append(wanted);
    }
}
