using System.Text;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>
/// Local accounts, by the built binary: machines whose only administrator is disabled and has a password that nobody knows.
/// </summary>
[Trait("tier", "e2e")]
public sealed class AccountsCommandTests(Machines machines) : IClassFixture<Machines>
{
    private const string Password = "Correct-Horse9";

    public static TheoryData<string, MachineFirmware> Generations()
    {
        var cases = new TheoryData<string, MachineFirmware>();
        foreach (var generation in Generation.All)
        {
            cases.Add(generation.Name, MachineFirmware.Bios);
            cases.Add(generation.Name, MachineFirmware.Uefi);
        }

        return cases;
    }

    [SkippableTheory]
    [MemberData(nameof(Generations))]
    [Trait("speed", "slow")]
    public void On_every_Windows_and_firmware_a_password_is_set(string generation, MachineFirmware firmware) =>
        A_machine_with_an_unknown_password_is_ready_after_one_fix(generation, firmware);

    [SkippableTheory]
    [InlineData("win2008r2", MachineFirmware.Bios)]
    [InlineData("win10", MachineFirmware.Uefi)]
    public void A_machine_with_an_unknown_password_is_ready_after_one_fix(string generation, MachineFirmware firmware)
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw(generation, firmware, Defect.UnknownPassword));
        var before = SparseHash.OfAll([image]);
        File.WriteAllText(scratch["secret"], Password + "\n");
        var told = Fix(image, generation, "--dry-run").MustExit(0);
        Assert.Equal("failed", told.State("accounts.administrator"));

        var fix = Fix(image, generation, "--admin-password-file", scratch["secret"], "--report", scratch["report.json"], "--log",
            scratch["log"]).MustExit(0);
        Assert.Equal("ready", fix.Image.GetProperty("result").GetString());
        Assert.Equal("fixed", fix.State("accounts.administrator"));
        AssertNoSecret(scratch, fix);
        var again = Fix(image, generation, "--admin-password-file", scratch["secret"]).MustExit(0);
        Assert.Empty(again.In("fixed"));
        Judge(image, "Administrateur:500");
        File.Delete(scratch["secret"]);
        Tool.Run("undo", "--all", image).MustExit(0);
        Assert.Equal(before, SparseHash.OfAll([image]));
    }

    [SkippableTheory]
    [InlineData("win2008r2", MachineFirmware.Bios)]
    [InlineData("win2022", MachineFirmware.Uefi)]
    public void Each_command_changes_one_thing(string generation, MachineFirmware firmware)
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw(generation, firmware, Defect.UnknownPassword));
        var before = SparseHash.OfAll([image]);
        var listed = Account(image, 500);
        Assert.Equal("Administrateur", listed.GetProperty("name").GetString());
        Assert.Equal("builtInAdministrator", listed.GetProperty("kind").GetString());
        Assert.False(listed.GetProperty("enabled").GetBoolean());
        Assert.True(listed.GetProperty("locked").GetBoolean());
        Assert.Equal("set", listed.GetProperty("password").GetString());
        Assert.Equal("blank", Account(image, 501).GetProperty("password").GetString());
        Assert.Equal(before, SparseHash.OfAll([image]));

        Assert.True(Tool.RunJson("accounts", "unlock", image, "administrateur").MustExit(0).Json.GetProperty("changed").GetBoolean());
        Assert.False(Account(image, 500).GetProperty("locked").GetBoolean());
        Assert.False(Account(image, 500).GetProperty("enabled").GetBoolean());
        Tool.Run("accounts", "enable", image, "500").MustExit(0);
        Assert.True(Account(image, 500).GetProperty("enabled").GetBoolean());
        var set = Tool.RunWithInput(Encoding.UTF8.GetBytes(Password + "\r\n"), "accounts", "set-password", image, "500", "--password-file",
            "-", "--json").MustExit(0);
        Assert.DoesNotContain(Password, set.Output + set.Error, StringComparison.Ordinal);
        Assert.Contains("EFS", set.Error, StringComparison.Ordinal);
        Judge(image, "Administrateur:500");
        Assert.False(Tool.RunJson("accounts", "enable", image, "500").MustExit(0).Json.GetProperty("changed").GetBoolean());
        Assert.Contains("Administrateur", Tool.Run("accounts", "list", image).MustExit(0).Output, StringComparison.Ordinal);
        Tool.Run("undo", "--all", image).MustExit(0);
        Assert.Equal(before, SparseHash.OfAll([image]));
    }

    [SkippableFact]
    public void A_descriptor_is_read_and_what_is_not_taken_changes_nothing()
    {
        Oracle.Require("bash");
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2022", MachineFirmware.Bios, Defect.UnknownPassword));
        var before = SparseHash.OfAll([image]);
        File.WriteAllText(scratch["weak"], "password\n");
        var weak = Tool.RunJson("accounts", "set-password", image, "500", "--password-file", scratch["weak"]).MustExit(1);
        Assert.DoesNotContain("password\n", weak.Error, StringComparison.Ordinal);
        File.WriteAllText(scratch["weak"], "NoSpecial123\n");
        Tool.Run("accounts", "set-password", image, "500", "--password-file", scratch["weak"]).MustExit(1);
        File.WriteAllText(scratch["good"], Password);
        Assert.Equal("SAM-0003",
            Tool.RunJson("accounts", "set-password", image, "nobody", "--password-file", scratch["good"]).MustExit(4).Json
                .GetProperty("error").GetProperty("code").GetString());
        Tool.RunWithInput([], "accounts", "set-password", image, "500").MustExit(1); // nobody there to ask
        Assert.Equal(before, SparseHash.OfAll([image]));
        Oracle.Run("bash", "-c", $"'{Tool.Path}' accounts set-password '{image}' 500 --password-file <(echo '{Password}')").MustSucceed();
        Judge(image, "Administrateur:500");
        Tool.Run("accounts", "set-password", image, "500", "--target", "generic-kvm", "--password-file", scratch["weak"]).MustExit(0);
    }

    [SkippableFact]
    public void A_domain_controller_is_listed_and_not_changed()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2022", MachineFirmware.Bios, Defect.UnknownPassword));
        Tool.Run("reg", "set", image, @"HKLM\SYSTEM\CurrentControlSet\Control\ProductOptions", "-v", "ProductType", "-d", "LanmanNT")
            .MustExit(0);
        File.WriteAllText(scratch["good"], Password);
        Assert.Contains("domain controller", Tool.RunJson("accounts", "list", image).MustExit(0).Json.GetProperty("note").GetString(),
            StringComparison.Ordinal);
        Assert.Equal("SAM-0006",
            Tool.RunJson("accounts", "set-password", image, "500", "--password-file", scratch["good"]).MustExit(4).Json.GetProperty("error")
                .GetProperty("code").GetString());
    }

    private ToolResult Fix(string image, string generation, params string[] more) => Tool.RunJson(
        ["fix", image, "--trust-root", SampleRoot.Path, "--drivers", machines.Drivers, "--cloudbase-init", machines.AgentFor(generation),
            .. more]);

    private static System.Text.Json.JsonElement Account(string image, uint rid) =>
        Tool.RunJson("accounts", "list", image).MustExit(0).Json.GetProperty("accounts").EnumerateArray()
            .Single(a => a.GetProperty("rid").GetUInt32() == rid);

    /// <summary>Neither the password nor its hash is in anything that was printed or left beside the image.</summary>
    private static void AssertNoSecret(ScratchFolder scratch, ToolResult result)
    {
        var hash = NtHash();
        foreach (var text in new[] { Password, hash ?? Password })
        {
            Assert.DoesNotContain(text, result.Output + result.Error, StringComparison.OrdinalIgnoreCase);
            foreach (var file in Directory.GetFiles(scratch.Path)
                .Where(f => Path.GetFileName(f) is not "secret" && !f.EndsWith(".raw", StringComparison.Ordinal)))
            {
                var content = File.ReadAllBytes(file);
                Assert.True(content.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) < 0, file);
                Assert.True(content.AsSpan().IndexOf(Encoding.Unicode.GetBytes(text)) < 0, file);
                Assert.True(hash is null || content.AsSpan().IndexOf(Convert.FromHexString(hash)) < 0, file);
                Assert.DoesNotContain(text, Path.GetFileName(file), StringComparison.OrdinalIgnoreCase);
            }
        }
    }

    private static string? NtHash()
    {
        var result = File.Exists("/usr/bin/python3")
            ? Oracle.Run("/usr/bin/python3", "-c", $"from impacket.ntlm import compute_nthash; print(compute_nthash('{Password}').hex())")
            : null;
        return result is { ExitCode: 0 } ? result.Output.Trim() : null;
    }

    private static void Judge(string image, string account)
    {
        Skip.If(NtHash() is null, "impacket is not installed: everything but the hash itself was judged");
        using var work = new ScratchFolder();
        Tool.Run("fs", "get", image, @"Windows\System32\config\SAM", @"Windows\System32\config\SYSTEM", work.Path).MustExit(0);
        File.WriteAllText(work["read.py"], """
            import sys
            from impacket.examples.secretsdump import LocalOperations, SAMHashes
            from impacket.ntlm import compute_nthash
            key = LocalOperations(sys.argv[1]).getBootKey()
            SAMHashes(sys.argv[2], key, isRemote=False, perSecretCallback=lambda line: print(line)).dump()
            print('wanted', compute_nthash(sys.argv[3]).hex())
            """);
        var told = Oracle.Run("/usr/bin/python3", work["read.py"], work["SYSTEM"], work["SAM"], Password).MustSucceed().Output;
        var wanted = told.Split("wanted ")[1].Trim();
        Assert.Contains($"{account}:aad3b435b51404eeaad3b435b51404ee:{wanted}:", told, StringComparison.Ordinal);
    }
}
