using System.CommandLine;
using System.CommandLine.Parsing;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Runs;

/// <summary>What to run and how: the part that <c>run</c> and <c>sandbox exec</c> share.</summary>
internal sealed class CodeOptions(GlobalOptions global)
{
    private const string Stdin = "-";
    private const int ShebangLength = 256;

    private readonly Argument<string[]> _words = new("file")
    {
        Description = "File with the code, - for stdin, or a command after --",
        HelpName = "file|-|-- command",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string?> _code = new("--code", "-c") { Description = "Code to run", HelpName = "code" };
    private readonly Option<string?> _language = new("--language", "-l") { Description = "Language [default: from the file's extension or first line, or python]", HelpName = "python|bash" };
    private readonly Option<double?> _timeout = new("--timeout") { Description = "Time limit of the run in seconds [default: the server's]", HelpName = "seconds" };
    private readonly Option<bool> _interactive = new("--interactive", "-i") { Description = "Pass stdin on to the code" };
    private readonly Option<string?> _display = new("--display") { Description = "Which expressions of Python code to show [default: last with --code, otherwise none]", HelpName = "last|all|none" };
    private readonly Option<string[]> _env = new("--env", "-e") { Description = "Environment variable of the run (repeatable)", HelpName = "name=value" };

    public void AddTo(Command command)
    {
        _language.AcceptOnlyFromAmong("python", "bash");
        _display.AcceptOnlyFromAmong("last", "all", "none");
        _env.RequirePairs();
        _timeout.RequirePositive(" seconds");
        command.Arguments.Add(_words);
        foreach (Option option in new Option[] { _code, _language, _timeout, _env, _interactive, _display }) command.Options.Add(option);
        command.Validate(Validate);
    }

    public async Task<(string Code, RunOptions Options)> ReadAsync(CommandContext context)
    {
        var words = context.Value(_words) ?? [];
        var isCommand = global.WordsAfterDoubleDash is not null;
        var file = isCommand ? null : words.FirstOrDefault();
        var code = isCommand ? string.Join(' ', words.Select(Quote))
            : context.Value(_code) ?? (file == Stdin ? await StandardInput.ReadToEndAsync(context.Interruption.Token) : await ReadFileAsync(file!, context.Interruption.Token));
        if (code.Length == 0) throw new CliException("There is no code to run.");
        var language = isCommand ? RunLanguage.Bash : context.Value(_language) switch { "python" => RunLanguage.Python, "bash" => RunLanguage.Bash, _ => LanguageOf(file, code) };
        var options = new RunOptions
        {
            Language = language,
            // A script that ends with an expression does not expect it to be shown.
            Display = language is not RunLanguage.Python ? null
                : context.Value(_display) is { } display ? Enum.Parse<ResultDisplay>(display, ignoreCase: true)
                : context.Value(_code) is null ? ResultDisplay.None : null,
            Stdin = context.Value(_interactive) ? RunInput.Open : null,
            Timeout = context.Value(_timeout) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            Env = Texts.ParsePairs(context.Value(_env), "--env"),
        };
        return (code, options);
    }

    private void Validate(CommandResult result)
    {
        var tokens = result.GetResult(_words)?.Tokens ?? [];
        var words = tokens.Count;
        if (result.GetValue(_interactive) && tokens is [{ Value: Stdin }]) result.AddError("With --interactive, stdin is for the code; read the code from a file or --code.");
        var hasCode = result.GetValue(_code) is not null;
        if (global.WordsAfterDoubleDash is { } after)
        {
            if (words != after) result.AddError("Put the whole command after --.");
            else if (words == 0) result.AddError("Name a command after --.");
            else if (hasCode || result.GetValue(_language) is not null) result.AddError("A command after -- cannot be combined with --code or --language.");
        }
        else if (words + (hasCode ? 1 : 0) == 0)
        {
            result.AddError("Name what to run: a file, --code CODE, - for stdin, or -- COMMAND.");
        }
        else if (words + (hasCode ? 1 : 0) > 1)
        {
            result.AddError(hasCode ? "Use either a file or --code." : "Only one file can be run. Put -- before a command with arguments.");
        }
    }

    // Bash reads a single-quoted word as it is.
    private static string Quote(string word) => $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    private static RunLanguage LanguageOf(string? file, string code)
    {
        switch (Path.GetExtension(file)?.ToLowerInvariant())
        {
            case ".py" or ".pyw": return RunLanguage.Python;
            case ".sh" or ".bash": return RunLanguage.Bash;
        }

        var line = code.AsSpan(0, Math.Min(code.Length, ShebangLength));
        if (line.IndexOf('\n') is >= 0 and var end) line = line[..end];
        if (line.StartsWith("#!"))
        {
            if (line.Contains("python", StringComparison.Ordinal)) return RunLanguage.Python;
            if (line.TrimEnd().EndsWith("sh", StringComparison.Ordinal)) return RunLanguage.Bash;
        }

        if (file is null or Stdin) return RunLanguage.Python;
        throw new CliException($"The language of {file} cannot be determined from its extension or first line.") { Advice = "Use --language python or --language bash." };
    }

    private static async Task<string> ReadFileAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllTextAsync(file, cancellationToken);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CliException($"File not found: {file}") { Advice = "To run code from the command line, use --code." };
        }
        catch (UnauthorizedAccessException)
        {
            throw new CliException(Directory.Exists(file) ? $"{file} is a directory." : $"No permission to read {file}.");
        }
    }
}
