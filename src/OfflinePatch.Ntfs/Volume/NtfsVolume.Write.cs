using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Indexes;
using OfflinePatch.Ntfs.Engine.Storage;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Volume;

/// <content>Writing. Every operation checks first and changes afterwards; what fails halfway closes the volume for writing.</content>
public sealed partial class NtfsVolume
{
    /// <summary>FILE_ATTRIBUTE_ARCHIVE.</summary>
    private const uint ArchiveBit = 0x20;

    private string? _broken;
    private bool _gatesPassed;

    /// <summary>Whether changes are pending until <see cref="Flush"/>.</summary>
    public bool HasUnflushedChanges => _core.Changes.Count != _flushedAt;

    /// <summary>Why the volume is closed for writing, or null.</summary>
    internal string? BrokenReason => _broken;

    private int _flushedAt;

    /// <inheritdoc/>
    /// <exception cref="RefusedException">A directory on the path must not be changed.</exception>
    public void CreateDirectory(string path)
    {
        _ = ParseToWrite(path);
        var target = NtfsPath.Literal(path); // name:stream is no directory: the colon is refused as in any other name
        for (var length = 1; length <= target.Parts.Length; length++)
        {
            var part = new NtfsPath(target.Parts[..length], "");
            if (TryResolve(part, out var reference, out _))
            {
                if (!_core.Records.Get(reference).IsDirectory)
                {
                    throw NtfsError.WrongKind(path, "is not a directory");
                }

                continue;
            }

            NameRules.Check(part.Name, path);
            var parent = WritableDirectory(part.Parent, path);
            Change(RecordReserve(parent), () => Create(parent, part.Name, isDirectory: true, null, 0));
        }
    }

    /// <inheritdoc/>
    public void WriteFile(string path, ReadOnlySpan<byte> content)
    {
        using var stream = new MemoryStream(content.ToArray(), writable: false);
        WriteFile(path, stream, content.Length);
    }

    /// <inheritdoc/>
    /// <remarks><c>path:stream</c> creates or replaces an alternate stream of an existing file or directory.</remarks>
    public void WriteFile(string path, Stream content, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        var target = ParseToWrite(path);
        if (target.Parts.Length == 0)
        {
            throw NtfsError.WrongKind(path, "is the root directory");
        }

        if (length > long.MaxValue / 2 || _core.Geometry.ClustersFor(length) > _core.Geometry.ClusterCount)
        {
            throw NtfsError.Full(_core.Geometry.ClustersFor(Math.Min(length, long.MaxValue / 2)));
        }

        if (TryResolve(target with { Stream = "" }, out var reference, out _))
        {
            ReplaceContent(reference, target, path, content, length);
            return;
        }

        if (target.Stream.Length > 0)
        {
            throw NtfsError.NotFound(path);
        }

        NameRules.Check(target.Name, path);
        var parent = WritableDirectory(target.Parent, path);
        Change(RecordReserve(parent) + _core.Geometry.ClustersFor(length),
            () => Create(parent, target.Name, isDirectory: false, content, length));
    }

    /// <inheritdoc/>
    public void WriteFile(string path, ReadOnlySpan<byte> content, IReadOnlyList<Range> changed)
    {
        if (OpenFile(path) is not { ReparseTag: 0 } file || file.Length > content.Length
            || file.Streams is not [{ IsCompressed: false, IsSparse: false }, ..])
        {
            WriteFile(path, content);
            return;
        }

        foreach (var range in changed)
        {
            Write(path, range.Start.Value, content[range]);
        }
    }

    /// <summary>Writes a part of a file, which becomes longer where needed; a gap reads as zeros.</summary>
    /// <exception cref="RefusedException">The content is packed, or the file is special.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public void Write(string path, long offset, ReadOnlySpan<byte> content)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (content.Length == 0)
        {
            return;
        }

        if (offset > (_core.Geometry.ClusterCount << _core.Geometry.ClusterShift) - content.Length)
        {
            throw NtfsError.Full(_core.Geometry.ClusterCount);
        }

        var (node, data) = WritableStream(path);
        var bytes = content.ToArray();
        Change(GrowthReserve(node, data, offset + bytes.Length), () =>
        {
            _core.Streams.Write(node, data, offset, bytes);
            Finish(node);
        });
    }

    /// <summary>Sets the length of a file; new bytes read as zeros.</summary>
    /// <exception cref="RefusedException">The content is packed, or the file is special.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public void SetLength(string path, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (length > _core.Geometry.ClusterCount << _core.Geometry.ClusterShift)
        {
            throw NtfsError.Full(_core.Geometry.ClusterCount);
        }

        var (node, data) = WritableStream(path);
        if (data.DataSize == length)
        {
            return;
        }

        Change(GrowthReserve(node, data, length), () =>
        {
            _core.Streams.SetLength(node, data, length);
            Finish(node);
        });
    }

    /// <inheritdoc/>
    /// <remarks>A file with further hard links loses only this name. <c>path:stream</c> deletes an alternate stream.</remarks>
    public void Delete(string path)
    {
        var target = ParseToWrite(path);
        if (target.Parts.Length == 0)
        {
            throw NtfsError.WrongKind(path, "is the root directory");
        }

        var parent = WritableDirectory(target.Parent, path);
        if (!_core.Trees.Open(parent).TryFindName(target.Name, out var reference, out var key))
        {
            throw NtfsError.NotFound(path);
        }

        var node = _core.Nodes.Get(reference);
        WriteGates.CheckFile(node, path);
        if (target.Stream.Length > 0)
        {
            DeleteStream(node, target.Stream, path);
            return;
        }

        if (node.IsDirectory && _core.Trees.Open(node).GetCursor().MoveNext())
        {
            throw NtfsError.NotEmpty(path);
        }

        _ = LinkEditor.Linked(node, parent, key);
        Change(0, () =>
        {
            _links.Remove(node, parent, key);
            if (node.Names.Any())
            {
                LinkEditor.Touch(node, _core.Now(), content: false);
                _core.Writer.Store(node);
                _links.RefreshAll(node);
            }
            else
            {
                _remover.Remove(node);
                _security.Forget(node.Number);
            }

            _links.TouchDirectory(parent, _core.Now());
        });
    }

    /// <inheritdoc/>
    /// <exception cref="RefusedException"><c>NTFS-0403</c>: the new path exists.</exception>
    public void Move(string path, string newPath)
    {
        var source = ParseToWrite(path);
        var target = ParseToWrite(newPath);
        if (source.Parts.Length == 0 || target.Parts.Length == 0 || source.Stream.Length > 0 || target.Stream.Length > 0)
        {
            throw NtfsError.WrongKind(path, "is not a file or directory that can be renamed");
        }

        NameRules.Check(target.Name, newPath);
        var parent = WritableDirectory(source.Parent, path);
        if (!_core.Trees.Open(parent).TryFindName(source.Name, out var reference, out var key))
        {
            throw NtfsError.NotFound(path);
        }

        var node = _core.Nodes.Get(reference);
        WriteGates.CheckFile(node, path);
        var newParent = WritableDirectory(target.Parent, newPath);
        var exists = _core.Trees.Open(newParent).TryFindName(target.Name, out var existing, out var existingKey);
        if (exists && existing != reference)
        {
            throw NtfsError.Exists(newPath);
        }

        if (node.IsDirectory)
        {
            RefuseInside(node, target.Parent, newPath);
        }

        var old = LinkEditor.Linked(node, parent, key);
        if (exists && !old.Exists(a => LinkEditor.IsSameName(a.Value, existingKey)))
        {
            throw NtfsError.Exists(newPath);
        }

        Change(RecordReserve(newParent), () =>
        {
            _links.Remove(node, parent, key);
            var now = _core.Now();
            LinkEditor.Touch(node, now, content: false);
            _links.Add(node, newParent, target.Name);
            _core.Writer.Store(node);
            var added = node.Names.Last(n => FileNameAttribute.TryCreate(n.Value, out var v) && v.Parent == newParent.Reference
                && v.Name == target.Name);
            _links.Index(node, newParent, added.Value);
            _links.RefreshAll(node);
            _core.Writer.Store(node);
            _links.TouchDirectory(parent, now);
            _links.TouchDirectory(newParent, now);
        });
    }

    /// <inheritdoc/>
    /// <remarks>Order: content, bitmaps, index blocks, records, $MFTMirr.</remarks>
    public void Flush()
    {
        if (_broken is not null)
        {
            throw NtfsError.Broken(_broken);
        }

        if (!HasUnflushedChanges)
        {
            return;
        }

        _core.Flush();
        _flushedAt = _core.Changes.Count;
    }

    private void ReplaceContent(FileReference reference, NtfsPath target, string path, Stream content, long length)
    {
        var node = _core.Nodes.Get(reference);
        CheckPlace(target.Parent, path);
        var data = FindStream(node, target.Stream);
        if (data is null && target.Stream.Length > 0)
        {
            NameRules.Check(target.Stream, path);
        }

        if (node.IsDirectory && target.Stream.Length == 0)
        {
            throw NtfsError.WrongKind(path, "is a directory");
        }

        WriteGates.CheckContent(node, path, partly: false, data);
        Change(RecordReserve(null) + Math.Max(0, _core.Geometry.ClustersFor(length) - (data?.Runs.AllocatedClusters ?? 0)), () =>
        {
            if (target.Stream.Length == 0)
            {
                _remover.RemoveCompactOs(node);
            }

            if (data is null)
            {
                data = new NodeAttribute(AttributeType.Data, target.Stream);
                node.Attributes.Add(data);
            }

            _core.Streams.Replace(node, data, content, length);
            FileRemover.ClearPackedBits(node);
            Finish(node);
        });
    }

    private void DeleteStream(FileNode node, string stream, string path)
    {
        var data = FindStream(node, stream) ?? throw NtfsError.NotFound(path);
        if (StreamContent.TagOf(node) is not 0)
        {
            throw NtfsError.ReparsePoint(path, "the file is a reparse point");
        }

        Change(0, () =>
        {
            _core.Streams.Clear(data);
            node.Attributes.Remove(data);
            Finish(node);
        });
    }

    /// <summary>Stores a file whose content changed, with its times and all copies of them.</summary>
    private void Finish(FileNode node)
    {
        LinkEditor.Touch(node, _core.Now(), content: true);
        foreach (var name in node.Names)
        {
            _links.Refresh(node, name.Value);
        }

        _core.Writer.Store(node);

        // storing may have moved the content out of the record: the copies say so
        _links.RefreshAll(node);
    }

    private void Create(FileNode parent, string name, bool isDirectory, Stream? content, long length)
    {
        var security = _security.Choose(parent, isDirectory);
        var number = _core.RecordAllocator.Allocate(out var sequence);
        _core.Records.Reformat(number, sequence);
        var node = new FileNode(number, sequence) { Flags = FileRecordFlags.InUse | (isDirectory ? FileRecordFlags.Directory : 0) };
        _core.Nodes.Add(node);

        var now = _core.Now();
        var standard = new NodeAttribute(AttributeType.StandardInformation, "");
        standard.SetResident(NewStandardInformation(now, isDirectory ? 0 : ArchiveBit, security));
        node.Attributes.Add(standard);
        if (isDirectory)
        {
            var root = new NodeAttribute(AttributeType.IndexRoot, IndexTrees.Directory);
            root.SetResident(IndexTree.EmptyRoot(AttributeType.FileName, CollationRule.FileName, _core.Geometry.IndexBlockSize,
                ClusterSize));
            _links.Add(node, parent, name);
            node.Attributes.Add(root);
        }
        else
        {
            var data = new NodeAttribute(AttributeType.Data, "");
            _links.Add(node, parent, name);
            node.Attributes.Add(data);
            _core.Streams.Replace(node, data, content!, length);
        }

        var value = node.Attributes.First(a => a.Type == AttributeType.FileName).Value;
        _links.Refresh(node, value);
        _core.Writer.Store(node);
        _links.Refresh(node, value);
        _links.Index(node, parent, value);
        _links.TouchDirectory(parent, now);
    }

    private static byte[] NewStandardInformation(long now, uint attributes, uint security)
    {
        var value = new byte[StandardInformation.Layout.Size];
        var writer = new StandardInformationWriter(value);
        writer.SetTimes(now);
        writer.SetAttributes(attributes);
        writer.SetSecurityId(security);
        return value;
    }

    private (FileNode Node, NodeAttribute Data) WritableStream(string path)
    {
        var target = ParseToWrite(path);
        if (!TryResolve(target with { Stream = "" }, out var reference, out _))
        {
            throw NtfsError.NotFound(path);
        }

        CheckPlace(target.Parent, path);
        var node = _core.Nodes.Get(reference);
        var data = FindStream(node, target.Stream)
            ?? throw (node.IsDirectory ? NtfsError.WrongKind(path, "is a directory") : NtfsError.NotFound(path));
        WriteGates.CheckContent(node, path, partly: true, data);
        return (node, data);
    }

    private FileNode WritableDirectory(NtfsPath path, string fullPath)
    {
        var found = TryResolve(path, out var reference, out _, out var metafiles);
        RefuseMetafiles(metafiles, fullPath);
        if (!found)
        {
            throw NtfsError.NotFound(string.Join('\\', path.Parts));
        }

        var node = _core.Nodes.Get(reference);
        if (!node.IsDirectory)
        {
            throw NtfsError.WrongKind(string.Join('\\', path.Parts), "is not a directory");
        }

        WriteGates.CheckDirectory(node, fullPath);
        return node;
    }

    /// <summary>Nothing below $Extend is changed.</summary>
    private void CheckPlace(NtfsPath directory, string path)
    {
        TryResolve(directory, out _, out _, out var metafiles);
        RefuseMetafiles(metafiles, path);
    }

    private static void RefuseMetafiles(int count, string path)
    {
        if (count > 0)
        {
            throw NtfsError.OwnFile(path);
        }
    }

    private void RefuseInside(FileNode node, NtfsPath newParent, string newPath)
    {
        for (var length = 1; length <= newParent.Parts.Length; length++)
        {
            if (TryResolve(new NtfsPath(newParent.Parts[..length], ""), out var reference, out _) && reference == node.Reference)
            {
                throw NtfsError.WrongKind(newPath, "lies inside the directory that is moved");
            }
        }
    }

    /// <summary>
    /// Clusters that a new name may need at most: splits on the way up, a longer bitmap, a longer $MFT, an attribute list.
    /// </summary>
    private long RecordReserve(FileNode? directory)
    {
        var block = _core.Geometry.ClustersFor(_core.Geometry.IndexBlockSize);
        var large = directory?.Find(AttributeType.IndexAllocation, IndexTrees.Directory) is not null;
        return (large ? 4 * block : block) + _core.Geometry.ClustersFor(2L * _core.Geometry.RecordSize) + 2;
    }

    private long GrowthReserve(FileNode node, NodeAttribute data, long length)
    {
        var missing = _core.Geometry.ClustersFor(length) - data.Runs.ClusterCount;
        return missing <= 0 ? 0 : missing + (node.HasList || data.Runs.Runs.Count > 16 ? 4 : 1);
    }

    /// <summary>Runs a change. Everything that can be refused has been checked; the clusters it may need are there.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "any failure leaves the caches half changed: they must not be flushed")]
    private void Change(long clusters, Action action)
    {
        if (_broken is not null)
        {
            throw NtfsError.Broken(_broken);
        }

        if (!_core.Device.CanWrite)
        {
            throw NtfsError.ReadOnly();
        }

        if (!_gatesPassed)
        {
            WriteGates.CheckVolume(_core.Records, _core.Nodes, _core.Proof);
            _gatesPassed = true;
        }

        var free = _core.Clusters.FreeClusters;
        if (clusters > free)
        {
            throw NtfsError.Full(clusters - free);
        }

        var before = _core.Changes.Count;
        try
        {
            action();
        }
        catch (Exception failure) // rethrown: a volume that is half changed in memory is not stored
        {
            if (_core.Changes.Count != before)
            {
                _broken = failure.Message;
            }

            // nothing was stored: what was prepared in memory is forgotten
            _core.Nodes.Clear();

            throw;
        }

        Trim();
    }

    /// <summary>
    /// A path that is changed. Where a file has a name with a colon, it is not guessed whether that file or a stream is meant.
    /// </summary>
    /// <exception cref="RefusedException"><c>NTFS-0404</c>.</exception>
    private NtfsPath ParseToWrite(string path) =>
        path.EndsWith(':') ? throw NtfsError.BadName(path, "a colon comes before the name of a stream, and there is no name")
        : NtfsPath.Parse(path) is var target && target.Stream.Length > 0 && TryResolve(NtfsPath.Literal(path), out _, out _)
            ? throw NtfsError.BadName(path, "a file of exactly this name exists, which Windows did not create; it is not changed")
            : target;
}
