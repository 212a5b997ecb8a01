using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Podflare.EgressProxy.Reports;
using Podflare.EgressProxy.Sandboxes;
using Podflare.EgressProxy.Settings;
using Podflare.EgressProxy.Tls;
using Podflare.EgressProxy.Tunnels;

namespace Podflare.EgressProxy.Connect;

/// <summary>
/// One connection of a sandbox: reads its CONNECT, decides by the sandbox's list and by the addresses of the name, reads the ClientHello, and
/// only then connects to one of the addresses that it has checked.
/// </summary>
internal sealed class ProxyConnectionHandler(
    SandboxTable sandboxes, ConnectionLimit limit, HostDialer dialer, TunnelTable tunnels, ReportCollector reports, ProxyOptions options, TimeProvider time) : ConnectionHandler
{
    private readonly PipeMessageReader _reader = new(options, time);

    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        var pipe = connection.Transport;
        try
        {
            if (Find(connection.RemoteEndPoint) is { } sandbox) await ServeAsync(sandbox, pipe);
            else await RefuseAsync(null, "", pipe, new(Verdict.UnknownSandbox, 403, "this address is not a sandbox of this proxy"), CancellationToken.None);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException or ConnectionAbortedException or ConnectionResetException)
        {
            // Either side has gone, or the sandbox has ended.
        }
        finally
        {
            // Completed, not aborted: an answer that is still in the pipe is sent.
            await pipe.Output.CompleteAsync();
            await pipe.Input.CompleteAsync();
        }
    }

    private RegisteredSandbox? Find(EndPoint? remote) =>
        remote is IPEndPoint { Address: var address } ? sandboxes.Find(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address) : null;

    // The connection's own token is not used: it is cancelled as soon as the sandbox has sent everything, which may still be waiting for an answer.
    private async Task ServeAsync(RegisteredSandbox sandbox, IDuplexPipe pipe)
    {
        if (!limit.TryEnter(sandbox))
        {
            await RefuseAsync(sandbox, "", pipe, new(Verdict.TooMany, 429, "too many connections"), sandbox.Removed);
            return;
        }

        try
        {
            await ConnectAsync(sandbox, pipe, sandbox.Removed);
        }
        finally
        {
            limit.Leave(sandbox);
        }
    }

    private async Task ConnectAsync(RegisteredSandbox sandbox, IDuplexPipe pipe, CancellationToken cancellationToken)
    {
        var head = await _reader.ReadHeadAsync(pipe.Input, cancellationToken);
        if (Refusal.Of(head, sandbox.Allowed) is { } refusal)
        {
            await RefuseAsync(sandbox, head.Name, pipe, refusal, cancellationToken);
            return;
        }

        var (found, addresses) = await dialer.ResolveAsync(head.Name, cancellationToken);
        if (addresses.Length == 0)
        {
            await RefuseAsync(sandbox, head.Name, pipe, found == 0 ? Refusal.NoAddress : Refusal.NotPublic, cancellationToken);
            return;
        }

        await pipe.Output.WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray(), cancellationToken);
        // Nothing is dialed before the sandbox has shown whom it wants to speak TLS with.
        var (state, name) = await _reader.ReadHelloAsync(pipe.Input, cancellationToken);
        if (state is not HelloState.Named || !name.Equals(head.Name, StringComparison.OrdinalIgnoreCase))
        {
            reports.Count(sandbox, head.Name, state is HelloState.Named or HelloState.Unnamed ? Verdict.OtherServerName : Verdict.NotTls);
            if (state is not HelloState.Invalid) await pipe.Output.WriteAsync(TlsAlert.UnrecognizedName, cancellationToken);
            return;
        }

        using var host = await dialer.ConnectAsync(addresses, cancellationToken);
        reports.Count(sandbox, head.Name, host is null ? Verdict.Unreachable : Verdict.Allowed);
        if (host is null) await pipe.Output.WriteAsync(TlsAlert.InternalError, cancellationToken);
        else await tunnels.RunAsync(new Tunnel(sandbox, head.Name, pipe, host, options.BufferBytes, time), cancellationToken);
    }

    private async Task RefuseAsync(RegisteredSandbox? sandbox, string name, IDuplexPipe pipe, Refusal refusal, CancellationToken cancellationToken)
    {
        reports.Count(sandbox, name, refusal.Verdict);
        // Clients show the reason phrase, if anything.
        var allow = refusal.Status == 405 ? "Allow: CONNECT\r\n" : "";
        var answer = $"HTTP/1.1 {refusal.Status} {refusal.Text}\r\n{allow}Content-Length: 0\r\nConnection: close\r\n\r\n";
        await pipe.Output.WriteAsync(Encoding.ASCII.GetBytes(answer), cancellationToken);
    }
}
