using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Boot;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

/// <summary>The sectors that a BIOS starts from, and the copy that NTFS keeps of its first one.</summary>
[Trait("tier", "unit")]
public sealed class BiosBootTests
{
    private const long Start = Machine.MiB;
    private const long Last = Start + (350 * Machine.MiB) - 512;

    [Theory]
    [InlineData("NTFS    ", true)]
    [InlineData("NTFX    ", false)] // no copy: data of somebody
    public void HiddenSectors_are_mended_in_the_copy_too(string id, bool isCopy)
    {
        var machine = new Machine(firmware: Firmware.Bios);
        var sector = Read(machine, Start);
        sector[0x1C] = 63;
        (sector[0x1D], sector[0x1E], sector[0x1F]) = (0, 0, 0);
        machine.Disk.Write(Start, sector);
        var copy = (byte[])sector.Clone();
        System.Text.Encoding.ASCII.GetBytes(id).CopyTo(copy, 3);
        machine.Disk.Write(Last, copy);
        var guest = machine.Start();
        var rule = RuleCatalog.All.Single(r => r.Id == "boot.loader");
        Assert.Equal("HiddenSectors of partition 1 is 63", rule.Inspect(guest).Before);
        rule.Fix(guest);

        sector[0x1C] = 0;
        sector[0x1D] = 8; // 2048
        Assert.Equal(sector, Read(machine, Start));
        if (isCopy)
        {
            copy[0x1C] = 0;
            copy[0x1D] = 8;
        }

        Assert.Equal(copy, Read(machine, Last));
        Assert.Equal(new byte[512], Read(machine, Last + 512));
    }

    private static byte[] Read(Machine machine, long offset)
    {
        var sector = new byte[512];
        machine.Disk.Read(offset, sector);
        return sector;
    }
}
