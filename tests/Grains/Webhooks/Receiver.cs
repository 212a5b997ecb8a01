using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Podflare.Webhooks;

/// <summary>A receiver of webhooks on this machine, which notes what it gets and answers what the test says.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly HttpListener _http = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;

    public Receiver()
    {
        Url = $"http://127.0.0.1:{Ports.Free()}/hook/";
        _http.Prefixes.Add(Url);
        _http.Start();
        _serving = ServeAsync();
    }

    public string Url { get; }

    /// <summary>Status of the next answers; 0 never answers.</summary>
    public int Status { get; set; } = 204;

    /// <summary>Everything that arrived, in order.</summary>
    public ConcurrentQueue<ReceivedCall> Calls { get; } = new();

    public IReadOnlyList<ReceivedCall> Accepted => [.. Calls.Where(call => call.Status is >= 200 and < 300)];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _http.Close();
        await _serving;
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var context = await _http.GetContextAsync();
                using var reader = new StreamReader(context.Request.InputStream, Encoding.UTF8);
                var (body, headers, status) = (await reader.ReadToEndAsync(), context.Request.Headers, Status);
                Calls.Enqueue(new ReceivedCall(headers["webhook-id"]!, headers["webhook-timestamp"]!, headers["webhook-signature"]!, body, status));
                if (status == 0) continue;
                context.Response.StatusCode = status;
                context.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or IOException)
            {
                // It stops, or the caller was killed.
            }
        }
    }
}

internal sealed record ReceivedCall(string Id, string Timestamp, string Signature, string Body, int Status)
{
    public JsonElement Json => JsonElement.Parse(Body);

    public string Type => Json.GetProperty("type").GetString()!;

    public long Seq => Json.GetProperty("data").GetProperty("seq").GetInt64();
}
