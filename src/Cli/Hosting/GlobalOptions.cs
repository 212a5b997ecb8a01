using System.CommandLine;

namespace Podflare.Cli.Hosting;

/// <summary>The options that every command has.</summary>
internal sealed class GlobalOptions
{
    public const string UrlVariable = "PODFLARE_HOSTD_URL";
    public const string ApiKeyVariable = "PODFLARE_API_KEY";

    public Option<string?> Url { get; } = new("--url")
    {
        Description = $"Address of the server [{UrlVariable}; default http://127.0.0.1:7070]",
        HelpName = "url",
        Recursive = true,
    };

    public Option<string?> ApiKey { get; } = new("--api-key")
    {
        Description = $"API key [{ApiKeyVariable}]. Other users of this machine can see arguments: prefer the variable",
        HelpName = "key",
        Recursive = true,
    };

    public Option<bool> Json { get; } = new("--json") { Description = "Write JSON to stdout, errors as JSON to stderr", Recursive = true };

    public void AddTo(RootCommand root)
    {
        root.Options.Add(Url);
        root.Options.Add(ApiKey);
        root.Options.Add(Json);
    }
}
