using System.CommandLine;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Completions;

/// <summary><c>podflare completion</c>: scripts that call the command for suggestions, so that they are never out of date.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        # podflare completion for bash. For this shell: source <(podflare completion bash)
        # Permanently: podflare completion bash > ~/.local/share/bash-completion/completions/podflare
        _podflare() {
          local IFS=$'\n' word=${COMP_WORDS[COMP_CWORD]} line=${COMP_LINE#* }
          local before=$((COMP_POINT - ${#COMP_LINE} + ${#line}))
          COMPREPLY=($(compgen -W "$(podflare "[suggest:$before]" "$line" 2>/dev/null)" -- "$word"))
        }
        complete -o default -F _podflare podflare
        """;

    private const string Zsh = """
        #compdef podflare
        # podflare completion for zsh. For this shell: source <(podflare completion zsh)
        # Permanently: podflare completion zsh > a folder of your $fpath, named _podflare
        _podflare() {
          local line="${words[2,CURRENT]}"
          local -a found
          found=("${(@f)$(podflare "[suggest:${#line}]" "$line" 2>/dev/null)}")
          [[ -n "$found" ]] && compadd -- "${found[@]}"
          _files
        }
        (( $+functions[compdef] )) && compdef _podflare podflare
        """;

    private const string Fish = """
        # podflare completion for fish. For this shell: podflare completion fish | source
        # Permanently: podflare completion fish > ~/.config/fish/completions/podflare.fish
        function __podflare_complete
          set -l line (commandline -cp | string replace -r '^\S+\s?' '')
          podflare "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c podflare -a '(__podflare_complete)'
        """;

    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = "Shell: bash, zsh or fish" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "Write a shell script that completes commands, options and sandbox IDs") { shell };
        command.SetAction(parsed =>
        {
            Console.Out.WriteLine(parsed.GetValue(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish });
            return 0;
        });
        return command.WithExamples(("Complete podflare in this shell", "source <(podflare completion bash)"));
    }
}
