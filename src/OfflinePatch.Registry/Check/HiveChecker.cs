using OfflinePatch.Core;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Check;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.Logs;

namespace OfflinePatch.Registry;

/// <summary>How much a check looks at.</summary>
internal enum HiveCheckDepth
{
    /// <summary>What Windows checks.</summary>
    Verdict,

    /// <summary>Also who owns each cell.</summary>
    ForEditing,
}

/// <summary>
/// Checks a hive as Windows does when it loads one, and comes to the same verdict as its validator (chkreg) on all but a few damaged hives, where it is stricter.
/// Sources: registry.md §6; the verdicts in the tests' corpus.
/// </summary>
public static class HiveChecker
{
    /// <summary>Checks a hive file with its logs. Never throws.</summary>
    /// <param name="primary">The bytes of the hive. They are not changed.</param>
    /// <param name="logs">The bytes of its logs.</param>
    public static HiveCheckReport Check(ReadOnlyMemory<byte> primary, HiveLogs logs = default)
    {
        var image = new HiveImage(primary, adopt: false);
        try
        {
            HiveLoader.Load(image, logs, new HiveOpenOptions());
        }
        catch (RefusedException error)
        {
            return Failed(HiveVerdict.Unreconciled, new HiveFinding(HiveFindingSeverity.Error, error.Code, "base block", BaseBlock.Layout.PrimarySequence, error.Message));
        }
        catch (CorruptImageException error)
        {
            return Failed(HiveVerdict.LoadFailed,
                new HiveFinding(HiveFindingSeverity.Error, error.Code, error.Structure, error.Offset, $"expected {error.Expected}, found {error.Actual}"));
        }
        catch (UnsupportedImageException error)
        {
            return Failed(HiveVerdict.LoadFailed, new HiveFinding(HiveFindingSeverity.Error, error.Code, "hive", -1, error.Message));
        }

        return CheckLoaded(image);
    }

    /// <summary>Checks a hive that came through the door.</summary>
    internal static HiveCheckReport CheckLoaded(HiveImage image, HiveCheckDepth depth = HiveCheckDepth.Verdict)
    {
        var findings = new HiveFindings();
        var census = new HiveCensus(image.BinsSize);
        new BinCheck(image, census, findings).Run();
        if (depth == HiveCheckDepth.ForEditing)
        {
            census.Used = new CellBitmap(image.BinsSize);
        }

        BaseBlock.TryRead(image.File, out var block);
        var security = new SecurityCheck(image, census, findings);
        security.Run(block.RootCell);
        new KeyCheck(image, census, findings, block.MinorVersion).Run(block.RootCell);
        security.CompareCounts();
        return new HiveCheckReport(findings.HasErrors ? HiveVerdict.Invalid : HiveVerdict.Valid, findings.All, census);
    }

    private static HiveCheckReport Failed(HiveVerdict verdict, HiveFinding finding) => new(verdict, [finding], new HiveCensus(0));
}
