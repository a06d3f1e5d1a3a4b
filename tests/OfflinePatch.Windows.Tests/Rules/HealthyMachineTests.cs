using OfflinePatch.Drivers;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

[Trait("tier", "unit")]
public sealed class HealthyMachineTests
{
    public static TheoryData<Generation, Firmware> Machines
    {
        get
        {
            var data = new TheoryData<Generation, Firmware>();
            foreach (var generation in Enum.GetValues<Generation>())
            {
                data.Add(generation, Firmware.Bios);
                data.Add(generation, Firmware.Uefi);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_healthy_machine_fails_no_rule_and_is_not_written(Generation generation, Firmware firmware)
    {
        var machine = new Machine(generation, firmware);
        var guest = machine.Start();
        foreach (var rule in RuleCatalog.All.Where(r => r.Id.Split('.')[0] is not "agent"
            && !r.Id.StartsWith("drivers.virtio", StringComparison.Ordinal) && !r.Id.StartsWith("drivers.xen", StringComparison.Ordinal)))
        {
            var finding = rule.Inspect(guest);
            if (rule.Id == "windows.supported" && generation is Generation.Windows7 or Generation.Windows81)
            {
                continue; // no target lists it
            }

            Assert.True(finding.State != FindingState.Failed, $"{rule.Id}: {finding.Message}");
        }

        Machine.Save(guest);
        Assert.True(guest.Changes.IsEmpty);
        Assert.Equal(0, machine.WindowsFiles.Writes);
        Assert.Equal(0, machine.SystemFiles.Writes);
    }

    [Fact]
    public void Facts_and_firmware_are_found()
    {
        var guest = new Machine(Generation.Server2019, Firmware.Uefi).Start();
        Assert.Equal(Firmware.Uefi, guest.Firmware);
        Assert.Equal("Windows", guest.Windows.SystemRoot);
        Assert.Equal("C:", guest.Windows.DriveLetter);
        Assert.Equal(ProcessorArchitecture.Amd64, guest.Windows.Facts.Architecture);
        Assert.Equal("10.0 (1809)", guest.Windows.Facts.VersionText);
        Assert.True(guest.Windows.Facts.IsServer);
        Assert.Equal("Windows Server 2019 Datacenter 64bit", OsNames.OsVersion(guest.Windows.Facts));
    }
}
