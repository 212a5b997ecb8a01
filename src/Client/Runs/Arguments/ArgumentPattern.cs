using System.Text.RegularExpressions;

namespace Podflare;

/// <summary>A pattern of a schema, which is applied to text from untrusted code.</summary>
internal sealed partial class ArgumentPattern
{
    private const int MaxShown = 200;
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(200);
    private readonly string _pattern;
    private readonly Regex _regex;

    /// <exception cref="ArgumentException">It is not a regular expression.</exception>
    public ArgumentPattern(string pattern)
    {
        _pattern = pattern;
        // In JSON Schema, $ does not match before a newline.
        var text = Parts().Replace(pattern, part => part.Value == "$" ? @"\z" : part.Value);
        try
        {
            _regex = Create(text);
        }
        catch (ArgumentException e)
        {
            throw new ArgumentException($"the pattern {pattern} cannot be used: {e.Message}");
        }
    }

    /// <summary>Whether the pattern occurs in the text.</summary>
    public bool IsIn(string text)
    {
        try
        {
            return _regex.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            throw new InvalidArgumentsException($"the arguments take too long to be validated, because of the pattern {ArgumentValues.Cut(_pattern, MaxShown)}");
        }
    }

    private static Regex Create(string pattern)
    {
        try
        {
            return new Regex(pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, Limit);
        }
        catch (NotSupportedException)
        {
            // Only backtracking finds what it looks for, such as text that is not ahead.
            return new Regex(pattern, RegexOptions.CultureInvariant, Limit);
        }
    }

    [GeneratedRegex(@"\\.|\[(?:\\.|[^\]\\])*\]|\$", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Parts();
}
