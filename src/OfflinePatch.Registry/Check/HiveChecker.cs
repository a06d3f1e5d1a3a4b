using OfflinePatch.Core;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Check;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.Logs;

namespace OfflinePatch.Registry.Check;

/// <summary>
/// Checks a hive as Windows does when it loads one, and reaches the same verdict as its validator (chkreg) on all but a few damaged hives,
/// where it is stricter. Sources: the validator's verdicts on the corpus and its mutations (see the tests).
/// </summary>
/// <remarks>Safe for use by several threads: the bytes that are checked are not changed.</remarks>
public static class HiveChecker
{
    /// <summary>Bytes of bins from which on a check uses all processors.</summary>
    private const int MinSharedBytes = 4 * 1024 * 1024;

    /// <summary>Checks a hive file with its logs. Never throws.</summary>
    /// <param name="primary">The bytes of the hive. They are not changed.</param>
    /// <param name="logs">The bytes of its logs.</param>
    public static HiveCheckReport Check(ReadOnlyMemory<byte> primary, HiveLogs logs = default)
    {
        var image = new HiveImage(primary, adopt: false);
        try
        {
            HiveLoader.LoadBins(image, () => logs, new HiveOpenOptions());
        }
        catch (RefusedException error)
        {
            return Failed(HiveVerdict.Unreconciled, error.Code, "base block", BaseBlock.Layout.PrimarySequence, error.Message);
        }
        catch (CorruptImageException error)
        {
            return Failed(HiveVerdict.LoadFailed, error.Code, error.Structure, error.Offset,
                $"expected {error.Expected}, found {error.Actual}");
        }
        catch (UnsupportedImageException error)
        {
            return Failed(HiveVerdict.LoadFailed, error.Code, "hive", -1, error.Message);
        }

        return CheckLoaded(image);
    }

    /// <summary>Checks a hive that is already loaded.</summary>
    internal static HiveCheckReport CheckLoaded(HiveImage image)
    {
        if (image.BinsSize >= MinSharedBytes && CheckLoaded(image, inShares: true) is { Verdict: HiveVerdict.Valid } report)
        {
            return report;
        }

        return CheckLoaded(image, inShares: false); // one key after the other: findings always come in the same order
    }

    private static HiveCheckReport CheckLoaded(HiveImage image, bool inShares)
    {
        BaseBlock.TryRead(image.Header, out var block);
        var findings = new HiveFindings();
        var census = new HiveCensus(image);
        new BinCheck(image, census, findings).Run();
        var security = new SecurityCheck(image, census, findings);
        security.Run(block.RootCell);
        var keys = new KeyCheck(image, census, findings, block.MinorVersion, block.IsLayered);
        if (inShares)
        {
            keys.RunInShares(block.RootCell);
        }
        else
        {
            keys.Run(block.RootCell);
        }

        security.CompareCounts();
        if (census.UntakenCount is > 0 and var untaken)
        {
            findings.Note(HiveFindingCode.UnusedCells, "cell", CellOffset.Nil, $"{untaken} allocated cells belong to nothing");
        }

        return new HiveCheckReport(findings.HasErrors ? HiveVerdict.Invalid : HiveVerdict.Valid, findings.All, census);
    }

    /// <summary>
    /// Checks what edits of a sound hive reached: the changed bins, the ring of descriptors, and the touched keys with their values and
    /// lists.
    /// </summary>
    /// <param name="image">The hive.</param>
    /// <param name="cellStarts">The cells that the editor knows.</param>
    /// <param name="keys">The touched keys.</param>
    internal static HiveCheckReport CheckTouched(HiveImage image, CellBitmap cellStarts, IEnumerable<uint> keys)
    {
        BaseBlock.TryRead(image.Header, out var block);
        var findings = new HiveFindings();
        var census = new HiveCensus(image, cellStarts);
        new BinCheck(image, census, findings).RunChanged();
        new SecurityCheck(image, census, findings).Run(block.RootCell);
        new KeyCheck(image, census, findings, block.MinorVersion, block.IsLayered).RunEach(keys, block.RootCell);
        return new HiveCheckReport(findings.HasErrors ? HiveVerdict.Invalid : HiveVerdict.Valid, findings.All, census);
    }

    private static HiveCheckReport Failed(HiveVerdict verdict, string code, string structure, long offset, string message) =>
        new(verdict, [new HiveFinding(HiveFindingSeverity.Error, code, structure, offset, message)],
            new HiveCensus(new HiveImage(default, adopt: false)));
}
