using System.Text;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Rendering;

/// <summary>Names and strings in an image that are meant for the terminal, the page or the host's folders of whoever looks at it.</summary>
[Trait("tier", "e2e")]
public sealed class HostileTextTests(Machines machines) : IClassFixture<Machines>
{
    private const string Attack = "\u001b]0;PWN\a\u001b[2J\u001b[31m<script>alert(1)</script>[bold]x[/]\r\nserver.raw: "
        + "ready\n\u202e\u009b31m\u2028";
    private const string Current = @"HKLM\SYSTEM\CurrentControlSet";

    [Fact]
    public void No_string_of_the_registry_reaches_the_terminal_as_more_than_text()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress));
        foreach (var (key, name) in new[]
        {
            ($@"{Current}\Control\ComputerName\ComputerName", "ComputerName"), ($@"{Current}\Services\Tcpip\Parameters", "Hostname"),
            (@"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion", "EditionID"), ($@"{Current}\Services\evil{Attack}", "ImagePath"),
        })
        {
            Tool.Run("reg", "set", image, key, "-v", name, "-d", Attack).MustExit(0);
        }

        Tool.Run("reg", "set", image, @"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion", "-v", "ProductName", "-d",
            "Windows Server 2019 " + Attack).MustExit(0);
        Tool.Run("reg", "set", image, $@"{Current}\Control\Class\{{4d36e967-e325-11ce-bfc1-08002be10318}}", "-v", "UpperFilters", "-t",
            "multi", "-d", "partmgr\\0evil" + Attack).MustExit(0);
        foreach (var command in new string[][]
        {
            ["inspect", image], ["check", image], ["inspect", image, "--json"], ["check", image, "--json"],
            ["fix", image, "--dry-run", "--report", scratch["r.html"]],
            ["reg", "query", image, $@"{Current}\Control\ComputerName\ComputerName"], ["reg", "query", image, $@"{Current}\Services", "-s"],
            ["reg", "check", image], ["bcd", image],
            ["reg", "query", image, $@"{Current}\Services", "-v", Attack], ["fs", "ls", image, Attack],
            ["inspect", scratch[Attack.Replace('/', '_')]], ["rules", "--target", Attack],
            [Attack], ["fix", image, "--only", Attack], ["fs", "stat", image, Attack],
        })
        {
            var result = Tool.Run(command);
            Assert.True(result.ExitCode is 0 or 1 or 2 or 3 or 4, $"{string.Join(' ', command)}: {result.ExitCode}\n{result.Error}");
            MustBePlain(result.Output, string.Join(' ', command));
            MustBePlain(result.Error, string.Join(' ', command));
        }

        var page = File.ReadAllText(scratch["r.html"]);
        MustBePlain(page, "the page");
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.Contains("PWN", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_with_an_unpaired_surrogate_is_listed_and_nothing_dies_of_it()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios));
        File.WriteAllText(scratch["zzzz8zz.txt"], "hi");
        Tool.Run("fs", "mkdir", image, "odd").MustExit(0);
        Tool.Run("fs", "put", image, scratch["zzzz8zz.txt"], @"odd\").MustExit(0);
        Assert.True(ReplaceAll(image, Encoding.Unicode.GetBytes("zzzz8zz.txt"), 8, [0x00, 0xDC]) > 0);
        foreach (var command in new string[][] { ["fs", "ls", image, "odd"], ["fs", "tree", image, "odd"],
            ["fs", "tree", image, "odd", "--json"], ["fs", "ls", image, "odd", "--json"], ["fs", "stat", image, @"odd\zzzz*"],
            ["fs", "stat", image, @"odd\zzzz*", "--json"] })
        {
            var result = Tool.Run(command).MustExit(0);
            Assert.Contains("\\uDC00", result.Output, StringComparison.Ordinal);
            if (command[^1] == "--json")
            {
                Assert.NotEqual(default, result.Json);
            }
        }

        Tool.Run("fs", "put", image, scratch["zzzz8zz.txt"], @"odd\beside.txt").MustExit(0);
        // the host has no such name: it is listed, and the rest is copied
        var got = Tool.Run("fs", "get", image, "odd", scratch["out"]).MustExit(2);
        Assert.Contains("FS-0010", got.Error, StringComparison.Ordinal);
        Assert.Equal("hi", File.ReadAllText(Path.Combine(scratch["out"], "odd", "beside.txt")));
        Assert.DoesNotContain("CLI-0004", Tool.Run("fs", "check", image).Output, StringComparison.Ordinal);
        Tool.Run("inspect", image).MustExit(0);
        Tool.Run("fix", image, "--only", "network.*").MustExit(0);
    }

    [SkippableFact]
    public void A_name_that_leaves_its_folder_is_left_out_and_a_hole_stays_one()
    {
        GuestVolumes.RequireTools();
        Oracle.Require("mkntfs");
        using var scratch = new ScratchFolder();
        var volume = scratch["v.img"];
        File.WriteAllBytes(volume, []);
        Oracle.Run("truncate", "-s", "64M", volume).MustSucceed();
        Oracle.Run("mkntfs", "-F", "-q", "-Q", volume).MustSucceed();
        Directory.CreateDirectory(scratch["mnt"]);
        Oracle.Run("ntfs-3g", volume, scratch["mnt"]).MustSucceed();
        try
        {
            File.WriteAllText(Path.Combine(scratch["mnt"], "..\\..\\up"), "up");
            File.WriteAllText(Path.Combine(scratch["mnt"], "\u001b[31mred"), "red");
            Oracle.Run("truncate", "-s", "1T", Path.Combine(scratch["mnt"], "sparse.bin")).MustSucceed();
            Oracle.Run("/bin/sh", "-c", $"printf hello | dd of='{scratch["mnt"]}/sparse.bin' bs=1 seek=500000000000 conv=notrunc")
                .MustSucceed();
        }
        finally
        {
            Oracle.Run("umount", scratch["mnt"]).MustSucceed();
        }

        MustBePlain(Tool.Run("fs", "ls", volume).MustExit(0).Output, "fs ls");
        using (var cat = Tool.Start("fs", "cat", volume, "/sparse.bin"))
        {
            // A terabyte of zeros: whoever has read enough does not wait for the rest.
            Assert.Equal(0, cat.StandardOutput.BaseStream.ReadByte());
            cat.StandardOutput.Close();
            Assert.True(cat.WaitForExit(TimeSpan.FromSeconds(5)));
            Assert.Equal("", cat.StandardError.ReadToEnd());
        }

        Tool.Run("fs", "get", volume, "/", scratch["out"]).MustExit(2);
        Assert.Equal(["\u001b[31mred", "sparse.bin"],
            Directory.GetFiles(scratch["out"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.False(File.Exists(scratch["up"]));
        MustBeSparse(Path.Combine(scratch["out"], "sparse.bin"));
        Oracle.Run("/bin/sh", "-c", $"'{Tool.Path}' fs cat '{volume}' sparse.bin > '{scratch["cat.bin"]}'").MustSucceed();
        MustBeSparse(scratch["cat.bin"]);
    }

    private static void MustBeSparse(string path)
    {
        using var file = File.OpenRead(path);
        Assert.Equal(1L << 40, file.Length);
        file.Position = 500_000_000_000;
        var content = new byte[5];
        file.ReadExactly(content);
        Assert.Equal("hello"u8.ToArray(), content);
        Assert.True(long.Parse(Oracle.Run("stat", "-c", "%b", path).MustSucceed().Output,
            System.Globalization.CultureInfo.InvariantCulture) < 1000, "the hole was filled");
    }

    private static void MustBePlain(string output, string what)
    {
        var bad = output.FirstOrDefault(c => (char.IsControl(c) && c is not ('\n' or '\r' or '\t')) || c is '\u202e' or '\u2028');
        Assert.True(bad == default, $"{what}: a character U+{(int)bad:X4}\n{output}");
        Assert.DoesNotContain("\nserver.raw: ready", output, StringComparison.Ordinal);
        Assert.DoesNotContain("CLI-0004", output, StringComparison.Ordinal);
    }

    private static int ReplaceAll(string path, byte[] pattern, int at, byte[] replacement)
    {
        using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        using var reader = HostFileDevice.Open(path);
        var found = 0;
        var buffer = new byte[1 << 20];
        for (long offset = 0; offset < file.Length;)
        {
            var extent = reader.GetExtent(offset);
            var count = (int)Math.Min(buffer.Length, extent.Length);
            if (!extent.IsZero)
            {
                reader.Read(offset, buffer.AsSpan(0, count));
                int index;
                for (var start = 0; (index = buffer.AsSpan(start, count - start).IndexOf(pattern)) >= 0; start += index + pattern.Length)
                {
                    file.Position = offset + start + index + at;
                    file.Write(replacement);
                    found++;
                }
            }

            offset += extent.IsZero ? extent.Length : count;
        }

        return found;
    }
}
