using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Check;
using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.Names;

namespace OfflinePatch.Registry.Editing;

/// <summary>
/// Changes a hive that was found sound. The parts: values and their data, keys, subkey lists, security descriptors; all take cells from one
/// allocator. Every operation first finds out whether it can be done, then does it: a refusal leaves the hive sound.
/// </summary>
internal sealed partial class HiveEditor
{
    /// <summary>Bytes of bins below which edits are verified by a check of the whole hive.</summary>
    private const int MaxFullCheckBytes = 16 * 1024 * 1024;

    /// <summary>
    /// Keys changed in a larger hive up to which only these, the bins and the ring of descriptors are verified: the rest was checked
    /// before, and no edit reaches it.
    /// </summary>
    private const int MaxTouchedKeys = 10_000;

    private readonly IKeyTree _hive;
    private readonly HiveImage _image;
    private readonly CellAllocator _cells;
    private readonly SubkeyListEditor _lists;
    private readonly SecurityEditor _security;
    private readonly ValueDataEditor _values;
    private readonly TimeProvider _time;
    private readonly Dictionary<uint, int> _deleted = [];
    private readonly HashSet<uint> _touched = [];
    private bool _isVerified = true;

    private HiveEditor(IKeyTree hive, HiveCensus census, TimeProvider time)
    {
        _hive = hive;
        _image = hive.Bytes;
        _time = time;
        _cells = new CellAllocator(_image, census.CellStarts, census.FreeCells);
        _lists = new SubkeyListEditor(_image, _cells, hive.MinorVersion);
        _security = new SecurityEditor(_image, _cells, census.SecurityReferences);
        _values = new ValueDataEditor(_image, _cells, (uint)hive.MinorVersion);
    }

    /// <summary>Whether anything was changed.</summary>
    public bool HasEdits { get; private set; }

    /// <summary>Counts deletions of keys.</summary>
    public int DeletionStamp { get; private set; }

    /// <summary>Checks the hive and makes it editable.</summary>
    /// <exception cref="CorruptImageException"><c>REG-0320</c>: it is not sound.</exception>
    /// <exception cref="RefusedException"><c>REG-0408</c>: it is a differencing layer.</exception>
    public static HiveEditor Begin(IKeyTree hive, TimeProvider time)
    {
        if (hive.IsDifferencing)
        {
            throw RegistryError.Layered();
        }

        var report = HiveChecker.CheckLoaded(hive.Bytes);
        RequireSound(report);
        return new HiveEditor(hive, report.Census, time);
    }

    /// <summary>Whether a key was deleted after a handle to it was made.</summary>
    public bool IsDeletedSince(CellOffset key, int stamp) => _deleted.Count > 0 && _deleted.TryGetValue(key.Value, out var at)
        && at > stamp;

    /// <summary>Checks what the edits left; a finding is a defect of this library, and an exception beats a broken machine.</summary>
    /// <exception cref="CorruptImageException"><c>REG-0320</c>.</exception>
    public void Verify()
    {
        if (_isVerified)
        {
            return;
        }

        RequireSound(_image.BinsSize < MaxFullCheckBytes || _touched.Count > MaxTouchedKeys ? HiveChecker.CheckLoaded(_image)
            : HiveChecker.CheckTouched(_image, _cells.Starts, _touched));
        _isVerified = true;
    }

    private static void RequireSound(HiveCheckReport report)
    {
        foreach (var finding in report.Findings)
        {
            if (finding.ForbidsEditing)
            {
                throw RegistryError.Unsound(finding.Structure, finding.Offset, finding.Message);
            }
        }
    }

    private void MarkEdited(CellOffset key)
    {
        HasEdits = true;
        _isVerified = false;
        _touched.Add(key.Value);
    }

    /// <summary>Refuses an edit that might not find room half way through.</summary>
    private void RequireRoom(long payload)
    {
        if (_image.BinsSize + payload + (payload / 1024 * 8) + (1024 * 1024) > _image.MaxBinsSize)
        {
            throw RegistryError.Full();
        }
    }

    private ulong Now() => (ulong)FileTime.Now(_time);
}
