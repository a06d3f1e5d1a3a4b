using OfflinePatch.Core;

namespace OfflinePatch.Windows.BootStore;

/// <summary>Errors of boot configurations that are made here, and of what starts a machine; codes <c>BOOT-0001</c> and up.</summary>
internal static class BootStoreError
{
    public static RefusedException Template(string why) => new(
        "WIN-0013", $@"Windows' template of a boot configuration (System32\config\BCD-Template) cannot be used: {why}.",
        @"Copy BCD-Template from an installation of the same Windows: offlinepatch fs put IMAGE BCD-Template Windows\System32\config\");

    public static RefusedException Irreparable(string problem) => new(
        "BOOT-0001", $"What starts Windows cannot be repaired here: {problem}",
        "Rebuild it in the source machine's recovery environment (`bcdboot C:\\Windows`), then export it again.");

    public static RefusedException Layout(string why) => new(
        "BOOT-0002", $"The partition table cannot be converted to GPT: {why}.",
        "Change the partitions in the source machine, then export it again. A machine that stays as it is starts by BIOS.");

    public static RefusedException SectorInUse(long sector) => new(
        "BOOT-0007", $"Sector {sector} of the disk is not empty, and the GPT would replace it: a boot manager (GRUB), a disk encryption or "
            + "a licence record of a program may lie there, and its purpose is not known.",
        "Remove that program in the source machine, and fill sectors 1 to 33 with zeros; then export it again. A machine that "
            + "stays as it is starts by BIOS.");

    public static RefusedException NotByUefi(string why) => new(
        "BOOT-0003", $"This Windows is not made to start by UEFI: {why}.", "Import it as a BIOS machine.");

    public static RefusedException NotStarting(string why) => new(
        "BOOT-0004", $"It is not proven that this disk starts its Windows: {why}.",
        "Run `offlinepatch boot repair IMAGE` first.");

    public static RefusedException NoEfiFiles(string why) => new(
        "BOOT-0005", $"Windows does not have its boot files for UEFI: {why}.",
        "Repair Windows in the source machine (`sfc /scannow`), then export it again.");

    public static RefusedException NoRoom(string why) => new(
        "BOOT-0006", $"There is no space for a UEFI start: {why}",
        "Write a larger copy first: `offlinepatch convert IMAGE -o COPY.qcow2`, or shrink a partition in the source machine.");
}
