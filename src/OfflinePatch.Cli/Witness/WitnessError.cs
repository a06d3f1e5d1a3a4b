using OfflinePatch.Core;

namespace OfflinePatch.Cli.Witness;

/// <summary>Errors of starting machines; codes <c>WIT-0001</c> and up.</summary>
internal static class WitnessError
{
    private const int MaxTold = 600;

    public static HostIOException NoQemu(string program, string packages) =>
        new("WIT-0001", $"{program} is not found.", $"Install it ({packages}), or name it: --qemu FILE.");

    public static HostIOException NoFirmware(string architecture, IEnumerable<string> places, string packages) =>
        new("WIT-0002", $"There is no UEFI firmware for {architecture} in any of {string.Join(", ", places)}.",
            $"Install it ({packages}), or name it: --firmware FILE.");

    public static HostIOException DidNotStart(string program, string said) =>
        new("WIT-0003", $"{program} does not start the machine: {Told(said)}",
            "See what QEMU says. `--accel tcg` needs no hardware support; --memory uses less memory.");

    public static HostIOException Ended(string said) =>
        new("WIT-0004", $"QEMU ended before the machine did: {Told(said)}", "See what QEMU says, and try again.");

    public static RefusedException InUse(string path, string said) =>
        new("WIT-0005", $"QEMU cannot open {path}, because another program uses it: {Told(said)}",
            "Stop the virtual machine that uses it, then try again.");

    public static HostIOException NoRoom(string folder) =>
        new("WIT-0006", $"There is no space left in {folder} for what the machine writes.",
            "Make room there, or name another directory: TMPDIR=DIR offlinepatch witness ...");

    public static HostIOException PathTooLong(string folder) =>
        new("WIT-0007", $"The path of the temporary directory {folder} is too long for the sockets that QEMU is asked through.",
            "Name a shorter one: TMPDIR=/tmp offlinepatch witness ...");

    public static HostIOException NotHere() =>
        new("WIT-0008", "Machines are started on Linux and macOS only.", "Run this command there.");

    private static string Told(string said)
    {
        var text = said.Trim().ReplaceLineEndings("; ");
        return text.Length == 0 ? "it says nothing." : text.Length > MaxTold ? text[..MaxTold] + "..." : text;
    }
}
