using Podflare.Runs;

namespace Podflare.E2b.Interpreter;

/// <summary>Names of languages as clients of E2B use them.</summary>
internal static class InterpreterLanguage
{
    /// <param name="name">Null or empty for the default.</param>
    /// <exception cref="E2bException">501: the language is not installed.</exception>
    public static RunLanguage Parse(string? name) => name?.ToLowerInvariant() switch
    {
        null or "" or "python" => RunLanguage.Python,
        "bash" => RunLanguage.Bash,
        _ => throw E2bException.NotSupported($"the language {name} is"),
    };
}
