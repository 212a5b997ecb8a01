using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using Podflare.EgressProxy.Control;
using Podflare.EgressProxy.Reports;
using Podflare.EgressProxy.Sandboxes;
using Podflare.EgressProxy.Settings;

namespace Podflare.Egress;

/// <summary>One life of the proxy: a process, and the connection over which it is told what to do. It ends with this object, and with this worker.</summary>
internal sealed class EgressProxyProcess : IAsyncDisposable
{
    private const int CannotListen = 1;
    private const int MaxErrors = 20;
    private static readonly Uri Base = new("http://proxy/");
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);

    private readonly Process _process;
    private readonly HttpClient _control;
    private readonly Task<string> _errors;

    private EgressProxyProcess(Process process, string socket)
    {
        _process = process;
        _errors = ReadErrorsAsync(process.StandardError);
        _control = new HttpClient(new SocketsHttpHandler { ConnectCallback = (_, token) => ConnectAsync(socket, token), UseProxy = false })
        {
            BaseAddress = Base,
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public int Id => _process.Id;

    /// <summary>Starts the program and returns when it listens, without privileges.</summary>
    /// <returns>Null if it cannot listen at that address.</returns>
    /// <exception cref="EgressException">It did not start.</exception>
    public static async Task<EgressProxyProcess?> StartAsync(ProxySettings settings, CancellationToken cancellationToken)
    {
        var proxy = new EgressProxyProcess(Launch(), settings.ControlSocket);
        try
        {
            await proxy._process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(settings, ProxyJson.Default.ProxySettings).AsMemory(), cancellationToken);
            await proxy._process.StandardInput.FlushAsync(cancellationToken);
            if (await proxy._process.StandardOutput.ReadLineAsync(cancellationToken) == ProxySettings.Ready) return proxy;
            await proxy._process.WaitForExitAsync(cancellationToken);
            var code = proxy._process.ExitCode;
            var errors = await proxy._errors;
            await proxy.DisposeAsync();
            return code == CannotListen ? null : throw new EgressException($"the egress proxy ended with code {code}: {errors}");
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            await proxy.DisposeAsync();
            throw e is IOException ? new EgressException($"the egress proxy did not start: {e.Message}") : e;
        }
    }

    /// <summary>Makes these the sandboxes that may use the proxy.</summary>
    /// <exception cref="HttpRequestException">It does not answer, or refuses.</exception>
    public async Task ReplaceAsync(IReadOnlyDictionary<string, SandboxAccess> sandboxes, CancellationToken cancellationToken)
    {
        using var answer = await _control.PutAsJsonAsync("sandboxes", sandboxes, ProxyJson.Default.IReadOnlyDictionaryStringSandboxAccess, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    /// <inheritdoc cref="ReplaceAsync"/>
    public async Task SetAsync(IPAddress address, SandboxAccess access, CancellationToken cancellationToken)
    {
        using var answer = await _control.PutAsJsonAsync($"sandboxes/{address}", access, ProxyJson.Default.SandboxAccess, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    /// <inheritdoc cref="ReplaceAsync"/>
    public async Task RemoveAsync(IPAddress address, CancellationToken cancellationToken)
    {
        using var answer = await _control.DeleteAsync(new Uri($"sandboxes/{address}", UriKind.Relative), cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>What it reports, until it ends.</summary>
    /// <exception cref="HttpRequestException">It does not answer.</exception>
    public async IAsyncEnumerable<ConnectionReport> ReadReportsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var answer = await _control.GetAsync(new Uri("reports", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        answer.EnsureSuccessStatusCode();
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellationToken));
        while (await lines.ReadLineAsync(cancellationToken) is { } line)
        {
            if (JsonSerializer.Deserialize(line, ProxyJson.Default.ConnectionReport) is { } report) yield return report;
        }
    }

    /// <summary>Ends the process if it has not ended, and says how it did.</summary>
    public async Task<string> EndAsync()
    {
        if (!_process.HasExited) Kill();
        await _process.WaitForExitAsync();
        return $"exit code {_process.ExitCode}; {await _errors}";
    }

    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    public async ValueTask DisposeAsync()
    {
        _control.Dispose();
        try
        {
            // The end of its input is the end of the program.
            _process.StandardInput.Close();
            await _process.WaitForExitAsync().WaitAsync(StopLimit);
        }
        catch (Exception e) when (e is TimeoutException or IOException)
        {
            Kill();
        }

        _process.Dispose();
    }

    private static Process Launch()
    {
        var program = Path.Combine(AppContext.BaseDirectory, "Podflare.Egress.dll");
        // The runtime of this process, which may not be on the PATH.
        var dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        var start = new ProcessStartInfo(dotnet, ["exec", program])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        // Nothing of the worker's: its environment holds keys. Diagnostics would open a socket in /tmp.
        start.Environment.Clear();
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new EgressException($"{dotnet} could not be run: {e.Message}");
        }
    }

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // The first lines say why it ended; an exception's may follow.
    private static async Task<string> ReadErrorsAsync(StreamReader errors)
    {
        var kept = new List<string>();
        while (await errors.ReadLineAsync() is { } line)
        {
            if (kept.Count < MaxErrors) kept.Add(line);
        }

        return string.Join(" / ", kept);
    }
}
