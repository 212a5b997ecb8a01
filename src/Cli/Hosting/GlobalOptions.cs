using System.CommandLine;

namespace Podflare.Cli.Hosting;

/// <summary>The options of every command.</summary>
internal sealed class GlobalOptions
{
    public const string UrlVariable = "PODFLARE_HOSTD_URL";
    public const string ApiKeyVariable = "PODFLARE_API_KEY";
    public const string ProfileVariable = "PODFLARE_PROFILE";

    public Option<string?> Url { get; } = new("--url")
    {
        Description = $"Server address [env: {UrlVariable}; default: http://127.0.0.1:7070]",
        HelpName = "url",
        Recursive = true,
    };

    public Option<string?> ApiKey { get; } = new("--api-key")
    {
        Description = $"API key [env: {ApiKeyVariable}]. Prefer the variable: other users can see arguments",
        HelpName = "key",
        Recursive = true,
    };

    public Option<string?> Profile { get; } = new("--profile")
    {
        Description = $"Profile with address and key [env: {ProfileVariable}]; see `podflare config`",
        HelpName = "name",
        Recursive = true,
    };

    public Option<bool> Json { get; } = new("--json") { Description = "Write results as JSON to stdout and errors as JSON to stderr", Recursive = true };

    /// <summary>The number of words after <c>--</c>; null without it. The library does not tell a command where <c>--</c> was.</summary>
    public int? WordsAfterDoubleDash { get; init; }

    public void AddTo(RootCommand root)
    {
        root.Options.Add(Url);
        root.Options.Add(ApiKey);
        root.Options.Add(Profile);
        root.Options.Add(Json);
    }
}
