using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Documents;

/// <summary>Every command prints JSON, errors too, and every document follows the published schema.</summary>
[Trait("tier", "e2e")]
public sealed class JsonTests(Machines machines) : IClassFixture<Machines>
{
    private static readonly string[] WithoutDocument = ["fs cat", "completion", "complete", "schema"];

    [Fact]
    public void The_schema_is_of_draft_2020_12_and_names_every_command()
    {
        var schema = JsonNode.Parse(Tool.Run("schema").MustExit(0).Output)!;
        Assert.Equal("https://json-schema.org/draft/2020-12/schema", schema["$schema"]!.GetValue<string>());
        Assert.Equal(schema["oneOf"]!.AsArray().Count, schema["$defs"]!.AsObject().Count);
        var commands = Leaves(CommandTree.Create(), []).Select(l => string.Join(' ', l)).Except(WithoutDocument, StringComparer.Ordinal)
            .ToList();
        Assert.Empty(commands.Except(DocumentSchema.Commands, StringComparer.Ordinal));
    }

    [Fact]
    public void A_judge_that_finds_no_fault_is_seen_to_find_one()
    {
        var good = Tool.Run("rules", "--json").MustExit(0).Output;
        SchemaJudge.Require(good);
        Assert.Throws<Xunit.Sdk.TrueException>(
            () => SchemaJudge.Require(good.Replace("\"severity\"", "\"seversity\"", StringComparison.Ordinal)));
        Assert.Throws<Xunit.Sdk.TrueException>(
            () => SchemaJudge.Require(good.Replace("\"command\": \"rules\"", "\"command\": \"check\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_command_prints_a_document_that_follows_the_schema()
    {
        using var scratch = new ScratchFolder();
        var raw = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress));
        File.WriteAllText(scratch["note.txt"], "note");
        File.WriteAllText(scratch["x.reg"],
            "REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Sample]\r\n\"a\"=dword:1\r\n\"b\"=hex(2):25,41,25,00\r\n");
        var key = @"HKLM\SOFTWARE\Sample";
        var seen = new HashSet<string>(StringComparer.Ordinal);
        Document(seen, 3, "check", raw);
        Document(seen, 0, "inspect", raw);
        Document(seen, 0, "rules");
        Document(seen, 0, "explain", "CORE-0031");
        Document(seen, 0, "drivers", machines.Drivers, "--trust-root", SampleRoot.Path);
        Document(seen, 0, "drivers", "add", raw, Path.Combine(machines.Drivers, "Balloon", "2k19", "amd64", "balloon.inf"), "--trust-root",
            SampleRoot.Path);
        Assert.Equal("oem0.inf",
            Document(seen, 0, "drivers", "list", raw).GetProperty("packages")[0].GetProperty("publishedName").GetString());
        Assert.Equal(1, Document(seen, 0, "drivers", "export", raw, scratch["exported"]).GetProperty("packages").GetArrayLength());
        Assert.True(Document(seen, 0, "drivers", "remove", raw, "oem0.inf").GetProperty("changed").GetBoolean());
        Assert.False(Document(seen, 0, "convert", raw, scratch["disk.qcow2"]).GetProperty("verified").GetBoolean());
        Assert.True(Document(seen, 0, "compare", raw, scratch["disk.qcow2"]).GetProperty("identical").GetBoolean());
        Assert.Equal(41L << 30, Document(seen, 0, "resize", raw, "+1G", "--extend").GetProperty("resize").GetProperty("after").GetInt64());
        Document(seen, 0, "reg", "import", raw, scratch["x.reg"]);
        Assert.True(Document(seen, 0, "reg", "set", raw, key, "-v", "c", "-t", "REG_MULTI_SZ", "-d", @"one\0two").GetProperty("changed")
            .GetBoolean());
        var values = Document(seen, 0, "reg", "query", raw, key).GetProperty("keys")[0].GetProperty("values").EnumerateArray()
            .ToDictionary(v => v.GetProperty("name").GetString()!, StringComparer.Ordinal);
        Assert.Equal(1, values["a"].GetProperty("number").GetInt32());
        Assert.Equal("%A%", values["b"].GetProperty("text").GetString());
        Assert.Equal(["one", "two"], values["c"].GetProperty("texts").EnumerateArray().Select(t => t.GetString()!));
        Assert.Contains("\"a\"=dword:00000001", Document(seen, 0, "reg", "export", raw, key).GetProperty("text").GetString()!,
            StringComparison.Ordinal);
        Assert.True(Document(seen, 3, "reg", "diff", scratch["disk.qcow2"], raw, @"HKLM\SOFTWARE").GetProperty("differences")
            .GetInt32() > 0);
        Document(seen, 0, "reg", "check", raw);
        Document(seen, 0, "reg", "replay", raw);
        Document(seen, 0, "reg", "delete", raw, key, "-v", "a");
        Document(seen, 0, "bcd", raw);
        Document(seen, 0, "fs", "ls", raw, "Windows");
        Document(seen, 0, "fs", "tree", raw, "Windows/System32/config");
        Document(seen, 0, "fs", "stat", raw, "Windows/System32/config/SYSTEM");
        Assert.Equal(1, Document(seen, 0, "fs", "put", raw, scratch["note.txt"], "Temp/").GetProperty("files").GetInt32());
        Assert.Equal(1, Document(seen, 0, "fs", "get", raw, "Temp/note.txt", scratch["out"]).GetProperty("copied").GetInt32());
        Document(seen, 0, "fs", "mkdir", raw, "Temp/a");
        Document(seen, 0, "fs", "mv", raw, "Temp/note.txt", "Temp/a");
        Document(seen, 0, "fs", "rm", raw, "-r", "Temp");
        Document(seen, 0, "fs", "check", raw);
        Document(seen, 0, "man", scratch["man"]);
        var shell = Tool.RunWithInput("mkdir Temp/z\nreg set HKLM\\SOFTWARE\\Z a dword 1\ncommit\n"u8.ToArray(), "shell", raw, "--json")
            .MustExit(0).Json;
        Assert.True(shell.GetProperty("changed").GetBoolean());
        seen.Add(shell.GetProperty("command").GetString()!);
        using var other = new ScratchFolder();
        var users = machines.Copy(other, machines.Raw("win2019", MachineFirmware.Bios, Defect.UnknownPassword));
        File.WriteAllText(other["password"], "Correct-Horse9\n");
        Document(seen, 0, "accounts", "list", users);
        Document(seen, 0, "accounts", "set-password", users, "500", "--password-file", other["password"]);
        Document(seen, 0, "accounts", "enable", users, "500");
        Document(seen, 0, "accounts", "unlock", users, "500");
        Document(seen, 0, "boot", "repair", users);
        Document(seen, 0, "convert-boot", "uefi", users);
        Document(seen, 3, "fix", raw);
        Assert.Equal("nothingToRecover", Document(seen, 0, "recover", raw).GetProperty("images")[0].GetProperty("result").GetString());
        Assert.Equal("fix", Document(seen, 0, "undo", raw, "--list").GetProperty("images")[0].GetProperty("steps")[0].GetProperty("label")
            .GetString());
        Assert.Equal("undone", Document(seen, 0, "undo", raw, "--all").GetProperty("images")[0].GetProperty("result").GetString());
        Assert.Empty(seen.Order(StringComparer.Ordinal).Except(DocumentSchema.Commands));
        var commands = Leaves(CommandTree.Create(), []).Select(l => string.Join(' ', l)).Except(WithoutDocument, StringComparer.Ordinal);
        Assert.Empty(commands.Except(seen).Except(["report merge", "watch", "witness"], StringComparer.Ordinal));
    }

    [Fact]
    public void Errors_are_documents_too_with_code_and_exit_code()
    {
        using var scratch = new ScratchFolder();
        File.WriteAllBytes(scratch["zero.raw"], new byte[1 << 20]);
        File.WriteAllText(scratch["missing.raw.txt"], "Correct-Horse9\n");
        var image = scratch["zero.raw"];
        foreach (var path in Leaves(CommandTree.Create(), [])
            .Where(l => !WithoutDocument.Contains(string.Join(' ', l))
                && l[0] is not ("rules" or "man" or "shell" or "watch" or "explain")))
        {
            string[] words = [.. path, .. Missing(path, scratch["missing.raw"]), "--json"];
            var run = Tool.Run(words);
            Assert.True(run.ExitCode == 2, $"{string.Join(' ', words)}: {run.ExitCode}\n{run.Error}");
            var error = run.Json.TryGetProperty("error", out var whole) ? whole : run.Image.GetProperty("error");
            Assert.Matches("^[A-Z]+-[0-9]{4}$", error.GetProperty("code").GetString()!);
            Assert.Equal(string.Join(' ', path), run.Json.GetProperty("command").GetString());
        }

        foreach (string[] words in new string[][] { ["check", image, "--target", "foo"], ["fs", "ls", image, "--partition", "x"],
            ["fs", "lss"], ["reg"], ["nonsense"], ["fix", "--dryrun", image] })
        {
            var run = Tool.RunJson(words);
            Assert.Equal(1, run.ExitCode);
            Assert.Equal("CLI-0006", run.Json.GetProperty("error").GetProperty("code").GetString());
            Assert.Equal(1, run.Json.GetProperty("exitCode").GetInt32());
        }
    }

    private static string[] Missing(string[] path, string missing) => string.Join(' ', path) switch
    {
        "convert" => [missing, missing + ".qcow2"],
        "resize" => [missing, "60G"],
        "compare" or "reg diff" => [missing, missing],
        "reg set" or "reg delete" => [missing, "Key"],
        "reg import" => [missing, missing],
        "accounts enable" or "accounts unlock" => [missing, "500"],
        "accounts set-password" => [missing, "500", "--password-file", missing + ".txt"],
        "drivers add" => [missing, missing],
        "drivers remove" => [missing, "oem0.inf"],
        "drivers export" => [missing, missing + ".out"],
        "fs put" => [missing, missing, "x"],
        "fs get" or "fs mv" => [missing, "a", "b"],
        "fs stat" or "fs cat" or "fs rm" or "fs mkdir" => [missing, "a"],
        _ => [missing],
    };

    private static JsonElement Document(HashSet<string> seen, int code, params string[] words)
    {
        var json = Tool.RunJson(words).MustExit(code).Json;
        seen.Add(json.GetProperty("command").GetString()!);
        return json;
    }

    private static IEnumerable<string[]> Leaves(Command command, string[] path) => command.Subcommands.Count == 0
        ? [path]
        : command.Subcommands.SelectMany(c => Leaves(c, [.. path, c.Name]));
}
