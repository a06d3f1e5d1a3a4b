using System.Text;
using OfflinePatch.Cli.Witness;

namespace OfflinePatch.Cli.Tests.Witness;

/// <summary>What a guest says is read in whatever pieces it arrives, and nothing that it says ends the program.</summary>
[Trait("tier", "unit")]
public sealed class GuestTextTests
{
    [Theory]
    [InlineData(@"PciRoot(0x0)/Pci(0x3,0x0)", true)]
    [InlineData("Fv(7CB8BDC9-F8EB-4F34-AAEA-3EE4AF6516A1)", false)]
    public void A_loader_of_the_firmware_itself_is_none_of_the_disk(string device, bool isOfDisk)
    {
        var line = "BdsDxe: starting Boot0000 \"UiApp\" from " + device + "\r\n";
        for (var cut = 0; cut <= line.Length; cut++)
        {
            var serial = new SerialLine(sign: null);
            serial.Add(Encoding.ASCII.GetBytes(line[..cut]));
            serial.Add(Encoding.ASCII.GetBytes(line[cut..]));
            Assert.Equal(isOfDisk, serial.StartedByFirmware);
        }
    }

    [Fact]
    public void A_sign_is_found_in_pieces_and_behind_much_text()
    {
        const string Sign = "OFFLINEPATCH-STARTED 0123456789abcdef";
        var serial = new SerialLine(Sign);
        serial.Add(Encoding.ASCII.GetBytes(new string('x', 200_000)));
        foreach (var c in Sign)
        {
            Assert.False(serial.HasSign);
            serial.Add(new[] { (byte)c });
        }

        Assert.True(serial.HasSign);
    }

    [Theory]
    [InlineData("{\"return\":{\"pretty-name\":\"\\ud800\"}}")]
    [InlineData("{\"return\":{\"pretty-name\":\"\u00FF\"}}")] // one byte, and no UTF-8
    [InlineData("{\"return\":")]
    [InlineData("[1]")]
    public void An_answer_that_is_none_is_passed_over(string answer)
    {
        using var probe = new AgentProbe(7);
        probe.Add("{\"return\":7}\n"u8.ToArray());
        probe.Add(Encoding.Latin1.GetBytes(answer + "\n"));
        Assert.True(probe.Answers);
        Assert.Null(probe.System);
        probe.Add("{\"return\":{\"pretty-name\":\"Windows\"}}\n"u8.ToArray());
        Assert.Equal("Windows", probe.System);
    }
}
