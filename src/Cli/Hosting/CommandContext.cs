using System.CommandLine;
using Podflare.Cli.Configuration;
using Podflare.Cli.Output;

namespace Podflare.Cli.Hosting;

/// <summary>What a command works with.</summary>
internal sealed class CommandContext : IDisposable
{
    private readonly GlobalOptions _global;
    private ServerSelection? _server;
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

    public ProfileStore Profiles { get; } = ProfileStore.Open();

    public ServerSelection Server => _server ??= ServerSelection.From(Parsed, _global, Profiles);

    public PodflareClient Client => _client ??= CreateClient(static _ => { });

    public PodflareClient CreateClient(Action<PodflareClientOptions> change, bool logs = true)
    {
        var options = new PodflareClientOptions { BaseAddress = Server.Url, ApiKey = Server.ApiKey };
        change(options);
        try
        {
            return logs ? new PodflareClient(options, Screen.Logger) : new PodflareClient(options);
        }
        catch (ArgumentException e)
        {
            throw new CliException(Texts.WithoutParameter(e)
                .Replace(nameof(PodflareClientOptions.ApiKey), "The API key", StringComparison.Ordinal)
                .Replace(nameof(PodflareClientOptions.BaseAddress), "The server address", StringComparison.Ordinal));
        }
    }

    /// <summary>The sandbox that the arguments name, if they name one.</summary>
    public string? SandboxId => Parsed.CommandResult.Command.Arguments.OfType<Argument<string>>().FirstOrDefault(argument => argument.Name == "id") is { } id
        ? Parsed.GetValue(id)
        : Parsed.Tokens.Select(token => token.Value).FirstOrDefault(value => value.StartsWith("sbx_", StringComparison.Ordinal))?.Split(':')[0];

    public T? Value<T>(Option<T> option) => Parsed.GetValue(option);

    public T? Value<T>(Argument<T> argument) => Parsed.GetValue(argument);

    public void Dispose()
    {
        _client?.Dispose();
        Interruption.Dispose();
        Screen.Dispose();
    }
}
