using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

/// <summary>
/// No two lines about one machine disagree: what <c>inspect</c> tells, what <c>check</c> finds, and what a dry run of <c>fix</c> leaves,
/// for every defect.
/// </summary>
[Trait("tier", "unit")]
public sealed class ContradictionTests
{
    public static TheoryData<string> Names => [.. Defect.All.Select(d => d.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_lines_of_a_defect_agree(string name)
    {
        var defect = Defect.All.Single(d => d.Name == name);
        foreach (var generation in new[] { Generation.Server2008R2, Generation.Windows10, Generation.Server2019 })
        {
            foreach (var firmware in new[] { Firmware.Bios, Firmware.Uefi })
            {
                if (!(defect.Where?.Invoke(generation, firmware) ?? true))
                {
                    continue;
                }

                var machine = PreparedMachine.Bare(generation, firmware);
                defect.Break(machine);
                var context = machine.Start();
                AssertAgree(context, $"{name}, {generation}, {firmware}");
                if (defect.Fixable)
                {
                    RuleCatalog.All.Single(r => r.Id == defect.Rule).Fix(context);
                    AssertAgree(context, $"{name}, {generation}, {firmware}, fixed");
                }
            }
        }
    }

    [Theory]
    [InlineData(Firmware.Bios)]
    [InlineData(Firmware.Uefi)]
    public void The_lines_of_a_prepared_machine_agree(Firmware firmware)
    {
        foreach (var generation in Enum.GetValues<Generation>())
        {
            var machine = PreparedMachine.Create(generation, firmware);
            AssertAgree(machine.Start(), $"prepared {generation} {firmware}");
            machine.Options = new RuleOptions { TrustedRoots = [] };
            AssertAgree(machine.Restart(), $"prepared {generation} {firmware}, not trusted");
            machine.Software.Create(@"Microsoft\Windows\CurrentVersion\Setup\State")
                .SetString("ImageState", "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE");
            AssertAgree(machine.Start(), $"prepared {generation} {firmware}, generalised");
        }
    }

    private static void AssertAgree(RuleContext context, string where)
    {
        var inspection = InspectionReader.Read(context);
        var findings = RuleCatalog.For(context.Profile).Where(r => !r.Contract.NeedsWindows || context.FoundWindows is not null)
            .ToDictionary(r => r.Id, r => r.Inspect(context), StringComparer.Ordinal);
        void Same(bool expected, bool actual, string what) => Assert.True(expected == actual, $"{where}: {what}");

        // The name under which inspect says to register the image is the one that check gives.
        var registered = findings["windows.supported"];
        Assert.Contains($"\"{inspection.Registration["os_version"]}\"", registered.Message + registered.Remedy, StringComparison.Ordinal);
        if (findings["windows.boot-mode"].State == FindingState.Ok)
        {
            Assert.Contains($"hw_firmware_type={inspection.Registration["hw_firmware_type"]}", findings["windows.boot-mode"].Message,
                StringComparison.Ordinal);
        }

        // Accounts.
        if (!context.Windows.Facts.IsDomainController && inspection.Accounts.Count > 0)
        {
            var withoutPassword = inspection.Accounts.Where(a => a is { Enabled: true, HasPassword: false }).Select(a => a.Name).ToList();
            Same(withoutPassword.Count > 0, findings["accounts.password"].State == FindingState.Failed, "accounts without a password");
            Assert.All(withoutPassword, n => Assert.Contains(n, findings["accounts.password"].Message, StringComparison.Ordinal));
            Same(inspection.Accounts.Any(a => a is { Enabled: true, HasPassword: true, Administrator: true, Note: null }),
                findings["accounts.administrator"].State == FindingState.Ok, "a usable administrator");
        }

        // Addresses of the control set that runs.
        var isStatic = inspection.NetworkInterfaces.Any(i => !i.Dhcp || i.Addresses.Count > 0 || i.Gateways.Count > 0
            || i.DnsServers.Count > 0);
        if (isStatic)
        {
            Same(true, findings["network.dhcp"] is { State: FindingState.Failed, Fixable: true }, "static addresses");
        }

        // Drivers: what inspect misses or calls faulty, the rule does not call ready; where the rule is content, inspect has no word
        // against it.
        foreach (var family in inspection.DriverFamilies.Where(f => f.Family == "virtio"))
        {
            foreach (var (rule, drivers) in new[] { ("drivers.virtio-storage", new[] { "viostor", "vioscsi" }),
                ("drivers.virtio-network", ["netkvm"]) })
            {
                var missing = drivers.Intersect(family.Missing).Any();

                // Warnings: the driver is complete and accepted.
                string[] warnings = ["Secure Boot", "Windows asks before"];
                var faulty = family.Packages.Where(p => drivers.Contains(p.Driver))
                    .Any(p => p.Problems.Any(q => !warnings.Any(w => q.Contains(w, StringComparison.Ordinal))));
                Same(missing || faulty, findings[rule].State == FindingState.Failed,
                    $"{rule}: {findings[rule].Message} ({string.Join("; ", family.Packages.SelectMany(p => p.Problems))})");
            }
        }

        // Xen: what inspect shows as starting is not called absent.
        if (inspection.Drivers.Any(d => d.Origin == "Xen PV" && d.Start is "boot" or "system"))
        {
            Assert.DoesNotContain("no Xen PV driver that is known here would start", findings["drivers.xen-pv"].Message,
                StringComparison.Ordinal);
            Same(false, findings["drivers.xen-pv"].State == FindingState.Ok
                && findings["drivers.xen-pv"].Message.Contains("no package", StringComparison.Ordinal), "Xen PV drivers");
        }

        // Agent.
        Same(inspection.Agents.Any(a => a.Name == "Cloudbase-Init"),
            !findings["agent.cloudbase-init"].Message.Contains("is not installed", StringComparison.Ordinal), "the agent");
        var ended = findings["windows.sysprep"].Message.StartsWith("No setup is in progress", StringComparison.Ordinal);
        Same(false,
            ended && (findings["agent.cloudbase-init"].Message + string.Join(' ', findings["agent.cloudbase-init"].Remarks))
                .Contains("continues its setup", StringComparison.Ordinal), "the state of the setup");

        // Boot: the default entry of inspect is what the rules judge.
        if (findings["boot.same-disk"].State == FindingState.Ok && inspection.BootStores.Count > 0)
        {
            var entry = inspection.BootStores.SelectMany(s => s.Entries).First(e => e.IsDefault);
            Assert.Contains("winload", entry.Loader!, StringComparison.OrdinalIgnoreCase);
        }

        // Where one gate fails, no other line says that all is well with what the gate is about.
        Same(false, findings["volume.dirty"].State == FindingState.Failed && findings["volume.allocation"].State == FindingState.Failed
            && findings["volume.dirty"].Message == findings["volume.allocation"].Message, "gates");
        var texts = findings.Where(f => f.Value.State != FindingState.NotApplicable).Select(f => f.Value.Message).ToList();
        Assert.Equal(texts.Count, texts.Distinct(StringComparer.Ordinal).Count());
        Assert.All(findings.Values.Where(f => f.State == FindingState.Ok), f => Assert.Null(f.Remedy));
    }
}
