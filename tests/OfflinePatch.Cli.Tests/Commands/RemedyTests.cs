using System.Text.RegularExpressions;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>What a finding names as its remedy is typed as it is printed, and heals it: nobody needs a source machine for it.</summary>
[Trait("tier", "e2e")]
public sealed partial class RemedyTests(Machines machines) : IClassFixture<Machines>
{
    public static TheoryData<string, string[]> Cases => new()
    {
        { "boot.next-start", ["bcd", "IMAGE", "--set", "{default}", "halbreakpoint", "yes"] },
        { "boot.next-start", ["bcd", "IMAGE", "--set", "{default}", "advancedoptions", "yes"] },
        { "windows.device-guard",
            ["reg", "add", "IMAGE", @"HKLM\SYSTEM\CurrentControlSet\Control\DeviceGuard", "/v", "Mandatory", "/t", "REG_DWORD", "/d", "1",
                "/f"] },
    };

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void A_remedy_heals_what_it_is_printed_for(string rule, string[] damage)
    {
        Skip.If(OperatingSystem.IsWindows(), "the words are quoted for this host's shell, and are run in sh here");
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2022", MachineFirmware.Uefi));
        Tool.Run([.. damage.Select(w => w == "IMAGE" ? image : w)]).MustExit(0);
        var told = Tool.RunJson("check", image, "--only", rule);
        Assert.Equal("failed", told.State(rule));
        var command = Command().Match(told.Rule(rule).GetProperty("remedy").GetString()!).Groups["words"].Value;
        Assert.Contains(" IMAGE", command, StringComparison.Ordinal);
        Oracle.Run("sh", "-c", command.Replace("offlinepatch", Tool.Path, StringComparison.Ordinal)
            .Replace("IMAGE", $"'{image}'", StringComparison.Ordinal)).MustSucceed();
        Assert.Equal("ok", Tool.RunJson("check", image, "--only", rule).MustExit(0).State(rule));
    }

    [GeneratedRegex("`(?<words>offlinepatch [^`]+)`", RegexOptions.ExplicitCapture)]
    private static partial Regex Command();
}
