using OfflinePatch.Core;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Windows.Jobs;

/// <summary>Errors of whole jobs; codes <c>JOB-0001</c> and up.</summary>
internal static class JobError
{
    public static RefusedException NotInPlace(string path, string reason) =>
        new("JOB-0001", $"{path} cannot be changed in place: {reason}", "Write a fixed copy instead: add -o FILE (and -O FORMAT to choose its format).");

    public static UnsupportedImageException NotACertificate(string path) =>
        new("JOB-0005", $"{path} is not an X.509 certificate.", "Name the certificate of the root, DER or PEM, without its key.");

    public static ErrorReport UnusableSource(RuleReport rule) =>
        new("JOB-0004", $"JOB-0004: {rule.Id}: {rule.Message} Nothing was written.", rule.Remedy ?? "Name another driver source, or leave the rule out with --skip.");
}
