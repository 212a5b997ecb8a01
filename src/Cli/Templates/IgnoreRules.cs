using System.Text;
using System.Text.RegularExpressions;

namespace Podflare.Cli.Templates;

/// <summary>The rules of a <c>.dockerignore</c> file: which paths of a folder are not sent to the builder.</summary>
/// <remarks>
/// The rules of Docker, not those of Git: a pattern matches from the root of the context, <c>*</c> and <c>?</c> do not match a slash, <c>**</c> matches
/// any number of folders, <c>!</c> takes back an earlier pattern, and what lies in a folder that matches is left out too. The last pattern that matches wins.
/// </remarks>
internal sealed class IgnoreRules
{
    public const string FileName = ".dockerignore";

    private readonly List<Rule> _rules = [];

    /// <param name="lines">The lines of the file.</param>
    /// <param name="kept">Paths that are sent whatever the file says, such as the Dockerfile.</param>
    /// <exception cref="FormatException">A line is not a pattern.</exception>
    public IgnoreRules(IEnumerable<string> lines, IEnumerable<string> kept)
    {
        foreach (var line in lines) Add(line);
        if (_rules.Count == 0) return;
        foreach (var path in kept) _rules.Add(new Rule(path, new Regex($"^{Regex.Escape(path)}$", RegexOptions.CultureInvariant), IsException: true));
    }

    /// <param name="path">A path relative to the context, with slashes.</param>
    public bool Excludes(string path)
    {
        var excluded = false;
        foreach (var rule in _rules)
        {
            // A rule that cannot change the result need not be tried.
            if (rule.IsException == excluded && rule.MatchesOrParentMatches(path)) excluded = !excluded;
        }

        return excluded;
    }

    /// <summary>Whether an excluded folder can be left out without a look at what is in it.</summary>
    public bool ExcludesAllBelow(string folder) =>
        !_rules.Exists(rule => rule.IsException && (rule.Pattern.Contains('*', StringComparison.Ordinal) || rule.Pattern.Contains('?', StringComparison.Ordinal)
            || rule.Pattern.Contains('[', StringComparison.Ordinal) || rule.Pattern.StartsWith($"{folder}/", StringComparison.Ordinal)));

    private void Add(string line)
    {
        var text = line.TrimStart('\uFEFF');
        if (text.StartsWith('#')) return;
        text = text.Trim();
        var isException = text.StartsWith('!');
        if (isException) text = text[1..].Trim();
        var pattern = Clean(text);
        if (pattern.Length == 0) return;
        try
        {
            _rules.Add(new Rule(pattern, new Regex(Translate(pattern), RegexOptions.CultureInvariant | RegexOptions.Singleline), isException));
        }
        catch (ArgumentException e)
        {
            throw new FormatException($"'{line}' is not a pattern.", e);
        }
    }

    /// <summary>Removes slashes at both ends, and the segments <c>.</c> and <c>..</c>.</summary>
    private static string Clean(string pattern)
    {
        var segments = new List<string>();
        foreach (var segment in pattern.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (segment == "..") segments.RemoveRange(Math.Max(0, segments.Count - 1), Math.Min(1, segments.Count));
            else if (segment != ".") segments.Add(segment);
        }

        return string.Join('/', segments);
    }

    private static string Translate(string pattern)
    {
        var regex = new StringBuilder("^");
        var isInSet = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '\\' when i + 1 < pattern.Length:
                    regex.Append(Regex.Escape(pattern[++i].ToString()));
                    break;
                case var c when isInSet || c == '[':
                    isInSet = c != ']';
                    regex.Append(c);
                    break;
                case '*' when At(i + 1) == '*':
                    i++;
                    if (At(i + 1) == '/') i++;
                    regex.Append(i + 1 == pattern.Length ? ".*" : "(.*/)?");
                    break;
                case '*':
                    regex.Append("[^/]*");
                    break;
                case '?':
                    regex.Append("[^/]");
                    break;
                case var c:
                    regex.Append(Regex.Escape(c.ToString()));
                    break;
            }
        }

        return regex.Append('$').ToString();

        char At(int index) => index < pattern.Length ? pattern[index] : '\0';
    }

    private sealed record Rule(string Pattern, Regex Regex, bool IsException)
    {
        public bool MatchesOrParentMatches(string path)
        {
            if (Regex.IsMatch(path)) return true;
            for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
            {
                if (Regex.IsMatch(path[..slash])) return true;
            }

            return false;
        }
    }
}
