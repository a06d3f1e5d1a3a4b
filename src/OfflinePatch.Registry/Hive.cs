using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Check;
using OfflinePatch.Registry.Editing;
using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.Logs;

namespace OfflinePatch.Registry;

/// <summary>
/// A registry hive: one file of keys and values, as <c>C:\Windows\System32\config\SYSTEM</c>. It is read and changed in memory; nothing is
/// interpreted that was not asked for, and every byte that no edit names stays as it is. Not safe for use by several threads at once while
/// it is edited.
/// </summary>
public sealed partial class Hive : IKeyTree
{
    private readonly HiveOpenOptions _options;
    private readonly Func<HiveLogs> _readLogs;
    private HiveLogs? _logs;
    private HiveEditor? _editor;
    private readonly bool _isReplayed;
    private readonly uint _openedPrimary;
    private readonly uint _openedSecondary;
    private uint? _sealSequence;

    private Hive(HiveImage image, Func<HiveLogs> readLogs, HiveOpenOptions options)
    {
        BaseBlock.TryRead(image.Header, out var opened);
        (_openedPrimary, _openedSecondary) = opened.Sequences;
        Bytes = image;
        _readLogs = readLogs;
        _options = options;
        var recovery = HiveLoader.Load(image, () => Logs, options);
        Recovery = recovery;
        _isReplayed = recovery.Kind is HiveRecoveryKind.ReplayedEntries or HiveRecoveryKind.ReplayedPages;
        BaseBlock.TryRead(image.Header, out var block);
        MinorVersion = (int)block.MinorVersion;
        RootCell = block.RootCell;
        FileName = block.FileName;
        Salvage = options.Salvage ? new SalvageReader(image, RootCell) : null;
    }

    /// <summary>
    /// Opens a hive. A dirty hive is recovered from its logs in memory; a clean hive ignores them. The structures below the root are
    /// checked when they are read, and all of them before the first edit.
    /// </summary>
    /// <param name="primary">
    /// The bytes of the hive file. Memory over a whole array is used in place, and copied before it is changed.
    /// </param>
    /// <param name="logs">The bytes of its logs.</param>
    /// <param name="options">How to treat damage; null for the defaults.</param>
    /// <exception cref="CorruptImageException">It is no hive, is truncated, or has no root key (<c>REG-01xx</c>).</exception>
    /// <exception cref="UnsupportedImageException">It is longer than the format allows.</exception>
    /// <exception cref="RefusedException"><c>REG-0201</c>: it is dirty, and its logs cannot recover it.</exception>
    public static Hive Open(ReadOnlyMemory<byte> primary, HiveLogs logs = default, HiveOpenOptions? options = null)
    {
        options ??= new HiveOpenOptions();
        return new Hive(new HiveImage(primary, options.AdoptBuffer), () => logs, options);
    }

    /// <summary>
    /// Opens a hive of which only those parts are read that are asked for; all of it before the first edit, and where logs have to recover
    /// it. Reading a structure can then fail as the stream does.
    /// </summary>
    /// <param name="primary">The hive file: seekable, and open and unchanged as long as the hive is used.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="logs">Reads its logs, where the hive is dirty or was edited.</param>
    /// <param name="options">How to treat damage; null for the defaults.</param>
    /// <inheritdoc cref="Open(ReadOnlyMemory{byte}, HiveLogs, HiveOpenOptions?)" path="/exception"/>
    public static Hive Open(Stream primary, int length, Func<HiveLogs> logs, HiveOpenOptions? options = null) =>
        new(new HiveImage(primary, length), logs, options ?? new HiveOpenOptions());

    /// <summary>What was recovered from the logs.</summary>
    public HiveRecovery Recovery { get; }

    /// <summary>The root key.</summary>
    public HiveKey Root => new(this, RootCell);

    /// <summary>The minor version, 0 to 6: 3 has no big data, 5 and up hash their subkey lists, 6 may be layered.</summary>
    public int MinorVersion { get; }

    /// <summary>The end of the path that Windows last knew the hive by; it may be empty.</summary>
    public string FileName { get; }

    /// <summary>Whether <see cref="ToArray"/> differs from what was opened: something was replayed or edited.</summary>
    public bool IsModified => _isReplayed || _editor is { HasEdits: true };

    /// <summary>Whether the caller changed anything; replayed logs alone do not count.</summary>
    public bool HasEdits => _editor is { HasEdits: true };

    /// <summary>
    /// What a salvage reading left out, in the order of discovery. Empty unless <see cref="HiveOpenOptions.Salvage"/> is set.
    /// </summary>
    public IReadOnlyList<HiveFinding> Skipped => Salvage?.Skipped ?? [];

    /// <summary>
    /// The hive file as it is to be written: byte for byte what was opened when nothing was replayed or edited. No copy is made; it is
    /// valid until the next edit.
    /// </summary>
    /// <exception cref="CorruptImageException">
    /// The edits would leave an unsound hive. This is checked, and is a defect of this library.
    /// </exception>
    public ReadOnlyMemory<byte> Image
    {
        get
        {
            Seal();
            return Bytes.Memory;
        }
    }

    HiveImage IKeyTree.Bytes => Bytes;

    CellOffset IKeyTree.RootCell => RootCell;

    bool IKeyTree.IsDifferencing => IsDifferencing;

    internal HiveImage Bytes { get; }

    private HiveLogs Logs => _logs ??= _readLogs();

    internal CellOffset RootCell { get; }

    /// <summary>Whether the hive is a layer over another one.</summary>
    internal bool IsDifferencing => BaseBlock.TryRead(Bytes.Header, out var block) && block.IsLayered;

    /// <summary>The reader of a hive that was opened to salvage what is sound; null for any other.</summary>
    internal SalvageReader? Salvage { get; }

    /// <summary>
    /// The key at a path from the root, names separated by <c>\</c>, without regard to case; the root for an empty path; null when there is
    /// none.
    /// </summary>
    /// <exception cref="CorruptImageException">A structure on the way is damaged.</exception>
    public HiveKey? Find(string path) => Root.Find(path);

    /// <summary>The key at a path from the root, created with all that is missing above it.</summary>
    /// <exception cref="RefusedException">A name is not allowed, or the hive cannot be edited.</exception>
    /// <exception cref="CorruptImageException">The hive is not sound (<c>REG-0320</c>).</exception>
    public HiveKey Create(string path) => Root.CreateSubKey(path);

    /// <summary>
    /// The parts of <see cref="Image"/> that may differ from the file that was opened, in ascending order, in whole pages of 4 KiB; what
    /// lies beyond the old end is among them. Empty when <see cref="IsModified"/> is false. Writing these over the old file gives the new
    /// one.
    /// </summary>
    /// <exception cref="CorruptImageException">See <see cref="Image"/>.</exception>
    public IReadOnlyList<Range> ChangedRanges
    {
        get
        {
            Seal();
            return IsModified ? Bytes.ChangedRanges() : [];
        }
    }

    /// <summary>
    /// Reads what was not read yet of a hive that was opened from a stream, so that the file may be changed or closed.
    /// </summary>
    public void ReadAll() => Bytes.ReadAll();

    /// <summary>A copy of <see cref="Image"/>.</summary>
    /// <exception cref="CorruptImageException">See <see cref="Image"/>.</exception>
    public byte[] ToArray() => Image.ToArray();

    /// <summary>
    /// Everything that Windows would object to when it loads this hive as it is in memory, and what it tolerates. Never throws.
    /// </summary>
    public IReadOnlyList<HiveFinding> Check() => HiveChecker.CheckLoaded(Bytes).Findings;

    /// <summary>
    /// The logs to write back with an edited or replayed hive: the same lengths, with every base block and entry wiped, so that nothing
    /// stale can be replayed after a later crash. The logs as they were when <see cref="IsModified"/> is false.
    /// </summary>
    public HiveLogs NeutralisedLogs() =>
        IsModified ? new HiveLogs(LogNeutraliser.Wipe(Logs.Log), LogNeutraliser.Wipe(Logs.Log1), LogNeutraliser.Wipe(Logs.Log2)) : Logs;

    /// <summary>The engine of edits; checks the whole hive when first asked for.</summary>
    internal HiveEditor Editor
    {
        get
        {
            if (_editor is null)
            {
                if (_options.Salvage || Recovery.Kind == HiveRecoveryKind.Unrecovered && _options.Unclean != UncleanHive.Reconcile)
                {
                    throw RegistryError.ReadOnlyHive();
                }

                _editor = HiveEditor.Begin(this, _options.Time);
            }

            return _editor;
        }
    }

    /// <summary>Counts deletions, so that handles of deleted keys are recognised.</summary>
    internal int DeletionStamp => _editor?.DeletionStamp ?? 0;

    internal bool IsDeletedSince(CellOffset key, int stamp) => _editor is not null && _editor.IsDeletedSince(key, stamp);

    List<CellOffset> IKeyTree.SubkeyCells(CellOffset parent, KeyNode node) => SubkeyCells(parent, node);

    List<CellOffset> IKeyTree.ValueCells(KeyNode node) => ValueCells(node);

    bool IKeyTree.TryFindValue(KeyNode node, string name, out CellOffset found, out int index) =>
        TryFindValue(node, name, out found, out index);

    string IKeyTree.PathOf(CellOffset key) => new HiveKey(this, key).Path;

    /// <summary>Updates the base block for what was edited.</summary>
    private void Seal()
    {
        if (!IsModified)
        {
            return;
        }

        _editor?.Verify();
        var block = new BaseBlockWriter(Bytes.Writable(0, BaseBlock.Size));
        block.SetBinsSize((uint)Bytes.BinsSize);
        block.SetSequences(_sealSequence ??= SequenceNumbers.After(_openedPrimary, _openedSecondary, Logs));
        block.Sign();
    }
}
