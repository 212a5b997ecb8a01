using System.Globalization;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Doctor;

/// <summary>What can be seen of the server from here.</summary>
internal sealed class ServerChecks(PodflareClient client, CommandContext context)
{
    public async Task<Finding> AliveAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await client.CheckAliveAsync(cancellationToken);
            return new Finding(name, Finding.Fine, $"answers at {client.BaseAddress}");
        }
        catch (PodflareConnectionException e)
        {
            return new Finding(name, Finding.Failed, e.Message, client.BaseAddress.IsLoopback
                ? $"Start it (./run.sh in the project's folder), or name another address with --url or {GlobalOptions.UrlVariable}."
                : $"Check the address ({context.UrlOrigin}), the network and any firewall on the way.");
        }
        catch (PodflareException e)
        {
            return new Finding(name, Finding.Failed, e.Message, $"Something else than Podflare seems to answer there. Check the address ({context.UrlOrigin}).");
        }
    }

    public async Task<Finding> ReadyAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await client.CheckReadyAsync(cancellationToken);
            return new Finding(name, Finding.Fine, "it is in its cluster and a worker answers");
        }
        catch (PodflareException e)
        {
            return new Finding(name, Finding.Failed, e.Message, e is UnavailableException { Code: "no_capacity" }
                ? "No worker is there: look at the worker's log. It needs Docker and the sandbox image."
                : "If it has just been started, wait for some seconds. Else look at its log.");
        }
    }

    public async Task<Finding> KeyAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await client.ListSandboxPageAsync(new SandboxQuery { PageSize = 1 }, cancellationToken: cancellationToken);
            return new Finding(name, Finding.Fine, context.HasKey ? "the server accepts the request with this key" : "the server asks for none");
        }
        catch (UnauthorizedException e)
        {
            return new Finding(name, Finding.Failed, e.Problem.Error, context.HasKey
                ? $"The server does not know this key. It takes those of its PODFLARE_API_KEYS; set {GlobalOptions.ApiKeyVariable} to one of them."
                : $"The server asks for a key: set {GlobalOptions.ApiKeyVariable}, or pass --api-key.");
        }
        catch (InsufficientScopeException e)
        {
            return new Finding(name, Finding.Failed, e.Problem.Error, "The key lacks a scope: sandboxes and read are needed.");
        }
        catch (PodflareException e)
        {
            return new Finding(name, Finding.Failed, e.Message, "The key is not the trouble. Look at the server's log.");
        }
    }

    public async Task<Finding> RunAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var began = context.Time.GetTimestamp();
            await using var sandbox = await client.CreateSandboxAsync(cancellationToken: cancellationToken);
            var created = context.Time.GetElapsedTime(began);
            began = context.Time.GetTimestamp();
            var result = await sandbox.RunAsync("print(40 + 2)", cancellationToken: cancellationToken);
            var ran = context.Time.GetElapsedTime(began);
            return result is { ExitCode: 0, Stdout: "42\n" }
                ? new Finding(name, Finding.Fine, string.Create(CultureInfo.InvariantCulture, $"a sandbox in {created.TotalMilliseconds:0} ms, print(40 + 2) in {ran.TotalMilliseconds:0} ms"))
                : new Finding(name, Finding.Failed, $"print(40 + 2) gave {result.Stdout.Trim()} with exit status {result.ExitCode}", "Look at the worker's log under this run's id: " + result.RunId);
        }
        catch (NoCapacityException e)
        {
            return new Finding(name, Finding.Failed, e.Message, "All hosts are full, or none can start a container: `podflare sandbox ls`, and the worker's log.");
        }
        catch (PodflareException e)
        {
            return new Finding(name, Finding.Failed, e.Message, "Look at the server's log.");
        }
    }
}
