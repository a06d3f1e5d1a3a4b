using System.Globalization;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Witness;

/// <summary>What is inferred from what was seen of a machine. The strongest sign counts.</summary>
internal static class WitnessJudge
{
    /// <summary>
    /// Bytes of a disk that SeaBIOS reads for itself: the first sector, a few times. Whatever reads more was started from the disk.
    /// </summary>
    public const long BiosReads = 64 * 1024;

    /// <summary>
    /// Bytes of a disk that OVMF reads for itself where there is no loader: partition tables, and the first sectors of each volume.
    /// </summary>
    public const long UefiReads = 1024 * 1024;

    /// <summary>The result, and the sentence that says why.</summary>
    public static (WitnessResult Result, string Evidence) Judge(Observations seen)
    {
        if (seen.HasSign)
        {
            return (WitnessResult.Started, "The script that waited in the overlay wrote its line on COM1.");
        }

        if (seen.AgentAnswers)
        {
            return (WitnessResult.Started, $"The guest agent answered{(seen.AgentSystem is { } name ? $": {name}" : "")}.");
        }

        if (seen.HasPanicked)
        {
            return (WitnessResult.StopCode,
                $"Windows reported a stop to the hypervisor{(seen.StopCode is { } code ? $": {code}" : ", without a code")}.");
        }

        if (seen.StopPage is { } page)
        {
            return (WitnessResult.StopCode, $"The screen showed a blue page like that of {page}: a stop, or the recovery page of the boot "
                + "manager. Look at the picture.");
        }

        return JudgeLoader(seen);
    }

    private static (WitnessResult Result, string Evidence) JudgeLoader(Observations seen)
    {
        var after = (seen.HasPoweredOff ? "; then the machine switched itself off" : "")
            + (seen.Resets > 0 ? string.Create(CultureInfo.InvariantCulture, $"; it was reset {seen.Resets} times") : "");
        if (seen.ScreenText is { } text && TextScreen.LoaderMessage(text) is { } message)
        {
            return (WitnessResult.LoaderOnly, $"A boot sector or loader says on the screen: {message}{after}.");
        }

        if (seen.ScreenText is { } other && TextScreen.FirmwareMessage(other) is { } nothing)
        {
            return (WitnessResult.NoSign, $"The firmware says on the screen: {nothing}{after}.");
        }

        if (seen.StartedByFirmware)
        {
            return (WitnessResult.LoaderOnly, "The firmware says on COM1 that it started a loader from the disk, and no sign of Windows "
                + $"came in {Whole(seen.Seconds)} s{after}.");
        }

        var ofFirmware = (seen.IsUefi ? UefiReads : BiosReads) * (seen.Resets + 1); // it reads again after each reset
        return seen.BytesRead > ofFirmware
            ? (WitnessResult.LoaderOnly, $"{ByteSize.Text(seen.BytesRead)} were read from the disk, more than the firmware reads for "
                + $"itself, and no sign of Windows came in {Whole(seen.Seconds)} s{after}.")
            : (WitnessResult.NoSign, $"{ByteSize.Text(seen.BytesRead)} were read from the disk, which the firmware does for itself, and "
                + $"nothing else was seen in {Whole(seen.Seconds)} s{after}.");
    }

    private static string Whole(double seconds) => string.Create(CultureInfo.InvariantCulture, $"{seconds:0}");
}
