using System.ComponentModel.DataAnnotations;

namespace Podflare.WebConsole;

/// <summary>The pages for browsers: the front page at <c>/</c> and the console at <c>/console</c>. Section <c>Podflare:Console</c>.</summary>
public sealed class ConsoleOptions : IValidatableObject
{
    public const string Section = "Podflare:Console";

    /// <summary>Whether the server has a front page and a console. Both use only the public API, with the key of whoever opens them. Default: true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>
    /// A folder whose files replace those in the program and are read anew for each request, to change the pages without a build. Everybody who can reach the server can read
    /// every file in it. Default: none.
    /// </summary>
    public string? Folder { get; set; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Folder is { Length: > 0 } && !Directory.Exists(Folder)) yield return new ValidationResult($"{Section}:{nameof(Folder)} is '{Folder}', which is not a folder.", [nameof(Folder)]);
    }
}
