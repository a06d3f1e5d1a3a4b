using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Completion;

/// <summary>Completion, asked by real shells.</summary>
[Trait("tier", "oracle")]
public sealed class CompletionTests
{
    [SkippableTheory]
    [InlineData("offlinepatch che", "check")]
    [InlineData("offlinepatch fs mk", "mkdir")]
    [InlineData("offlinepatch fix --dry", "--dry-run")]
    [InlineData("offlinepatch fix --target open", "openstack-kvm")]
    [InlineData("offlinepatch fix x.raw --only network.d", "network.dhcp")]
    [InlineData("offlinepatch convert a.raw b.img -O zvhd", "zvhd zvhd2")]
    [InlineData("offlinepatch completion z", "zsh")]
    [InlineData("offlinepatch reg export --enc", "--encoding")]
    [InlineData("offlinepatch reg export --encoding ut", "utf16 utf8")]
    [InlineData("offlinepatch check --color ", "always auto never")]
    public void Bash_completes_commands_options_and_values(string line, string expected)
    {
        Oracle.Require("bash");
        var script = $$"""
            export PATH="{{Path.GetDirectoryName(Tool.Path)}}:$PATH"
            source <(offlinepatch completion bash)
            COMP_LINE='{{line}}'; COMP_POINT=${#COMP_LINE}
            read -ra COMP_WORDS <<< "$COMP_LINE"
            case "$COMP_LINE" in *' ') COMP_WORDS+=('') ;; esac
            COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
            complete -p offlinepatch >/dev/null || exit 9
            _offlinepatch
            printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd ' '
            """;
        Assert.Equal(expected, Oracle.Run("bash", "--noprofile", "--norc", "-c", script).MustSucceed().Output.Trim());
    }

    [SkippableFact]
    public void Bash_completes_names_of_files_where_a_file_is_expected()
    {
        Oracle.Require("bash");
        Assert.Equal("", Tool.Run("complete", "--", "fix", "serv").MustExit(0).Output);
        Assert.Contains("-o default", Tool.Run("completion", "bash").MustExit(0).Output, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("zsh", "-n")]
    [InlineData("fish", "--no-execute")]
    public void Other_shells_accept_their_script(string shell, string option)
    {
        Oracle.Require(shell);
        using var scratch = new ScratchFolder();
        File.WriteAllText(scratch["script"], Tool.Run("completion", shell).MustExit(0).Output);
        Oracle.Run(shell, option, scratch["script"]).MustSucceed();
    }

    [SkippableFact]
    public void Fish_completes()
    {
        Oracle.Require("fish");
        var script = $"set PATH {Path.GetDirectoryName(Tool.Path)} $PATH; offlinepatch completion fish | source; complete -C "
            + "'offlinepatch fix --target open'";
        Assert.Contains("openstack-kvm", Oracle.Run("fish", "--no-config", "-c", script).MustSucceed().Output, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Zsh_completes()
    {
        Oracle.Require("zsh");
        var script = $$"""
            PATH="{{Path.GetDirectoryName(Tool.Path)}}:$PATH"
            compdef() { : }
            source <(offlinepatch completion zsh)
            _describe() { print -l -- "${(@P)2}" }
            _files() { print files }
            words=(offlinepatch fix --target open); CURRENT=4
            _offlinepatch
            words=(offlinepatch fix serv); CURRENT=3
            _offlinepatch
            """;
        Assert.Equal("openstack-kvm:\nfiles\n", Oracle.Run("zsh", "-f", "-c", script).MustSucceed().Output);
    }
}
