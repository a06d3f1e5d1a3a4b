namespace OfflinePatch.Cli.Completion;

/// <summary>
/// The scripts that make shells ask this program what a word can become. They name no command and no option, so they need no update.
/// </summary>
internal static class CompletionScript
{
    /// <summary>The shells.</summary>
    public static readonly string[] Shells = ["bash", "zsh", "fish", "powershell"];

    /// <summary>The script of a shell.</summary>
    public static string For(string shell) => shell switch
    {
        "bash" => Bash,
        "zsh" => Zsh,
        "fish" => Fish,
        _ => PowerShell,
    };

    // The words up to the cursor go to the program as they are; it prints a candidate and its description on each line. Without candidates
    // bash completes names of files.
    private const string Bash = """
        # bash completion for offlinepatch. For this shell: source <(offlinepatch completion bash)
        # For every shell: offlinepatch completion bash > /etc/bash_completion.d/offlinepatch
        _offlinepatch() {
          local line
          COMPREPLY=()
          while IFS= read -r line; do
            COMPREPLY+=("${line%%$'\t'*}")
          done < <("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
        }
        complete -o bashdefault -o default -F _offlinepatch offlinepatch
        """;

    private const string Zsh = """
        #compdef offlinepatch
        # zsh completion for offlinepatch: put this file as _offlinepatch into a directory of $fpath, or source it after compinit.
        _offlinepatch() {
          local -a candidates
          local line
          while IFS= read -r line; do
            candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
          done < <("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
          if (( ${#candidates} )); then
            _describe offlinepatch candidates
          else
            _files
          fi
        }
        if [ "$funcstack[1]" = _offlinepatch ]; then
          _offlinepatch "$@"
        else
          compdef _offlinepatch offlinepatch
        fi
        """;

    private const string Fish = """
        # fish completion for offlinepatch: offlinepatch completion fish > ~/.config/fish/completions/offlinepatch.fish
        function __offlinepatch_complete
          set -l words (commandline -opc)
          set -l typed (commandline -ct)
          set -l candidates ($words[1] complete -- $words[2..-1] "$typed" 2>/dev/null)
          if test (count $candidates) -gt 0
            printf '%s\n' $candidates
          else
            __fish_complete_path "$typed"
          end
        end
        complete -c offlinepatch -f -a '(__offlinepatch_complete)'
        """;

    private const string PowerShell = """
        # PowerShell completion for offlinepatch: offlinepatch completion powershell | Out-String | Invoke-Expression
        Register-ArgumentCompleter -Native -CommandName offlinepatch -ScriptBlock {
          param($wordToComplete, $commandAst, $cursorPosition)
          $elements = @($commandAst.CommandElements | Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
            ForEach-Object { $_.ToString() })
          $words = @($elements | Select-Object -Skip 1)
          if ($wordToComplete -eq '') { $words += '' }
          & $elements[0] complete -- $words 2>$null | ForEach-Object {
            $word, $text = $_ -split "`t", 2
            [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $(if ($text) { $text } else { $word }))
          }
        }
        """;
}
