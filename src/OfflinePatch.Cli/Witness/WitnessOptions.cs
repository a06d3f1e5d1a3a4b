namespace OfflinePatch.Cli.Witness;

/// <summary>How machines are started, and how long they are waited for.</summary>
internal sealed record WitnessOptions
{
    /// <summary>Bytes of memory of a machine, unless the user names others.</summary>
    public const long DefaultMemory = 2L << 30;

    /// <summary>Seconds that a machine may take, unless the user names others.</summary>
    public const int DefaultTimeout = 300;

    /// <summary>The buses, each a start of its own: <c>virtio-blk</c>, <c>virtio-scsi</c>, <c>sata</c>.</summary>
    public required IReadOnlyList<string> Buses { get; init; }

    /// <summary>The program of QEMU, or null for the one on the PATH.</summary>
    public string? Qemu { get; init; }

    /// <summary>The firmware, or null for the one that is installed.</summary>
    public string? Firmware { get; init; }

    /// <summary><c>kvm</c>, <c>tcg</c> or <c>auto</c>.</summary>
    public string Accelerator { get; init; } = "auto";

    /// <summary>Bytes of memory of a machine.</summary>
    public long Memory { get; init; } = DefaultMemory;

    /// <summary>How long a machine may take to give a sign.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(DefaultTimeout);

    /// <summary>Receives what is done. Or null.</summary>
    public Action<string>? Trace { get; init; }
}
