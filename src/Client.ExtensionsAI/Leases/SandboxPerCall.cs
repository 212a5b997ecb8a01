namespace Podflare.Extensions.AI.Leases;

/// <summary>A new sandbox for each execution.</summary>
internal sealed class SandboxPerCall(PodflareClient client, SandboxOptions? options) : ISandboxSource
{
    public async ValueTask<SandboxLease> AcquireAsync(CancellationToken cancellationToken) =>
        new(await client.CreateSandboxAsync(options, cancellationToken).ConfigureAwait(false), DeletesSandbox: true);

    public bool Forget(Sandbox ended) => true;
}
