using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.LogState;
using OfflinePatch.Ntfs.Replay;

namespace OfflinePatch.Ntfs.Volume;

/// <summary>Reads <see cref="NtfsVolumeState"/>.</summary>
internal sealed class VolumeStateReader(NtfsVolume volume, NodeCache nodes, RunDevice device)
{
    /// <summary>The catalogue of volume shadow copies in System Volume Information. Source: the documentation of libvshadow.</summary>
    private const string ShadowCatalogue = "{3808876b-c176-4e48-b7ae-04046e6cc752}";

    public NtfsVolumeState Read()
    {
        var node = nodes.Get(FileReference.VolumeRecord);
        if (!VolumeInformation.TryCreate(node.Value(AttributeType.VolumeInformation), out var information))
        {
            throw NtfsError.BadMetafile("$Volume", "a short $VOLUME_INFORMATION");
        }

        var label = node.Find(AttributeType.VolumeName, "") is { IsResident: true } name
            ? Utf16.ToText(name.Value.AsSpan(0, name.Value.Length & ~1)) : "";
        return new NtfsVolumeState
        {
            IsDirty = (information.Flags & 1) != 0,
            VolumeFlags = information.Flags,
            LogFile = ReadLog(),
            Hibernation = ReadHibernation(),
            MajorVersion = information.Major,
            MinorVersion = information.Minor,
            Label = label,
            SerialNumber = device.Geometry.SerialNumber,
            HasShadowCopies = FindShadowCopies(),
        };
    }

    private LogFileState ReadLog()
    {
        var node = nodes.Get(FileReference.LogFileRecord);
        return node.Find(AttributeType.Data, "") is { IsResident: false } data
            ? LogFileInspection.Read((offset, buffer) => data.Read(device, node.Number, offset, buffer), data.DataSize).State
            : LogFileState.Damaged;
    }

    private HibernationState ReadHibernation()
    {
        if (volume.Find("hiberfil.sys") is not { IsDirectory: false, Length: >= 4096 })
        {
            return HibernationState.None;
        }

        Span<byte> start = stackalloc byte[4];
        volume.Read("hiberfil.sys", 0, start);
        foreach (ref var letter in start)
        {
            letter |= 0x20;
        }

        return start switch
        {
            _ when start.SequenceEqual("hibr"u8) || start.SequenceEqual("rstr"u8) => HibernationState.Hibernated,
            _ when start.SequenceEqual("wake"u8) => HibernationState.Resumed,
            _ when start.SequenceEqual("link"u8) => HibernationState.OnOtherDisk,
            [0x20, 0x20, 0x20, 0x20] => HibernationState.None,
            _ => HibernationState.Unknown,
        };
    }

    private bool FindShadowCopies()
    {
        if (volume.Find("System Volume Information") is not { IsDirectory: true })
        {
            return false;
        }

        return volume.Enumerate("System Volume Information").Any(e => e.Name.EndsWith(ShadowCatalogue, StringComparison.OrdinalIgnoreCase)
            && e.Name.Length > ShadowCatalogue.Length);
    }
}
