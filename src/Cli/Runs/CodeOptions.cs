using System.CommandLine;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Runs;

/// <summary>What is to be run, and how: the part that <c>run</c> and <c>sandbox exec</c> share.</summary>
internal sealed class CodeOptions
{
    private const string Stdin = "-";
    private const int ShebangLength = 256;

    private readonly Argument<string?> _file = new("file") { Description = "File with the code; - for stdin", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _code = new("--code", "-c") { Description = "The code itself", HelpName = "code" };
    private readonly Option<string?> _language = new("--language", "-l") { Description = "python or bash [default: by the file's extension or first line, else python]", HelpName = "language" };
    private readonly Option<double?> _timeout = new("--timeout") { Description = "Seconds after which the server ends the run [default: the server's]", HelpName = "seconds" };
    private readonly Option<string[]> _env = new("--env", "-e") { Description = "Environment variable of the run; may be repeated", HelpName = "name=value" };

    public void AddTo(Command command)
    {
        _language.AcceptOnlyFromAmong("python", "bash");
        command.Arguments.Add(_file);
        foreach (Option option in new Option[] { _code, _language, _timeout, _env }) command.Options.Add(option);
        command.Validators.Add(result =>
        {
            var sources = (result.GetValue(_file) is null ? 0 : 1) + (result.GetValue(_code) is null ? 0 : 1);
            if (sources != 1) result.AddError("Say what to run: a FILE, -c CODE, or - for stdin.");
            if (result.GetValue(_timeout) is <= 0) result.AddError("--timeout must be more than 0 seconds.");
        });
    }

    public async Task<(string Code, RunOptions Options)> ReadAsync(CommandContext context)
    {
        var file = context.Value(_file);
        var code = context.Value(_code) ?? (file == Stdin ? await Console.In.ReadToEndAsync(context.Interruption.Token) : await ReadFileAsync(file!, context.Interruption.Token));
        if (code.Length == 0) throw new CliException("There is no code to run.");
        var options = new RunOptions
        {
            Language = context.Value(_language) switch { "python" => RunLanguage.Python, "bash" => RunLanguage.Bash, _ => LanguageOf(file, code) },
            Timeout = context.Value(_timeout) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            Env = Texts.ParsePairs(context.Value(_env), "--env"),
        };
        return (code, options);
    }

    internal static RunLanguage LanguageOf(string? file, string code)
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
        throw new CliException($"The language of {file} cannot be told from its extension or first line.") { Advice = "Say --language python or --language bash." };
    }

    private static async Task<string> ReadFileAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllTextAsync(file, cancellationToken);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CliException($"There is no file {file}.");
        }
        catch (UnauthorizedAccessException)
        {
            throw new CliException(Directory.Exists(file) ? $"{file} is a folder." : $"{file} may not be read.");
        }
    }
}
