namespace OfflinePatch.Cli.Witness;

/// <summary>What was seen of a machine.</summary>
internal sealed record Observations
{
    /// <summary>Whether the script's line came on the first serial port.</summary>
    public bool HasSign { get; init; }

    /// <summary>Whether the guest agent answered.</summary>
    public bool AgentAnswers { get; init; }

    /// <summary>The operating system as the guest agent names it, or null.</summary>
    public string? AgentSystem { get; init; }

    /// <summary>Whether the machine reported a stop to QEMU.</summary>
    public bool HasPanicked { get; init; }

    /// <summary>The stop code of that report, or null.</summary>
    public string? StopCode { get; init; }

    /// <summary>The Windows whose stop page was seen on the screen, or null.</summary>
    public string? StopPage { get; init; }

    /// <summary>The text on the screen, or null.</summary>
    public string? ScreenText { get; init; }

    /// <summary>Bytes that the machine read from its disk.</summary>
    public long BytesRead { get; init; }

    /// <summary>Whether UEFI started it.</summary>
    public bool IsUefi { get; init; }

    /// <summary>Whether the firmware said on the first serial port that it started a loader from the disk.</summary>
    public bool StartedByFirmware { get; init; }

    /// <summary>Whether the machine switched itself off.</summary>
    public bool HasPoweredOff { get; init; }

    /// <summary>How many times it was reset after its start.</summary>
    public int Resets { get; init; }

    /// <summary>Seconds that it was waited for.</summary>
    public double Seconds { get; init; }
}
