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

    /// <summary>Checks access to named hosts by asking for one that is not on the list. Nothing leaves the server's host.</summary>
    public async Task<Finding> EgressAsync(string name, CancellationToken cancellationToken)
    {
        const string Refused = "HTTP/1.1 403";
        const string AskProxy = """
            import os, socket
            host, port = os.environ['HTTPS_PROXY'].removeprefix('http://').split(':')
            with socket.create_connection((host, int(port)), 10) as proxy:
                proxy.sendall(b'CONNECT not-on-the-list.invalid:443 HTTP/1.1\r\n\r\n')
                print(proxy.recv(500).split(b'\r\n')[0].decode())
            """;
        try
        {
            await using var sandbox = await client.CreateSandboxAsync(new SandboxOptions { EgressAllow = ["named.invalid"] }, cancellationToken);
            if (sandbox.Info is not { Egress: true }) return new Finding(name, Finding.Passed, "the server does not offer network access to named hosts");
            var result = await sandbox.RunAsync(AskProxy, cancellationToken: cancellationToken);
            return result.ExitCode == 0 && result.Stdout.StartsWith(Refused, StringComparison.Ordinal)
                ? new Finding(name, Finding.Passed, "the egress proxy answers, and refuses a host that is not on the list")
                : new Finding(name, Finding.Failed, $"the egress proxy gave {result.Stdout.Trim()} {result.Stderr.Trim()}", "Check the worker's log for the egress proxy, and the firewall between sandboxes and their host.");
        }
        catch (PodflareException e)
        {
            return new Finding(name, Finding.Failed, e.Message, "The worker needs root, iptables and the host's network namespace for this. Its log says what is missing.");
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
