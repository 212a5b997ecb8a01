using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using System.Text.RegularExpressions;
using Podflare.Cli.Output;

namespace Podflare.Cli.Hosting;

/// <summary>Reports arguments that cannot be used: what is wrong, and where the help is.</summary>
internal static partial class UsageErrors
{
    public static int Write(ParseResult parsed, GlobalOptions global)
    {
        var message = MistypedOption(parsed, global) is { } option ? UnknownOption(parsed.CommandResult, option) : Message(parsed);
        var help = $"See `{Path(parsed.CommandResult)} --help`.";
        Console.Error.WriteLine(parsed.GetResult(global.Json) is { Implicit: false }
            ? JsonSerializer.Serialize(new ErrorJson($"{message} {help}", "usage", null, null, null), CliJson.Default.ErrorJson)
            : $"podflare: {Texts.Clean(message)}\n{help}");
        return ExitCodes.Usage;
    }

    private static string Message(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        // The library reports the missing subcommand as well as the word that is not one.
        if (parsed.UnmatchedTokens is [var word, ..])
        {
            if (word.StartsWith('-')) return UnknownOption(parsed.CommandResult, word);
            return command.Subcommands.Count > 0 ? $"Unknown command '{word}'.{Suggestion(CommandNames(command), word)}" : $"Unexpected argument '{word}'.";
        }

        if (command.Subcommands.Count > 0 && command.Action is null)
            return $"A command is missing: {string.Join(", ", command.Subcommands.Where(one => !one.Hidden).Select(one => one.Name))}.";
        return Rephrase(parsed.Errors[0]);
    }

    /// <summary>The library takes an option that it does not know for an argument. A file with such a name is <c>./-x</c>.</summary>
    /// <returns>The first such word in front of <c>--</c>.</returns>
    public static string? MistypedOption(ParseResult parsed, GlobalOptions global)
    {
        var words = parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens).Select(token => token.Value).ToArray();
        return words.Take(words.Length - (global.WordsAfterDoubleDash ?? 0)).FirstOrDefault(word => word is ['-', _, ..]);
    }

    private static string UnknownOption(CommandResult command, string word) => $"Unknown option '{word}'.{Suggestion(OptionNames(command), word)}";

    /// <summary>The library's messages name .NET types, and list allowed values on lines of their own.</summary>
    private static string Rephrase(ParseError error)
    {
        var message = string.Join(' ', error.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        if (MissingArgument().Match(message) is { Success: true } missing) return $"Argument <{missing.Groups[1].Value}> is missing.";
        if (MissingValue().Match(message) is { Success: true } valueless) return $"{valueless.Groups[1].Value} needs a value.";
        if (NotConverted().Match(message) is { Success: true } wrong) return $"{wrong.Groups[2].Value} must be a number, not '{wrong.Groups[1].Value}'.";
        if (NotAllowed().Match(message) is { Success: true } other)
            return $"{Name(error.SymbolResult)} must be {Choice([.. QuotedWord().Matches(other.Groups[2].Value).Select(one => one.Groups[1].Value)])}, not '{other.Groups[1].Value}'.";
        return message;
    }

    private static string Name(SymbolResult? symbol) => symbol switch
    {
        OptionResult option => option.Option.Name,
        ArgumentResult { Parent: OptionResult option } => option.Option.Name,
        ArgumentResult argument => $"<{argument.Argument.Name}>",
        _ => "The argument",
    };

    private static string Choice(string[] words) => words.Length < 2 ? string.Concat(words) : $"{string.Join(", ", words[..^1])} or {words[^1]}";

    private static IEnumerable<string> CommandNames(Command parent) => parent.Subcommands.Where(command => !command.Hidden).SelectMany(command => command.Aliases.Append(command.Name));

    private static IEnumerable<string> OptionNames(CommandResult command)
    {
        var own = command.Command.Options.AsEnumerable();
        for (var parent = command.Parent; parent is CommandResult result; parent = result.Parent) own = own.Concat(result.Command.Options.Where(option => option.Recursive));
        return own.Where(option => !option.Hidden).SelectMany(option => option.Aliases.Append(option.Name)).Where(name => name.StartsWith("--", StringComparison.Ordinal));
    }

    private static string Suggestion(IEnumerable<string> names, string word)
    {
        var best = names.Select(name => (Name: name, Distance: Distance(name, word))).MinBy(pair => pair.Distance);
        return best.Name is not null && best.Distance <= Math.Max(1, word.Length / 3) ? $" Did you mean '{best.Name}'?" : "";
    }

    /// <summary>The number of insertions, deletions, replacements and swaps of neighbors that turn one word into the other.</summary>
    private static int Distance(string a, string b)
    {
        var table = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    table[i, j] = i + j;
                    continue;
                }

                var best = Math.Min(Math.Min(table[i - 1, j], table[i, j - 1]) + 1, table[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                var isSwap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                table[i, j] = isSwap ? Math.Min(best, table[i - 2, j - 2] + 1) : best;
            }
        }

        return table[a.Length, b.Length];
    }

    [GeneratedRegex("^Required argument '(.+)' missing for command")]
    private static partial Regex MissingArgument();

    [GeneratedRegex("^Required argument missing for option: '(.+)'")]
    private static partial Regex MissingValue();

    [GeneratedRegex("^Cannot parse argument '(.*)' for option '(.+)' as expected type ")]
    private static partial Regex NotConverted();

    [GeneratedRegex("^Argument '(.*)' not recognized. Must be one of: (.+)$")]
    private static partial Regex NotAllowed();

    [GeneratedRegex("'([^']*)'")]
    private static partial Regex QuotedWord();

    private static string Path(CommandResult command)
    {
        var names = new List<string>();
        for (SymbolResult? at = command; at is CommandResult result; at = result.Parent) names.Insert(0, result.Command is RootCommand ? "podflare" : result.Command.Name);
        return string.Join(' ', names);
    }
}
