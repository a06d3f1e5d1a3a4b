using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Logs;
using OfflinePatch.Testing;
using OfflinePatch.Windows.Accounts;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Accounts;
using OfflinePatch.Windows.Tests.Machines;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Parameters;

namespace OfflinePatch.Windows.Tests.Accounts;

/// <summary>
/// Passwords in SAM: published vectors, a SAM with the boot key of a real machine, and impacket as an independent reader.
/// </summary>
public sealed class AccountEditorTests
{
    private const string Password = "Correct-Horse9";
    private static readonly PasswordPolicy Huawei = PasswordPolicy.For(TargetCatalog.Get("huawei-ims"));
    private static readonly byte[] Key = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

    [Theory]
    [InlineData("password", "8846f7eaee8fb117ad06bdd830b7586c")]
    [InlineData("Password", "a4f49c406510bdcab6824ee7c30fd852")] // [MS-NLMP] 4.2.2.1.2
    [InlineData("", "31d6cfe0d16ae931b73c59d7e0c089c0")]
    public void The_NT_hash_of_published_vectors(string password, string hash) =>
        Assert.Equal(hash, Convert.ToHexStringLower(PasswordHash.Of(password)));

    [SkippableTheory]
    [Trait("tier", "oracle")]
    [InlineData(1, true)]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(2, false)]
    public void An_independent_reader_finds_the_hash_that_was_written(int revision, bool hadPassword)
    {
        using var scratch = new ScratchFolder();
        var machine = With(revision, hadPassword, 0x0211);
        var guest = machine.Start();
        var editor = new AccountEditor(guest.Windows);
        Assert.False(editor.HasPassword(500, Password));
        editor.SetPassword(500, Password, Huawei);
        editor.Enable(500);
        Assert.True(editor.HasPassword(500, Password));
        Assert.False(editor.HasPassword(500, Password + "x"));
        var account = editor.Find("500");
        Assert.True(account is { IsEnabled: true, HasPassword: true });
        Assert.DoesNotContain(guest.Machine.Changes.Registry,
            c => (c.After ?? "").Contains(Convert.ToHexString(PasswordHash.Of(Password)), StringComparison.OrdinalIgnoreCase));
        guest.Windows.WriteBack();

        var files = machine.WindowsFiles;
        var sam = Hive.Open(files.ReadFile(@"Windows\System32\config\SAM"));
        Assert.DoesNotContain(sam.Check(), f => f.ForbidsEditing);
        Skip.If(!HasImpacket(), "python3-impacket is not installed");
        var told = Dump(scratch, files);
        Assert.Contains($"Administrator:500:aad3b435b51404eeaad3b435b51404ee:{Convert.ToHexStringLower(PasswordHash.Of(Password))}:", told,
            StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_rule_sets_it_when_asked_once(int revision)
    {
        var machine = With(revision, hadPassword: true, 0x0611);
        var guest = machine.Start();
        guest = guest with { Request = guest.Request with { AdministratorPassword = Password } };
        var rule = new AccountsAdministratorRule();
        var finding = rule.Inspect(guest);
        Assert.True(finding.Fixable, finding.Message);
        Assert.DoesNotContain(Password, finding.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Password, guest.Request.ToString(), StringComparison.Ordinal);
        rule.Fix(guest);
        Assert.Equal(FindingState.Ok, rule.Inspect(guest).State);
        guest.Windows.WriteBack();

        var again = machine.Restart();
        again = again with { Request = again.Request with { AdministratorPassword = Password } };
        Assert.Equal(FindingState.Ok, rule.Inspect(again).State);
    }

    [SkippableFact]
    public void A_SAM_of_another_machine_is_refused_before_anything_is_written()
    {
        foreach (var revision in new[] { 1, 2 })
        {
            var machine = With(revision, hadPassword: true, 0x0210, wrongBootKey: true);
            var editor = new AccountEditor(machine.Start().Windows);
            Assert.Equal("SAM-0002", Assert.Throws<UnsupportedImageException>(() => editor.SetPassword(500, Password, Huawei)).Code);
        }
    }

    [Theory]
    [InlineData("Short1!")]
    [InlineData("no-upper-case-1")]
    [InlineData("NO-LOWER-CASE-1")]
    [InlineData("No-Digits-Here")]
    [InlineData("NoSpecial123")]
    [InlineData("Ümlaut-And-1234")]
    [InlineData("Far-Too-Long-A-Password-1234567890")]
    public void Weak_passwords_are_not_taken(string password)
    {
        Assert.NotNull(Huawei.WhyNot(password));
        Assert.DoesNotContain(password, Huawei.WhyNot(password)!, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_target_has_its_own_demand()
    {
        var plain = PasswordPolicy.For(TargetCatalog.Get("generic-kvm"));
        Assert.Null(plain.WhyNot("NoSpecial123"));
        Assert.Null(plain.WhyNot("Far-Too-Long-A-Password-1234567890"));
        Assert.NotNull(plain.WhyNot("only-lower-case"));
        Assert.Null(Huawei.WhyNot(Password));
        Assert.NotNull(PasswordPolicy.For(TargetCatalog.Get("otc")).WhyNot("NoSpecial123"));
        Assert.Null(Huawei.WhyNot("Operator-1234", "kiosk"));
        Assert.Equal("it holds the name of the account", Huawei.WhyNot("x-OPERATOR-1a", "operator"));
        Assert.Equal("it holds the name of the account", Huawei.WhyNot("x-rotarepo-1A", "operator"));
    }

    /// <summary>The users of a real machine, under a key that is known: their records have the layout that Windows gave them.</summary>
    [SkippableFact]
    [Trait("tier", "oracle")]
    public void On_the_records_of_a_real_SAM_an_independent_reader_finds_every_password()
    {
        using var scratch = new ScratchFolder();
        var machine = new Machine(Generation.Windows10) { System = RealSystem() };
        var bootKey = BootKey.Read(machine.Start().Windows.Current);
        var sam = Hive.Open(Corpus.Read("hives/accounts/SAM"), options: new HiveOpenOptions { Unclean = UncleanHive.Reconcile });
        var old = sam.Find(@"SAM\Domains\Account")!.FindValue("F")!.ReadData();
        var revision = BinaryPrimitives.ReadInt32LittleEndian(old.AsSpan(0x68));
        Assert.InRange(revision, 1, 2);
        DomainF(revision, bootKey).AsSpan(0x68, revision == 1 ? 0x38 : 0x40).CopyTo(old.AsSpan(0x68));
        sam.Find(@"SAM\Domains\Account")!.SetBinary("F", old);
        machine = new Machine(Generation.Windows10, sam: sam) { System = RealSystem() };
        var guest = machine.Start();
        var editor = new AccountEditor(guest.Windows);
        var users = editor.List();
        Assert.Contains(users, u => u is { Rid: 500, Kind: AccountKind.BuiltInAdministrator });
        Assert.Contains(users, u => u is { Rid: 501, Kind: AccountKind.BuiltInGuest });
        foreach (var user in users)
        {
            editor.SetPassword(user.Rid, $"Changed-{user.Rid}-x", Huawei);
        }

        guest.Windows.WriteBack();
        var files = machine.WindowsFiles;
        Assert.DoesNotContain(Hive.Open(files.ReadFile(@"Windows\System32\config\SAM")).Check(), f => f.ForbidsEditing);
        Skip.If(!HasImpacket(), "python3-impacket is not installed");
        var told = Dump(scratch, files);
        Assert.All(users,
            u =>
                Assert.Contains(
                    $"{u.Name}:{u.Rid}:aad3b435b51404eeaad3b435b51404ee:{Convert.ToHexStringLower(PasswordHash.Of($"Changed-{u.Rid}-x"))}:",
                    told, StringComparison.Ordinal));
    }

    private static string Dump(ScratchFolder scratch, MemoryFiles files)
    {
        File.WriteAllBytes(scratch["SAM"], files.ReadFile(@"Windows\System32\config\SAM"));
        File.WriteAllBytes(scratch["SYSTEM"], files.ReadFile(@"Windows\System32\config\SYSTEM"));
        File.WriteAllText(scratch["read.py"], """
            import sys
            from impacket.examples.secretsdump import LocalOperations, SAMHashes
            key = LocalOperations(sys.argv[1]).getBootKey()
            sam = SAMHashes(sys.argv[2], key, isRemote=False, perSecretCallback=lambda line: print(line))
            sam.dump()
            """);
        return Oracle.Run("/usr/bin/python3", scratch["read.py"], scratch["SYSTEM"], scratch["SAM"]).MustSucceed().Output;
    }

    private static bool HasImpacket() =>
        File.Exists("/usr/bin/python3") && Oracle.Run("/usr/bin/python3", "-c", "import impacket.examples.secretsdump").ExitCode == 0;

    private static Hive RealSystem()
    {
        var hive = Hive.Open(Corpus.Read("hives/win10-1709-x64/SYSTEM"), options: new HiveOpenOptions { Unclean = UncleanHive.Reconcile });
        hive.Root.CreateSubKey("OfflinePatchTest"); // an edit makes the copy clean
        return hive;
    }

    /// <summary>A machine with the SYSTEM hive of a real Windows 10, and a SAM that is encrypted with its boot key.</summary>
    private static Machine With(int revision, bool hadPassword, ushort flags, bool wrongBootKey = false)
    {
        var machine = new Machine(Generation.Windows10) { System = RealSystem() };
        var bootKey = BootKey.Read(machine.Start().Windows.Current);
        if (wrongBootKey)
        {
            bootKey[0] ^= 1;
        }

        machine = new Machine(Generation.Windows10) { System = RealSystem() };
        machine.Sam.Create(@"SAM\Domains\Account").SetBinary("F", DomainF(revision, bootKey));
        machine.AddAccount(500, "Administrator", flags, hasPassword: false);
        var key = machine.Sam.Create(@"SAM\Domains\Account\Users\000001F4");
        var v = key.FindValue("V")!.ReadData();
        byte[] record = revision == 1
            ? [1, 0, 1, 0, .. hadPassword ? new byte[16] : []]
            : [1, 0, 2, 0, 16, 0, 0, 0, .. new byte[16], .. hadPassword ? new byte[32] : []];
        var text = Encoding.Unicode.GetBytes("Administrator");
        var larger = new byte[0xCC + text.Length + record.Length + 2];
        v.AsSpan(0, 0xCC + text.Length).CopyTo(larger);
        record.CopyTo(larger, 0xCC + text.Length);
        BinaryPrimitives.WriteInt32LittleEndian(larger.AsSpan(0xAC), record.Length);
        key.SetBinary("V", larger);
        return machine;
    }

    /// <summary>The value F of the domain, written here from the published descriptions and not by the code under test.</summary>
    private static byte[] DomainF(int revision, byte[] bootKey)
    {
        var f = new byte[0xF0];
        var salt = new byte[16];
        salt.AsSpan().Fill(0x5A);
        var data = f.AsSpan(0x68);
        BinaryPrimitives.WriteInt32LittleEndian(data, revision);
        if (revision == 2)
        {
            using var aes = Aes.Create();
            aes.Key = bootKey;
            var hidden = aes.EncryptCbc(Key, salt, PaddingMode.PKCS7);
            BinaryPrimitives.WriteInt32LittleEndian(data[4..], 0x20 + hidden.Length);
            BinaryPrimitives.WriteInt32LittleEndian(data[12..], hidden.Length);
            salt.CopyTo(data[16..]);
            hidden.CopyTo(data[32..]);
            return f;
        }

        var letters = "!@#$%^&*()qwertyUIOPAzxcvbnmQQQQQQQQQQQQ)(*@&%\0"u8.ToArray();
        var digits = "0123456789012345678901234567890123456789\0"u8.ToArray();
        var engine = new RC4Engine();
        engine.Init(true, new KeyParameter(MD5.HashData([.. salt, .. letters, .. bootKey, .. digits])));
        byte[] plain = [.. Key, .. MD5.HashData([.. Key, .. digits, .. Key, .. letters])];
        var encrypted = new byte[32];
        engine.ProcessBytes(plain, encrypted);
        BinaryPrimitives.WriteInt32LittleEndian(data[4..], 0x38);
        salt.CopyTo(data[8..]);
        encrypted.CopyTo(data[24..]);
        return f;
    }
}
