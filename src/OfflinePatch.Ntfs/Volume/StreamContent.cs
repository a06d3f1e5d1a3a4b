using OfflinePatch.Core;
using OfflinePatch.Ntfs.Compression;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Volume;

/// <summary>Finds the reader that turns a stored stream into plain content: stored as it is, LZNT1, or CompactOS.</summary>
internal static class StreamContent
{
    /// <summary>FILE_ATTRIBUTE_OFFLINE.</summary>
    private const uint OfflineBit = 0x1000;

    /// <summary>
    /// FILE_ATTRIBUTE_RECALL_ON_OPEN. On files without a placeholder's tag the same bit says that there are extended attributes.
    /// </summary>
    private const uint RecallOnOpenBit = 0x40000;

    /// <summary>FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS.</summary>
    private const uint RecallOnDataAccessBit = 0x400000;

    /// <summary>Plain content of a stream, or null when the file has no stream of this name.</summary>
    /// <exception cref="UnsupportedImageException">EFS, WIMBoot, an unknown compression, or content that is not on the volume.</exception>
    public static IContentReader? Open(RunDevice device, FileNode node, string stream, string path)
    {
        var data = node.Find(AttributeType.Data, stream);
        if (data is null)
        {
            return null;
        }

        if (stream.Length == 0)
        {
            if (TagOf(node) == ReparsePoint.Wof)
            {
                return OpenWof(device, node, data, path);
            }

            RequireContentHere(node, data, path);
        }

        return OpenStored(device, node, data, path);
    }

    /// <summary>Refuses a file whose content is not what its unnamed stream stores: zeros would be read in its place.</summary>
    private static void RequireContentHere(FileNode node, NodeAttribute data, string path)
    {
        var tag = TagOf(node);
        var attributes = StandardInformation.TryCreate(node.StandardInformation, out var standard) ? standard.Attributes : 0;
        var isEmpty = !data.IsResident && data.DataSize > 0 && data.Runs.AllocatedClusters == 0;
        switch (ReparseTagTable.KindOf(tag))
        {
            case ReparseKind.None when isEmpty && (attributes & (OfflineBit | RecallOnDataAccessBit)) != 0:
                throw NtfsError.ContentElsewhere(path, "an offline file");
            case ReparseKind.Placeholder when isEmpty || (attributes & (OfflineBit | RecallOnOpenBit | RecallOnDataAccessBit)) != 0:
            case ReparseKind.Elsewhere:
                throw NtfsError.ContentElsewhere(path, ReparseTagTable.NameOf(tag));
            case ReparseKind.Link:
                throw NtfsError.IsLink(path, ReparseTagTable.NameOf(tag));
            case ReparseKind.Unknown:
                throw NtfsError.UnknownReparsePoint(path, ReparseTagTable.NameOf(tag));
            default:
                return;
        }
    }

    /// <summary>Tag of the reparse point, 0 when there is none.</summary>
    public static uint TagOf(FileNode node)
    {
        var point = node.Find(AttributeType.ReparsePoint, "");
        return point is { IsResident: true }
            && ReparsePoint.TryCreate(point.Value, out var view) ? view.Tag : point is null ? 0 : uint.MaxValue;
    }

    private static IContentReader OpenStored(RunDevice device, FileNode node, NodeAttribute data, string path)
    {
        if ((data.Flags & AttributeFlags.Encrypted) != 0)
        {
            throw NtfsError.Encrypted(path);
        }

        if (((ushort)data.Flags & 0xFF) == 0 || data.IsResident)
        {
            return new PlainContent(device, node, data);
        }

        if (((ushort)data.Flags & 0xFF) != (ushort)AttributeFlags.Compressed)
        {
            throw NtfsError.UnknownCompression(path, $"compression method {(ushort)data.Flags & 0xFF}");
        }

        return data.CompressionUnit == 0 ? new PlainContent(device, node, data) : new CompressedContent(device, node, data);
    }

    private static WofReader OpenWof(RunDevice device, FileNode node, NodeAttribute data, string path)
    {
        var point = node.Find(AttributeType.ReparsePoint, "")!;
        if (!ReparsePoint.TryCreate(point.Value, out var view))
        {
            throw NtfsError.BadSizes(node.Number, "a reparse point without header");
        }

        var algorithm = WofReparsePoint.Over(view.Content).Algorithm;
        var packed = node.Find(AttributeType.Data, WofReparsePoint.StreamName)
            ?? throw NtfsError.MissingAttribute(node.Number, $"the stream {WofReparsePoint.StreamName}");
        var stored = OpenStored(device, node, packed, path);
        return new WofReader((offset, buffer) => stored.Read(offset, buffer), stored.Length, data.DataSize, algorithm);
    }

    /// <summary>Content that is stored as it is.</summary>
    private sealed class PlainContent(RunDevice device, FileNode node, NodeAttribute data) : IContentReader
    {
        public long Length => data.DataSize;

        public int Read(long offset, Span<byte> buffer)
        {
            if (offset >= data.DataSize)
            {
                return 0;
            }

            var count = (int)Math.Min(buffer.Length, data.DataSize - offset);
            data.Read(device, node.Number, offset, buffer[..count]);
            return count;
        }

        public long ZeroRun(long offset)
        {
            if (data.IsResident)
            {
                return 0;
            }

            if (offset >= data.InitializedSize)
            {
                return Length - offset;
            }

            var shift = device.Geometry.ClusterShift;
            var run = data.Runs.Runs[data.Runs.IndexOf(offset >> shift)];
            return run.IsHole ? Math.Min(run.EndVcn << shift, Length) - offset : 0;
        }
    }

    /// <summary>LZNT1 content. Keeps one decoded unit.</summary>
    private sealed class CompressedContent : IContentReader
    {
        /// <summary>Largest unit: NTFS compresses only with clusters of up to 4 KiB, in units of 16.</summary>
        private const int MaxUnit = 4 * 1024 * 1024;

        private readonly RunDevice _device;
        private readonly FileNode _node;
        private readonly NodeAttribute _data;
        private readonly byte[] _unit;
        private byte[]? _packed;
        private long _index = -1;

        public CompressedContent(RunDevice device, FileNode node, NodeAttribute data)
        {
            _device = device;
            _node = node;
            _data = data;
            if (data.CompressionUnit > 12 || (long)device.Geometry.ClusterSize << data.CompressionUnit > MaxUnit)
            {
                throw NtfsError.BadSizes(node.Number, $"compression units of 2^{data.CompressionUnit} clusters");
            }

            _unit = new byte[device.Geometry.ClusterSize << data.CompressionUnit];
        }

        public long Length => _data.DataSize;

        public int Read(long offset, Span<byte> buffer)
        {
            var count = offset >= Length ? 0 : (int)Math.Min(buffer.Length, Length - offset);
            var target = buffer[..count];
            while (target.Length > 0)
            {
                Load(offset / _unit.Length);
                var within = (int)(offset % _unit.Length);
                var part = Math.Min(target.Length, _unit.Length - within);
                _unit.AsSpan(within, part).CopyTo(target);
                target = target[part..];
                offset += part;
            }

            return count;
        }

        public long ZeroRun(long offset)
        {
            if (offset >= _data.InitializedSize)
            {
                return Length - offset;
            }

            // a hole that covers whole units is zeros; a shorter one belongs to a packed unit
            var shift = _device.Geometry.ClusterShift;
            var run = _data.Runs.Runs[_data.Runs.IndexOf(offset >> shift)];
            var unit = offset / _unit.Length * _unit.Length;
            var end = Math.Min(run.EndVcn << shift,
                (Length + _unit.Length - 1) / _unit.Length * _unit.Length) / _unit.Length * _unit.Length;
            return run.IsHole && run.Vcn << shift <= unit && end > offset ? Math.Min(end, Length) - offset : 0;
        }

        private void Load(long index)
        {
            if (index == _index)
            {
                return;
            }

            _index = -1;
            var first = index * _unit.Length;
            var walk = new RunWalk(_data.Runs, _device.Geometry.ClusterShift, first, _unit.Length);
            while (walk.MoveNext() && !walk.IsHole)
            {
                // counts the clusters before the first hole
            }

            var bytes = (int)walk.Done;
            if (bytes == 0)
            {
                _unit.AsSpan().Clear();
            }
            else if (bytes == _unit.Length || first + bytes >= _data.Runs.ClusterCount << _device.Geometry.ClusterShift)
            {
                _device.Read(_data.Runs, long.MaxValue, first, _unit.AsSpan(0, bytes), _node.Number);
                _unit.AsSpan(bytes).Clear();
            }
            else
            {
                _packed ??= new byte[_unit.Length];
                _device.Read(_data.Runs, long.MaxValue, first, _packed.AsSpan(0, bytes), _node.Number);
                Lznt1.Decompress(_packed.AsSpan(0, bytes), _unit);
            }

            // the initialised size counts plain bytes
            var initialized = Math.Clamp(_data.InitializedSize - (index * _unit.Length), 0, _unit.Length);
            _unit.AsSpan((int)initialized).Clear();
            _index = index;
        }
    }
}
