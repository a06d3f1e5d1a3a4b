using OfflinePatch.Core;

namespace OfflinePatch.FileSystems.Fat;

/// <summary>What the check of a FAT volume found.</summary>
internal sealed class FatFindings
{
    private readonly List<VolumeFinding> _all = [];
    private readonly List<VolumeFinding> _obstacles = [];

    public IReadOnlyList<VolumeFinding> All => _all;

    /// <summary>Findings that forbid to allocate clusters.</summary>
    public IReadOnlyList<VolumeFinding> Obstacles => _obstacles;

    public int Count => _all.Count;

    public void Error(string code, string structure, string message, bool isObstacle = false)
    {
        var finding = new VolumeFinding(code, FindingSeverity.Error, structure, message);
        _all.Add(finding);
        if (isObstacle)
        {
            _obstacles.Add(finding);
        }
    }

    public void Warn(string code, string structure, string message) =>
        _all.Add(new VolumeFinding(code, FindingSeverity.Warning, structure, message));
}
