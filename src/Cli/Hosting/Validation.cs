using System.CommandLine;
using System.CommandLine.Parsing;

namespace Podflare.Cli.Hosting;

/// <summary>Checks of arguments. The library itself reports a value that cannot be converted, and throws when a check then reads it.</summary>
internal static class Validation
{
    public static void Validate(this Command command, Action<CommandResult> check) => command.Validators.Add(result =>
    {
        try
        {
            check(result);
        }
        catch (InvalidOperationException)
        {
            // Reported by the library.
        }
    });

    /// <param name="unit">What the number counts, with a space in front; empty for a plain number.</param>
    public static void RequirePositive<T>(this Option<T?> option, string unit = "")
        where T : struct, IComparable<T> => option.Validators.Add(result =>
    {
        try
        {
            if (result.GetValueOrDefault<T?>() is { } value && value.CompareTo(default) <= 0) result.AddError($"{option.Name} must be more than 0{unit}.");
        }
        catch (InvalidOperationException)
        {
            // Reported by the library.
        }
    });

    /// <summary>Reports an element that is not <c>NAME=VALUE</c>.</summary>
    public static void RequirePairs(this Option<string[]> option) => option.Validators.Add(result =>
    {
        if (result.Tokens.FirstOrDefault(token => token.Value.IndexOf('=') <= 0) is { } bad) result.AddError($"{option.Name} expects NAME=VALUE, not '{bad.Value}'.");
    });

    /// <param name="noun">What is expected, with its article.</param>
    public static void RejectAddress(SymbolResult result, string noun)
    {
        if (result.Tokens is [var token] && ArgumentChecks.IsAddress(token.Value)) result.AddError($"Expected {noun}, not the address '{token.Value}'. Use --url for the server address.");
    }
}
