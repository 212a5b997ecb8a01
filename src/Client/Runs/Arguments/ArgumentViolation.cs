using System.Text;

namespace Podflare;

/// <summary>Where a value is in the arguments: below its parent, by name or by index. The arguments themselves have none.</summary>
internal sealed record ArgumentPath(ArgumentPath? Parent, string? Name, int Index)
{
    private const int MaxName = 32;
    private const int Shown = 10;
    private const int ShownFirst = 6;

    public static string Text(ArgumentPath? path)
    {
        var steps = new List<string>();
        for (; path is not null; path = path.Parent) steps.Add(path.Step());
        steps.Reverse();
        if (steps.Count > Shown)
        {
            steps.RemoveRange(ShownFirst, steps.Count - Shown);
            steps.Insert(ShownFirst, "…");
        }

        return new StringBuilder("arguments").AppendJoin("", steps).ToString();
    }

    private string Step()
    {
        if (Name is null) return $"[{Index}]";
        var isIdentifier = Name.Length is > 0 and <= MaxName && !char.IsAsciiDigit(Name[0]) && Name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
        return isIdentifier ? $".{Name}" : $"[\"{ArgumentValues.Cut(Name, MaxName)}\"]";
    }
}

/// <summary>What is wrong with a value of the arguments.</summary>
/// <param name="Alternatives">What is wrong with it by the schemas of which it should match one.</param>
internal sealed record ArgumentViolation(ArgumentPath? Path, string Text, IReadOnlyList<ArgumentViolation>? Alternatives = null)
{
    private const int MaxMessage = 500;
    private const int ShownAlternatives = 3;

    /// <summary>The error that the code in the sandbox gets.</summary>
    public string Message()
    {
        var text = $"{ArgumentPath.Text(Path)} {Text}";
        if (Alternatives is not null)
            text += ": " + string.Join("; ", Alternatives.Take(ShownAlternatives).Select(one => ReferenceEquals(one.Path, Path) ? one.Text : $"{ArgumentPath.Text(one.Path)} {one.Text}"));
        return ArgumentValues.Cut(text, MaxMessage);
    }
}

/// <summary>The arguments cannot be validated to their end. The message names the argument.</summary>
internal sealed class InvalidArgumentsException(string message) : Exception(message);
