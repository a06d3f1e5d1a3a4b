using System.Runtime.InteropServices;
using OfflinePatch.Core;
using OfflinePatch.Drivers;

namespace OfflinePatch.Cli.Witness;

/// <summary>The programs and firmware files that start a machine of one architecture, as distributions install them.</summary>
/// <param name="Program">The program of QEMU.</param>
/// <param name="FirmwareFile">The firmware; null for the BIOS that comes with QEMU.</param>
/// <param name="VariablesFile">The empty variables that belong to the firmware, or null: then it is one file for both.</param>
internal sealed record QemuInstallation(string Program, string? FirmwareFile, string? VariablesFile)
{
    private const string X64Program = "qemu-system-x86_64";
    private const string Arm64Program = "qemu-system-aarch64";
    private const string X64Packages = "Debian, Ubuntu: apt install qemu-system-x86; Fedora: dnf install qemu-system-x86-core; "
        + "macOS: brew install qemu";

    private const string Arm64Packages = "Debian, Ubuntu: apt install qemu-system-arm; Fedora: dnf install qemu-system-aarch64-core; "
        + "macOS: brew install qemu";

    private const string X64FirmwarePackages = "Debian, Ubuntu: apt install ovmf; Fedora: dnf install edk2-ovmf";
    private const string Arm64FirmwarePackages = "Debian, Ubuntu: apt install qemu-efi-aarch64; Fedora: dnf install edk2-aarch64";

    // Without Secure Boot: drivers of test machines and stand-ins are not signed by Microsoft.
    private static readonly (string Code, string Variables)[] X64Firmware =
    [
        ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"), // Debian, Ubuntu
        ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
        ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"), // Fedora
        ("/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"), // Arch
        ("/usr/share/qemu/ovmf-x86_64-4m-code.bin", "/usr/share/qemu/ovmf-x86_64-4m-vars.bin"), // openSUSE
        ("/usr/share/qemu/edk2-x86_64-code.fd", "/usr/share/qemu/edk2-i386-vars.fd"), // QEMU's own
        ("/usr/local/share/qemu/edk2-x86_64-code.fd", "/usr/local/share/qemu/edk2-i386-vars.fd"),
        ("/opt/homebrew/share/qemu/edk2-x86_64-code.fd", "/opt/homebrew/share/qemu/edk2-i386-vars.fd"),
    ];

    private static readonly (string Code, string Variables)[] Arm64Firmware =
    [
        ("/usr/share/AAVMF/AAVMF_CODE.no-secboot.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"),
        ("/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"), // Debian, Ubuntu
        ("/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw", "/usr/share/edk2/aarch64/vars-template-pflash.raw"), // Fedora
        ("/usr/share/edk2/aarch64/QEMU_CODE.fd", "/usr/share/edk2/aarch64/QEMU_VARS.fd"), // Arch
        ("/usr/share/qemu/aavmf-aarch64-code.bin", "/usr/share/qemu/aavmf-aarch64-vars.bin"), // openSUSE
        ("/usr/share/qemu/edk2-aarch64-code.fd", "/usr/share/qemu/edk2-arm-vars.fd"), // QEMU's own
        ("/usr/local/share/qemu/edk2-aarch64-code.fd", "/usr/local/share/qemu/edk2-arm-vars.fd"),
        ("/opt/homebrew/share/qemu/edk2-aarch64-code.fd", "/opt/homebrew/share/qemu/edk2-arm-vars.fd"),
    ];

    /// <summary>Whether a machine is one of 64-bit Arm, which has UEFI only.</summary>
    public static bool IsArm(ProcessorArchitecture architecture) =>
        architecture is ProcessorArchitecture.Arm64 or ProcessorArchitecture.Arm;

    /// <summary>Whether this processor can run the machine itself.</summary>
    public static bool IsOfHost(bool isArm) => RuntimeInformation.OSArchitecture switch
    {
        Architecture.X64 => !isArm,
        Architecture.Arm64 => isArm,
        _ => false,
    };

    /// <summary>Finds what starts a machine.</summary>
    /// <exception cref="HostIOException"><c>WIT-0001</c>, <c>WIT-0002</c>: it is not installed.</exception>
    public static QemuInstallation Find(WitnessOptions options, bool isArm, bool isUefi)
    {
        var name = isArm ? Arm64Program : X64Program;
        var program = options.Qemu ?? OnPath(name) ?? throw WitnessError.NoQemu(name, isArm ? Arm64Packages : X64Packages);
        if (!HostPaths.FileExists(program))
        {
            throw WitnessError.NoQemu(program, isArm ? Arm64Packages : X64Packages);
        }

        program = Path.GetFullPath(program);
        if (options.Firmware is { } named)
        {
            var beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(named))!,
                Path.GetFileName(named).Replace("CODE", "VARS", StringComparison.Ordinal)
                    .Replace("code", "vars", StringComparison.Ordinal));
            return new QemuInstallation(program, Path.GetFullPath(named),
                isUefi && beside != Path.GetFullPath(named) && HostPaths.FileExists(beside) ? beside : null);
        }

        if (!isUefi && !isArm)
        {
            return new QemuInstallation(program, null, null);
        }

        var places = isArm ? Arm64Firmware : X64Firmware;
        foreach (var (code, variables) in places)
        {
            if (HostPaths.FileExists(code) && HostPaths.FileExists(variables))
            {
                return new QemuInstallation(program, code, variables);
            }
        }

        throw WitnessError.NoFirmware(isArm ? "arm64" : "x64", places.Select(p => p.Code),
            isArm ? Arm64FirmwarePackages : X64FirmwarePackages);
    }

    /// <summary>The full path of a program on the PATH, or null. The current directory does not count, whatever the PATH says.</summary>
    public static string? OnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Where(Path.IsPathFullyQualified)
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(HostPaths.FileExists);
}
