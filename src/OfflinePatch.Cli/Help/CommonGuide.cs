namespace OfflinePatch.Cli.Help;

/// <summary>What the guides of several commands say alike: exit codes, variables, files.</summary>
internal static class CommonGuide
{
    public static readonly ExitMeaning Usage = new(ExitCode.Usage, "the command line is wrong; nothing was opened");
    public static readonly ExitMeaning Unreadable = new(ExitCode.Unreadable, "an image cannot be read: damaged, unsupported or missing");
    public static readonly ExitMeaning NotReady = new(ExitCode.NotReady,
        "not ready: a rule of severity error failed or stayed unfixed; warnings do not count");
    public static readonly ExitMeaning Refused = new(ExitCode.Refused,
        "refused before the first byte was written; the message says why, and what to do");
    public static readonly ExitMeaning HostFailure = new(ExitCode.HostFailure,
        "this machine failed (disk full, no permission); the image is unchanged, or was rolled back");
    public static readonly ExitMeaning ResultLost = new(ExitCode.ResultLost,
        "done, and what was changed stays changed; the result could not be written (standard output is full or closed, or the report "
            + "cannot be written)");
    public static readonly ExitMeaning Cancelled = new(ExitCode.Cancelled, "cancelled; the image is unchanged");

    public const string InBatches =
        "Several images are worked on at once (--jobs). An image that fails does not stop the others, unless --fail-fast is given. What "
            + "was finished is finished: run the same line "
        + "again after a batch was stopped. Each further job takes about 170 MiB of memory.";

    public static readonly (string, string) Clock =
        ("SOURCE_DATE_EPOCH", "Seconds since 1970: every time stamp that is left in an image is this one, so that two runs over equal "
            + "images give equal bytes.");

    public static readonly (string,
        string) Temporary = ("TMPDIR", "Where changes are kept that are too many for memory, until they are committed.");

    public static readonly (string, string) UndoFile =
        ("IMAGE.offlinepatch-undo, IMAGE.offlinepatch-undo.2, ...",
            "One file a change: the old bytes of every range that it wrote. While they are there, `offlinepatch undo` restores exactly "
                + "the image as it was before. "
            + "--undo-dir puts them elsewhere.");

    public static ExitMeaning Shown => new(ExitCode.Done, "shown");
    public static ExitMeaning Changed => new(ExitCode.Done, "done, or there was nothing to change");
    public static ExitMeaning[] Reading => [Shown, Usage, Unreadable, Refused, HostFailure];
    public static ExitMeaning[] Writing => [Changed, Usage, Unreadable, Refused, HostFailure, ResultLost, Cancelled];
}
