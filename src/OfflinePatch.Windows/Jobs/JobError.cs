using OfflinePatch.Core;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Windows.Jobs;

/// <summary>Errors of whole jobs; codes <c>JOB-0001</c> and up.</summary>
internal static class JobError
{
    private const string UnusableSourceCode = "JOB-0004";

    public static RefusedException NotInPlace(string path, string reason) =>
        new("JOB-0001", $"{path} cannot be changed in place: {reason}",
            "Write a fixed copy with `offlinepatch fix IMAGE -o FILE`, or convert the image first with `offlinepatch convert IN -o OUT`.");

    public static ErrorReport UnusableSource(RuleReport rule) =>
        new(UnusableSourceCode, $"{UnusableSourceCode}: {rule.Id}: {rule.Message} Nothing was written.",
            rule.Remedy ?? "Name another driver source, or skip the rule with --skip.");

    public static RefusedException UnfitPackage(string rule, string message) =>
        new("JOB-0014", $"What the driver packages bring does not satisfy {rule}: {message}",
            "Nothing was written. Take the packages from their vendor again, name another source with --drivers, or leave the rule out "
                + "with --skip.");

    public static RefusedException UnsafeVolume(string volume, string problem) =>
        new("JOB-0005", $"{volume} is not safe to write: {problem.TrimEnd('.')}.",
            "Start the source machine, run chkdsk /f where it asks for it, shut it down with `shutdown /s /t 0`, and export it again. "
            + "For a $LogFile that was not closed, --replay-log does what Windows would do at its next start.");

    public static RefusedException GateRefused(string gate, string message, string? remedy) =>
        new("JOB-0015", $"{gate}: {message}", remedy);

    public static UnsupportedImageException NotForQemu(string path, string format) =>
        new("JOB-0016", $"{path} ({format}) cannot be read by QEMU: it is in a package, or QEMU does not know its format or its parent's.",
            $"Write a copy that QEMU reads: `offlinepatch convert {ShellText.Quote(path)} copy.qcow2`.");

    public static RefusedException InterruptedImage(string path) =>
        new("JOB-0017", $"A change of {path} was interrupted while it wrote; QEMU would see half of it.",
            $"Roll it back first: `offlinepatch recover {ShellText.Quote(path)}`.");

    public static UnsupportedImageException UnknownFileSystem(string path, string volume) =>
        new("JOB-0007", $"{volume} of {path} has no file system that is known.");

    public static UnsupportedImageException NoPartition(string path, int number, string partitions) =>
        new("JOB-0008", $"{path} has no partition {number}; it has {partitions}.");

    public static UnsupportedImageException SeveralVolumes(string path, string volumes) =>
        new("JOB-0009", $"{path} holds no Windows installation that can be read, and several volumes: {volumes}.",
            "Name one with --partition N.");

    public static UnsupportedImageException NoHive(string message) => new("JOB-0010", message);

    public static UnsupportedImageException NoKey(string key) => new("JOB-0011", $"There is no key {key}.");

    public static UnsupportedImageException HiveFileTooLarge(long length) =>
        new("JOB-0012", $"The hive has {length} bytes; the format ends at 2 GiB.");
}
