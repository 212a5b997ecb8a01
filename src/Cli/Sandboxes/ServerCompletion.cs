using System.CommandLine.Completions;
using Podflare.Cli.Configuration;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Sandboxes;

/// <summary>Completes sandbox IDs and template names by asking the server. A shell waits for it, so it gives up soon and silently.</summary>
internal static class ServerCompletion
{
    private const int MaxIds = 100;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public static IEnumerable<CompletionItem> Ids(CompletionContext context, GlobalOptions global) => Complete(context, global, async (client, cancellationToken) =>
        (await client.ListSandboxPageAsync(new SandboxQuery { State = SandboxState.Ready, PageSize = MaxIds }, cancellationToken: cancellationToken)).Sandboxes.Select(sandbox => sandbox.Id));

    public static IEnumerable<CompletionItem> Templates(CompletionContext context, GlobalOptions global) => Complete(context, global, async (client, cancellationToken) =>
        (await client.ListTemplatesAsync(cancellationToken)).Select(template => template.Name));

    private static IEnumerable<CompletionItem> Complete(
        CompletionContext context, GlobalOptions global, Func<PodflareClient, CancellationToken, Task<IEnumerable<string>>> ask)
    {
        try
        {
            var server = ServerSelection.From(context.ParseResult, global, ProfileStore.Open());
            using var client = new PodflareClient(new PodflareClientOptions { BaseAddress = server.Url, ApiKey = server.ApiKey, MaxRetries = 0, ConnectTimeout = Limit, AnswerTimeout = Limit });
            using var limit = new CancellationTokenSource(Limit);
            // The library completes synchronously.
            return [.. ask(client, limit.Token).GetAwaiter().GetResult().Select(word => new CompletionItem(word))];
        }
        catch (Exception e) when (e is PodflareException or CliException or ArgumentException or OperationCanceledException or IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
