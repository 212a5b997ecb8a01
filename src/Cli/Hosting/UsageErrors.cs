using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using Podflare.Cli.Output;

namespace Podflare.Cli.Hosting;

/// <summary>Reports arguments that cannot be used: what is wrong, and where the help is.</summary>
internal static class UsageErrors
{
    public static int Write(ParseResult parsed, GlobalOptions global)
    {
        var message = Message(parsed);
        var help = $"See `{Path(parsed.CommandResult)} --help`.";
        Console.Error.WriteLine(parsed.GetResult(global.Json) is { Implicit: false }
            ? JsonSerializer.Serialize(new ErrorJson($"{message} {help}", "usage", null, null, null), CliJson.Default.ErrorJson)
            : $"podflare: {Texts.Clean(message)}\n{help}");
        return ExitCodes.Usage;
    }

    private static string Message(ParseResult parsed)
    {
        // The library reports the missing subcommand as well as the word that is not one.
        if (parsed.UnmatchedTokens is [var word, ..] && parsed.CommandResult.Command.Subcommands.Count > 0)
            return $"Unknown command '{word}'.{Suggestion(parsed.CommandResult.Command, word)}";
        if (parsed.UnmatchedTokens is [var extra, ..]) return extra.StartsWith('-') ? $"Unknown option '{extra}'." : $"Unexpected argument '{extra}'.";
        if (parsed.CommandResult.Command.Subcommands.Count > 0 && parsed.CommandResult.Command.Action is null)
            return $"A command is missing: {string.Join(", ", parsed.CommandResult.Command.Subcommands.Where(command => !command.Hidden).Select(command => command.Name))}.";
        // The library lists allowed values on lines of their own, and names .NET types.
        var message = parsed.Errors[0].Message;
        if (message.IndexOf(" as expected type ", StringComparison.Ordinal) is > 0 and var at) message = $"{message[..at]}: it is not a number.";
        return string.Join(' ', message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Replace("' '", "', '", StringComparison.Ordinal);
    }

    private static string Suggestion(Command parent, string word)
    {
        var best = parent.Subcommands.SelectMany(command => command.Aliases.Append(command.Name)).Select(name => (Name: name, Distance: Distance(name, word))).MinBy(pair => pair.Distance);
        return best.Name is not null && best.Distance <= Math.Max(1, word.Length / 3) ? $" Did you mean '{best.Name}'?" : "";
    }

    // Levenshtein.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[^1];
    }

    private static string Path(CommandResult command)
    {
        var names = new List<string>();
        for (SymbolResult? at = command; at is CommandResult result; at = result.Parent) names.Insert(0, result.Command is RootCommand ? "podflare" : result.Command.Name);
        return string.Join(' ', names);
    }
}
