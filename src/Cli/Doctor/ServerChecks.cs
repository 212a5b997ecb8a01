using System.Globalization;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Doctor;

/// <summary>Checks of the server through its API.</summary>
internal sealed class ServerChecks(PodflareClient client, CommandContext context)
{
    public async Task<Finding> AliveAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await client.CheckAliveAsync(cancellationToken);
            return new Finding(name, Finding.Passed, $"answers at {client.BaseAddress}");
        }
        catch (PodflareConnectionException e)
        {
            return new Finding(name, Finding.Failed, e.Message, client.BaseAddress.IsLoopback
                ? $"Start the server (./run.sh in the repository), or set its address with --url or {GlobalOptions.UrlVariable}."
                : $"Check the address ({context.Server.Origin}), the network and any firewall on the way.");
        }
        catch (PodflareException e)
        {
            return new Finding(name, Finding.Failed, e.Message, $"Another service seems to answer there. Check the address ({context.Server.Origin}).");
        }
    }

    public async Task<Finding> ReadyAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await client.CheckReadyAsync(cancellationToken);
            return new Finding(name, Finding.Passed, "the server has joined its cluster and a worker answers");
        }
        catch (PodflareException e)
        {
            return new Finding(name, Finding.Failed, e.Message, e is UnavailableException { Code: "no_capacity" }
                ? "No worker is available. Check the worker's log; it needs Docker and the sandbox image."
                : "If the server has just started, wait a few seconds. Otherwise check its log.");
        }
    }

    public async Task<Finding> KeyAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await client.ListSandboxPageAsync(new SandboxQuery { PageSize = 1 }, cancellationToken: cancellationToken);
            return new Finding(name, Finding.Passed, context.Server.HasKey ? "the server accepts requests with this key" : "the server requires none");
        }
        catch (UnauthorizedException e)
        {
            return new Finding(name, Finding.Failed, e.Problem.Error, context.Server.HasKey
                ? $"The server does not accept this key. Set {GlobalOptions.ApiKeyVariable} to one of the keys in the server's PODFLARE_API_KEYS."
                : $"The server requires a key. Set {GlobalOptions.ApiKeyVariable}, or use --api-key or a profile.");
        }
        catch (InsufficientScopeException e)
        {
            return new Finding(name, Finding.Failed, e.Problem.Error, "The key needs the scopes sandboxes and read.");
        }
        catch (PodflareException e)
        {
            return new Finding(name, Finding.Failed, e.Message, "The key is not the cause. Check the server's log.");
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
                ? new Finding(name, Finding.Passed, string.Create(CultureInfo.InvariantCulture, $"a sandbox in {created.TotalMilliseconds:0} ms, print(40 + 2) in {ran.TotalMilliseconds:0} ms"))
                : new Finding(name, Finding.Failed, $"print(40 + 2) gave {result.Stdout.Trim()} with exit code {result.ExitCode}", $"Check the worker's log for run {result.RunId}.");
        }
        catch (NoCapacityException e)
        {
            return new Finding(name, Finding.Failed, e.Message, "All hosts are full, or no host can start a container. Check `podflare sandbox ls` and the worker's log.");
        }
        catch (PodflareException e)
        {
            return new Finding(name, Finding.Failed, e.Message, "Check the server's log.");
        }
    }
}
