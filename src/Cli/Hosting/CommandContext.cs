using System.CommandLine;
using Podflare.Cli.Output;

namespace Podflare.Cli.Hosting;

/// <summary>What a command works with.</summary>
internal sealed class CommandContext : IDisposable
{
    private readonly GlobalOptions _global;
    private PodflareClient? _client;

    public CommandContext(ParseResult parsed, GlobalOptions global)
    {
        (Parsed, _global) = (parsed, global);
        IsJson = parsed.GetValue(global.Json);
        Screen = new Screen(IsJson);
    }

    public ParseResult Parsed { get; }

    public bool IsJson { get; }

    public Screen Screen { get; }

    public Interruption Interruption { get; } = new();

    public TimeProvider Time { get; } = TimeProvider.System;

    /// <summary>Where the address was taken from, for people.</summary>
    public string UrlOrigin => Parsed.GetValue(_global.Url) is { Length: > 0 } ? "--url"
        : string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(GlobalOptions.UrlVariable)) ? "the default"
        : GlobalOptions.UrlVariable;

    public bool HasKey => Parsed.GetValue(_global.ApiKey) is { Length: > 0 } || !string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(GlobalOptions.ApiKeyVariable));

    public PodflareClient Client => _client ??= CreateClient(static _ => { });

    public PodflareClient CreateClient(Action<PodflareClientOptions> change)
    {
        var options = new PodflareClientOptions { BaseAddress = Url(), ApiKey = Parsed.GetValue(_global.ApiKey) is { Length: > 0 } key ? key : null };
        change(options);
        try
        {
            return new PodflareClient(options, Screen.Logger);
        }
        catch (ArgumentException e)
        {
            throw new CliException(e.Message);
        }
    }

    public T? Value<T>(Option<T> option) => Parsed.GetValue(option);

    public T? Value<T>(Argument<T> argument) => Parsed.GetValue(argument);

    public void Dispose()
    {
        _client?.Dispose();
        Interruption.Dispose();
        Screen.Dispose();
    }

    private Uri? Url()
    {
        if (Parsed.GetValue(_global.Url) is not { Length: > 0 } text) return null;
        return Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}", UriKind.Absolute, out var url)
            ? url
            : throw new CliException($"{text} is not an address.");
    }
}
