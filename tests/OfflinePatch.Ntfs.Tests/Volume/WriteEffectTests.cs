using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Indexes;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Volume;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Volume;

/// <summary>What a change of a file does elsewhere: times of directories, entries of $Extend; refusals that change no byte.</summary>
[Trait("tier", "unit")]
public sealed class WriteEffectTests
{
    private readonly SetClock _clock = new();

    [Fact]
    public void Names_that_come_and_go_set_the_times_of_their_directory()
    {
        using var device = Formatted();
        using var volume = NtfsVolume.Open(device, new NtfsOpenOptions { TimeProvider = _clock });
        volume.CreateDirectory("from");
        volume.CreateDirectory("to");
        var created = _clock.Time.UtcDateTime;
        foreach (var (change, changed) in ((Action, string[])[])[
            (() => volume.WriteFile(@"from\file", [1]), ["from"]), (() => volume.Move(@"from\file", @"from\other"), ["from"]),
            (() => volume.Move(@"from\other", @"to\file"), ["from", "to"]), (() => volume.Delete(@"to\file"), ["to"])])
        {
            _clock.Time += TimeSpan.FromSeconds(10);
            change();
            foreach (var directory in changed)
            {
                var file = volume.OpenFile(directory)!;
                Assert.Equal((created, _clock.Time.UtcDateTime, _clock.Time.UtcDateTime),
                    (file.CreationTimeUtc, file.LastWriteTimeUtc, file.RecordChangeTimeUtc));
            }

            volume.Flush();
            using var again = NtfsVolume.Open(device);
            Assert.All(changed, d => Assert.Equal(_clock.Time.UtcDateTime, again.OpenFile(d)!.LastWriteTimeUtc));
            Assert.Empty(again.Check());
        }
    }

    [Fact]
    public void Content_that_changes_sets_the_times_of_its_file_and_not_those_of_the_directory()
    {
        using var device = Formatted();
        using var volume = NtfsVolume.Open(device, new NtfsOpenOptions { TimeProvider = _clock });
        volume.WriteFile(@"file", [1]);
        var created = _clock.Time.UtcDateTime;
        foreach (var change in (Action[])[
            () => volume.WriteFile("file", [2, 3]), () => volume.Write("file", 1, [4]), () => volume.SetLength("file", 90_000)])
        {
            _clock.Time += TimeSpan.FromSeconds(10);
            change();
            var file = volume.OpenFile("file")!;
            Assert.Equal((created, _clock.Time.UtcDateTime, _clock.Time.UtcDateTime),
                (file.CreationTimeUtc, file.LastWriteTimeUtc, file.RecordChangeTimeUtc));
            Assert.Equal(created, volume.OpenFile("")!.LastWriteTimeUtc);
        }

        _clock.Time += TimeSpan.FromSeconds(10);
        volume.Move("file", "renamed");
        var moved = volume.OpenFile("renamed")!;
        Assert.Equal((_clock.Time.UtcDateTime - TimeSpan.FromSeconds(10), _clock.Time.UtcDateTime),
            (moved.LastWriteTimeUtc, moved.RecordChangeTimeUtc));
    }

    [Fact]
    public void An_object_id_goes_with_its_file()
    {
        using var device = Formatted();
        using var volume = NtfsVolume.Open(device);
        var id = Guid.NewGuid().ToByteArray();
        volume.WriteFile("file", [1]);
        var core = volume.Core;
        var node = core.Nodes.Get(volume.OpenFile("file")!.Reference);
        var attribute = new NodeAttribute(AttributeType.ObjectId, "");
        attribute.SetResident([.. id, .. new byte[48]]);
        node.Attributes.Add(attribute);
        core.Writer.Store(node);
        var value = new byte[56];
        BinaryPrimitives.WriteUInt64LittleEndian(value, node.Reference.Value);
        core.Indexes.Insert(View(volume, "$ObjId"), "$O", IndexEntries.View(id, value));
        Assert.Empty(volume.Check());

        volume.Delete("file");

        Assert.False(core.Indexes.Delete(View(volume, "$ObjId"), "$O", id)); // nothing is left to delete
        Assert.Empty(volume.Check());
    }

    [Fact]
    public void A_reparse_point_goes_with_its_file()
    {
        using var device = Formatted();
        using var volume = NtfsVolume.Open(device);
        volume.WriteFile("file", [1]);
        var key = SetReparsePoint(volume, "file", 0xA000000C);
        Assert.Empty(volume.Check());

        volume.Delete("file");

        Assert.False(volume.Core.Indexes.Delete(View(volume, "$Reparse"), "$R", key));
        Assert.Empty(volume.Check());
    }

    [Theory]
    [InlineData("write")]
    [InlineData("delete")]
    [InlineData("move")]
    [InlineData("stream")]
    public void A_deduplicated_file_is_left_as_it_is(string operation)
    {
        using var device = Formatted();
        using (var volume = NtfsVolume.Open(device))
        {
            volume.WriteFile("file", [1]);
            SetReparsePoint(volume, "file", 0x80000013);
            volume.Flush();
        }

        var before = new byte[device.Length];
        device.Read(0, before);
        using (var volume = NtfsVolume.Open(device))
        {
            Action change = operation switch
            {
                "write" => () => volume.WriteFile("file", [2]),
                "delete" => () => volume.Delete("file"),
                "move" => () => volume.Move("file", "other"),
                _ => () => volume.WriteFile("file:stream", [2]),
            };
            Assert.Equal("NTFS-0321", Assert.Throws<RefusedException>(change).Code);
            volume.Flush();
        }

        var after = new byte[device.Length];
        device.Read(0, after);
        Assert.True(before.AsSpan().SequenceEqual(after));
    }

    [Theory]
    [InlineData("hibr", HibernationState.Hibernated)]
    [InlineData("HIBR", HibernationState.Hibernated)]
    [InlineData("rstr", HibernationState.Hibernated)]
    [InlineData("RSTR", HibernationState.Hibernated)]
    [InlineData("wake", HibernationState.Resumed)]
    [InlineData("WAKE", HibernationState.Resumed)]
    [InlineData("link", HibernationState.OnOtherDisk)]
    [InlineData("LINK", HibernationState.OnOtherDisk)]
    [InlineData("\0\0\0\0", HibernationState.None)]
    [InlineData("hib\0", HibernationState.Unknown)]
    [InlineData("what", HibernationState.Unknown)]
    public void What_hiberfil_begins_with_is_told(string start, HibernationState expected)
    {
        using var device = Formatted();
        using var volume = NtfsVolume.Open(device);
        var content = new byte[4096];
        System.Text.Encoding.ASCII.GetBytes(start).CopyTo(content, 0);
        volume.WriteFile("hiberfil.sys", content);
        volume.Flush();
        using (var again = NtfsVolume.Open(device))
        {
            Assert.Equal(expected, again.NtfsState.Hibernation);
            Assert.Equal(expected is HibernationState.None or HibernationState.Resumed, again.State.HibernationProblem is null);
            Assert.Equal(expected == HibernationState.Resumed, again.State.HibernationNote is not null);
        }

        // as ntfs-3g, which takes a short file for no hibernation
        volume.WriteFile("hiberfil.sys", content.AsSpan(0, 4095));
        volume.Flush();
        using var shorter = NtfsVolume.Open(device);
        Assert.Equal(HibernationState.None, shorter.NtfsState.Hibernation);
    }

    private static MemoryDevice Formatted()
    {
        var device = new MemoryDevice(16 << 20);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = 4096 });
        return device;
    }

    private static FileNode View(NtfsVolume volume, string name)
    {
        var core = volume.Core;
        Assert.True(core.Trees.Open(core.Nodes.Get(FileReference.ExtendRecord)).TryFindName(name, out var reference, out _));
        return core.Nodes.Get(reference);
    }

    /// <summary>Makes a file a reparse point, with its entry in the index of them; gives the key of the entry.</summary>
    private static byte[] SetReparsePoint(NtfsVolume volume, string path, uint tag)
    {
        var core = volume.Core;
        var node = core.Nodes.Get(volume.OpenFile(path)!.Reference);
        var point = new NodeAttribute(AttributeType.ReparsePoint, "");
        var value = new byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(value, tag);
        point.SetResident(value);
        node.Attributes.Add(point);
        node.StandardInformation[StandardInformation.Layout.Attributes + 1] |= 0x04;
        core.Writer.Store(node);
        var key = new byte[12];
        BinaryPrimitives.WriteUInt32LittleEndian(key, tag);
        BinaryPrimitives.WriteUInt64LittleEndian(key.AsSpan(4), node.Reference.Value);
        core.Indexes.Insert(View(volume, "$Reparse"), "$R", IndexEntries.View(key, []));
        new LinkEditor(core.Nodes, core.Records, core.Indexes).RefreshAll(node);
        core.Writer.Store(node);
        foreach (var name in node.Names)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(name.Value.AsSpan(FileNameAttribute.Layout.ReparseTag), tag);
            core.Indexes.UpdateName(core.Nodes.Get(FileReference.RootRecord), node.Reference, name.Value);
        }

        core.Writer.Store(node);
        return key;
    }
}
