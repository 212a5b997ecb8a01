using System.CommandLine.Completions;
using Podflare.Cli.Configuration;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Sandboxes;

/// <summary>Completes sandbox IDs by asking the server. A shell waits for it, so it gives up soon and silently.</summary>
internal static class IdCompletion
{
    private const int MaxIds = 100;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public static IEnumerable<CompletionItem> Complete(CompletionContext context, GlobalOptions global)
    {
        try
        {
            var server = ServerSelection.From(context.ParseResult, global, ProfileStore.Open());
            using var client = new PodflareClient(new PodflareClientOptions { BaseAddress = server.Url, ApiKey = server.ApiKey, MaxRetries = 0, ConnectTimeout = Limit, AnswerTimeout = Limit });
            using var limit = new CancellationTokenSource(Limit);
            // The library completes synchronously.
            var page = client.ListSandboxPageAsync(new SandboxQuery { State = SandboxState.Ready, PageSize = MaxIds }, cancellationToken: limit.Token).GetAwaiter().GetResult();
            return page.Sandboxes.Select(sandbox => new CompletionItem(sandbox.Id));
        }
        catch (Exception e) when (e is PodflareException or CliException or ArgumentException or OperationCanceledException or IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
