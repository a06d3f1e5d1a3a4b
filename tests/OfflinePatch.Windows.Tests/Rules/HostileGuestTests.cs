using OfflinePatch.Core;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

/// <summary>
/// A guest is hostile input: values of any type and length, where rules expect others, end in a finding or in one of the four errors.
/// </summary>
[Trait("tier", "fuzz")]
public sealed class HostileGuestTests
{
    private static readonly RegistryValueType[] Types =
    [
        RegistryValueType.None, RegistryValueType.String, RegistryValueType.ExpandString, RegistryValueType.Binary, RegistryValueType.Dword,
        RegistryValueType.MultiString, RegistryValueType.Qword, (RegistryValueType)0x77,
    ];

    [Theory]
    [InlineData(1, 60)]
    public void Values_of_any_type_and_length(int seed, int rounds) => Run(seed, rounds);

    [Theory]
    [InlineData(100, 5000)]
    [Trait("speed", "slow")]
    public void Values_of_any_type_and_length_for_long(int seed, int rounds) => Run(seed, rounds);

    private static void Run(int seed, int rounds)
    {
        for (var round = 0; round < rounds; round++)
        {
            var random = new Random((seed * 10_000) + round);
            var machine = new Machine((Generation)random.Next(4), random.Next(2) == 0 ? Firmware.Bios : Firmware.Uefi, 2 * Machine.GiB)
            {
                Options = new RuleOptions { EnableRdp = random.Next(2) == 0 },
            };
            machine.Rename(@"\??\C:\Windows\System32\drivers\atapi.sys", "");
            machine.Rename(@"\??\C:\Windows\Temp\x", @"!\??\C:\Windows\y");
            machine.System.Create("MountedDevices").SetBinary(@"\DosDevices\E:", new byte[12]);
            machine.Set(@"Control\Nsi\{eb004a01-9b1a-11d4-9123-0050047759bc}\10")
                .SetBinary("0000000080000600fd000000000000000000000000000001", new byte[48]);
            machine.Set(@"Enum\PCI\VEN_1AF4\3&1").SetString("ClassGUID", "{4d36e97b-e325-11ce-bfc1-08002be10318}");
            machine.Set(@"Enum\PCI\VEN_1AF4\3&1").SetMultiString("UpperFilters", ["prl_strg", "ghost"]);
            machine.Set(@"Control\Class\{4d36e97d-e325-11ce-bfc1-08002be10318}").SetMultiString("UpperFilters", ["ghost"]);
            machine.Service("prl_strg", 0);
            foreach (var hive in new[] { machine.System, machine.Software, machine.Sam, machine.Bcd })
            {
                var keys = All(hive.Root).Where(k => k.ValueCount > 0).ToList();
                for (var i = 0; i < 1 + (keys.Count / 10); i++)
                {
                    Spoil(random, keys[random.Next(keys.Count)]);
                }
            }

            try
            {
                var guest = machine.Start();
                if (guest.FoundWindows is null)
                {
                    continue;
                }

                foreach (var rule in RuleCatalog.All)
                {
                    Judge(guest, rule);
                }
            }
            catch (Exception e) when (e is CorruptImageException or UnsupportedImageException or RefusedException or IOException)
            {
                // a coded error is an answer
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"round {round} of seed {seed}", e);
            }
        }
    }

    private static void Judge(RuleContext guest, Rule rule)
    {
        try
        {
            var finding = rule.Inspect(guest);
            Assert.NotEmpty(finding.Message);
            if (finding is { State: FindingState.Failed, Fixable: true } && rule.Contract.CanFix)
            {
                rule.Fix(guest);
                var after = rule.Inspect(guest);
                Assert.False(after is { State: FindingState.Failed, Fixable: true },
                    $"{rule.Id} is not mended: {after.Message} {after.Before}");
            }
        }
        catch (Exception e) when (e is CorruptImageException or UnsupportedImageException or RefusedException or IOException)
        {
            // a coded error is an answer
        }
    }

    private static void Spoil(Random random, HiveKey key)
    {
        var values = key.Values.Select(v => v.Name).ToList();
        if (values.Count == 0)
        {
            return;
        }

        var name = values[random.Next(values.Count)];
        var data = new byte[random.Next(6) switch { 0 => 0, 1 => 1, 2 => 4, 3 => 8, 4 => random.Next(1, 200), _ => 3 }];
        random.NextBytes(data);
        if (random.Next(3) == 0)
        {
            key.DeleteValue(name);
        }
        else
        {
            key.SetValue(name, Types[random.Next(Types.Length)], data);
        }
    }

    private static IEnumerable<HiveKey> All(HiveKey key) => key.SubKeys.SelectMany(All).Prepend(key);
}
