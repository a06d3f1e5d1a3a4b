namespace OfflinePatch.Drivers;

/// <summary>
/// Processor architectures, with the numbers of <c>PROCESSOR_ARCHITECTURE_*</c> in <c>winnt.h</c>, which the driver database stores too.
/// </summary>
public enum ProcessorArchitecture : ushort
{
    /// <summary>32-bit x86; <c>x86</c> in section names.</summary>
    X86 = 0,

    /// <summary>32-bit Arm; <c>arm</c>.</summary>
    Arm = 5,

    /// <summary>Itanium; <c>ia64</c>.</summary>
    Ia64 = 6,

    /// <summary>64-bit x86; <c>amd64</c>.</summary>
    Amd64 = 9,

    /// <summary>64-bit Arm; <c>arm64</c>.</summary>
    Arm64 = 12,
}

/// <summary>Names of architectures.</summary>
public static class ProcessorArchitectures
{
    /// <summary>
    /// The name in INF decorations and driver store directories: <c>x86</c>, <c>amd64</c>, <c>arm64</c>, <c>arm</c>, <c>ia64</c>.
    /// </summary>
    public static string InfName(this ProcessorArchitecture architecture) => architecture switch
    {
        ProcessorArchitecture.X86 => "x86",
        ProcessorArchitecture.Arm => "arm",
        ProcessorArchitecture.Ia64 => "ia64",
        ProcessorArchitecture.Amd64 => "amd64",
        ProcessorArchitecture.Arm64 => "arm64",
        _ => $"arch{(ushort)architecture}",
    };

    /// <summary>The architecture of an INF name, without case, or null.</summary>
    public static ProcessorArchitecture? Parse(ReadOnlySpan<char> name)
    {
        foreach (var architecture in All)
        {
            if (name.Equals(architecture.InfName(), StringComparison.OrdinalIgnoreCase))
            {
                return architecture;
            }
        }

        return null;
    }

    /// <summary>Every architecture that an INF can name.</summary>
    public static ReadOnlySpan<ProcessorArchitecture> All =>
        [ProcessorArchitecture.X86, ProcessorArchitecture.Amd64, ProcessorArchitecture.Arm64, ProcessorArchitecture.Arm,
            ProcessorArchitecture.Ia64];
}
