using System.Text.Json.Serialization;

namespace OfflinePatch.Windows.Reports;

/// <summary>How far a machine got when it was started from a disposable overlay.</summary>
public enum WitnessResult
{
    /// <summary>Windows runs: it wrote the nonce on the first serial port, or its guest agent answered.</summary>
    [JsonStringEnumMemberName("started")]
    Started,

    /// <summary>A stop: the machine reported it, or the screen shows a page that looks like one of Windows' blue pages.</summary>
    [JsonStringEnumMemberName("stopCode")]
    StopCode,

    /// <summary>
    /// What lies on the disk was started: more was read from it than the firmware reads for itself, or a message of a boot sector or a
    /// loader stands on the screen. Nothing says that Windows runs.
    /// </summary>
    [JsonStringEnumMemberName("loaderOnly")]
    LoaderOnly,

    /// <summary>None of these in the time that was given.</summary>
    [JsonStringEnumMemberName("noSign")]
    NoSign,
}

/// <summary>The outcome for one image.</summary>
public enum WitnessOutcome
{
    /// <summary>It started from every bus.</summary>
    [JsonStringEnumMemberName("started")]
    Started,

    /// <summary>It did not start from one at least.</summary>
    [JsonStringEnumMemberName("notStarted")]
    NotStarted,

    /// <summary>The image was refused; nothing was started.</summary>
    [JsonStringEnumMemberName("refused")]
    Refused,

    /// <summary>The image cannot be read, or the host failed.</summary>
    [JsonStringEnumMemberName("error")]
    Error,

    /// <summary>Cancelled.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,
}

/// <summary>The result of starting one image.</summary>
public sealed record WitnessReport
{
    /// <summary>The path as the user gave it.</summary>
    public required string Path { get; init; }

    /// <summary>The verdict over all buses.</summary>
    public WitnessOutcome Result { get; init; }

    /// <summary>The container: <c>raw</c>, <c>vmdk</c>…</summary>
    public string? Format { get; init; }

    /// <summary>The firmware that started it: <c>bios</c> or <c>uefi</c>.</summary>
    public string? Firmware { get; init; }

    /// <summary>The Windows in it, or null where none can be read.</summary>
    public WindowsReport? Windows { get; init; }

    /// <summary>What runs the script that writes on the first serial port, or why there is none.</summary>
    public string? Script { get; init; }

    /// <summary>One start for each bus.</summary>
    public IReadOnlyList<WitnessRun> Runs { get; init; } = [];

    /// <summary>Why the image could not be started, or null.</summary>
    public ErrorReport? Error { get; init; }

    /// <summary>Milliseconds.</summary>
    public long ElapsedMs { get; init; }
}

/// <summary>One start.</summary>
public sealed record WitnessRun
{
    /// <summary>How the disk was attached: <c>virtio-blk</c>, <c>virtio-scsi</c> or <c>sata</c>.</summary>
    public required string Bus { get; init; }

    /// <summary>How far it got.</summary>
    public WitnessResult Result { get; init; }

    /// <summary>What the result is inferred from, in a sentence.</summary>
    public string Evidence { get; init; } = "";

    /// <summary>Seconds from the start of the machine to the verdict.</summary>
    public double Seconds { get; init; }

    /// <summary>The stop code as Windows reported it to the hypervisor (<c>0x0000007B</c>), or null.</summary>
    public string? StopCode { get; init; }

    /// <summary>Bytes that the machine read from the disk.</summary>
    public long BytesRead { get; init; }

    /// <summary>Bytes that it wrote, into the overlay.</summary>
    public long BytesWritten { get; init; }

    /// <summary>How many times the machine was reset after its start.</summary>
    public int Resets { get; init; }

    /// <summary>The operating system as the guest agent named it, or null.</summary>
    public string? GuestAgent { get; init; }

    /// <summary>The text on the screen of a machine in text mode, or null.</summary>
    public string? ScreenText { get; init; }

    /// <summary>The last lines on the first serial port, or null where there were none.</summary>
    public string? Serial { get; init; }

    /// <summary>How the machine was run: <c>kvm</c> or <c>tcg</c>.</summary>
    public string Accelerator { get; init; } = "";

    /// <summary>The version of QEMU.</summary>
    public string Qemu { get; init; } = "";

    /// <summary>The screenshot that the verdict is based on, or the last one: PNG; null where there was none.</summary>
    [JsonIgnore]
    public byte[]? Screenshot { get; init; }
}
