using System.Text;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Rendering;

/// <summary>Passwords that are in an image, or that a command is given, are in nothing that a command prints or writes beside it.</summary>
[Trait("tier", "e2e")]
public sealed class SecretTests(Machines machines) : IClassFixture<Machines>
{
    private const string Mark = "S3CRET";

    private const string AnswerFile = """
        <unattend xmlns="urn:schemas-microsoft-com:unattend"><settings pass="oobeSystem">
        <component name="Microsoft-Windows-Shell-Setup">
        <AutoLogon><Password><Value>S3CRETlogon</Value></Password><Username>bob</Username></AutoLogon>
        <UserAccounts><AdministratorPassword><Value>S3CRETadmin</Value></AdministratorPassword>
        <LocalAccounts><LocalAccount><Password><Value>S3CRETlocal</Value></Password></LocalAccount></LocalAccounts></UserAccounts>
        <ProductKey>S3CRETkey</ProductKey></component>
        <component name="Microsoft-Windows-UnattendedJoin"><Identification><Credentials><Password>S3CRETjoin</Password></Credentials>
        </Identification></component></settings></unattend>
        """;

    [Fact]
    public void No_output_log_trace_or_report_holds_a_password()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress));
        Plant(scratch, image);
        File.WriteAllText(scratch["password"], Mark + "passW0rd!\n");
        FileModes.Set(scratch["password"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        string[] everything =
            ["--drivers", machines.Drivers, "--cloudbase-init", machines.Agent, "--admin-password-file", scratch["password"]];
        string[] written = ["-v", "--log", scratch["log"], "--trace", scratch["trace"]];
        foreach (var command in (string[][])
        [
            ["inspect", image, .. written], ["inspect", image, "--json"], ["check", image, "--all", .. written],
            ["check", image, "--all", "--json"], ["fix", image, "--dry-run", "--report", scratch["dry.html"], .. written, .. everything],
            ["fix", image, "--json", "--all", "--report", scratch["fix.html"], .. written, .. everything], ["undo", "--list", image],
            ["check", image, "--all", "--report", scratch["check.csv"]],
        ])
        {
            var run = Tool.Run(command);
            Assert.InRange(run.ExitCode, 0, 3);
            MustNotHold(string.Join(' ', command[..2]), run.Output + run.Error);
            foreach (var file in (string[])["log", "trace", "dry.html", "fix.html", "check.csv"])
            {
                MustNotHold($"{command[0]}: {file}", File.Exists(scratch[file]) ? File.ReadAllText(scratch[file]) : "");
            }
        }

        Assert.True(File.Exists(scratch["log"]) && File.Exists(scratch["trace"]) && File.Exists(scratch["fix.html"]));
    }

    /// <summary>Puts passwords where Windows and its programs have them, and sees that they are there.</summary>
    private static void Plant(ScratchFolder scratch, string image)
    {
        const string logon = @"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon";
        File.WriteAllText(scratch["unattend.xml"], AnswerFile);
        Tool.Run("fs", "put", image, scratch["unattend.xml"], "/Windows/Panther/unattend.xml").MustExit(0);
        Assert.Contains(Mark, Tool.Run("fs", "cat", image, "/Windows/Panther/unattend.xml").MustExit(0).Output, StringComparison.Ordinal);
        foreach (var (key, name, data) in ((string, string, string)[])
        [
            (logon, "AutoAdminLogon", "1"), (logon, "DefaultPassword", Mark + "auto"), (logon, "AltDefaultPassword", Mark + "other"),
            (@"HKLM\SOFTWARE\RealVNC\WinVNC4", "Password", Mark + "vnc"),
            (@"HKLM\SYSTEM\CurrentControlSet\Services\SNMP\Parameters\ValidCommunities", Mark + "snmp", "4"),
            (@"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings", "ProxyServer", $"http://u:{Mark}proxy@p:1"),
            (@"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run", "x", $"x.exe /pw {Mark}run"),
        ])
        {
            Tool.Run("reg", "set", image, key, "-v", name, "-d", data).MustExit(0);
        }

        Assert.Contains(Mark + "auto", Tool.Run("reg", "query", image, logon).MustExit(0).Output, StringComparison.Ordinal);
        Tool.Run("undo", "--forget", image).MustExit(0);
    }

    private static void MustNotHold(string what, string text)
    {
        foreach (var encoded in (string[])[Mark, Convert.ToBase64String(Encoding.UTF8.GetBytes(Mark)),
            Convert.ToBase64String(Encoding.Unicode.GetBytes(Mark)), Convert.ToHexString(Encoding.UTF8.GetBytes(Mark)),
            Convert.ToHexString(Encoding.Unicode.GetBytes(Mark))])
        {
            Assert.False(text.Contains(encoded, StringComparison.OrdinalIgnoreCase), $"{what} holds {encoded}");
        }
    }
}
