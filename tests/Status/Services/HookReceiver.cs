using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Podflare.Status.Services;

/// <summary>A webhook receiver that keeps all calls, echoes challenges, and responds as configured.</summary>
internal sealed class HookReceiver : IDisposable
{
    private readonly HttpListener _listener = new();

    public HookReceiver()
    {
        Address = new Uri($"http://127.0.0.1:{Ports.Free()}/hook");
        _listener.Prefixes.Add($"http://127.0.0.1:{Address.Port}/");
        _listener.Start();
        _ = ServeAsync();
    }

    public Uri Address { get; }

    public ConcurrentQueue<Call> Calls { get; } = new();

    /// <summary>Returns status and header of the response to a call that is not a challenge.</summary>
    public Func<Call, (int Status, string? Header, string? Value)> Answer { get; set; } = _ => (204, null, null);

    public bool Echoes { get; set; } = true;

    public Task<Call> OneAsync(string type, double seconds = 20) =>
        Until.ValueAsync(() => Task.FromResult(Calls.FirstOrDefault(c => c.Type == type)), seconds, $"a webhook call {type} came");

    /// <summary>Verifies a call with the npm package standardwebhooks, an independent implementation.</summary>
    public static async Task<bool> VerifyAsync(Call call, string secret)
    {
        const string script = """
            const { Webhook } = require(process.env.MODULES + "/standardwebhooks");
            let text = ""; process.stdin.on("data", d => text += d).on("end", () => {
              const call = JSON.parse(text);
              try { new Webhook(call.secret).verify(call.body, call.headers); console.log("right"); } catch (e) { console.log("wrong: " + e.message); }
            });
            """;
        var start = new ProcessStartInfo("node", ["-e", script]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["MODULES"] = Path.Combine(TestRun.Repository, "artifacts", "webhooks", "node_modules");
        using var node = Process.Start(start)!;
        var headers = new JsonObject { ["webhook-id"] = call.Id, ["webhook-timestamp"] = call.Timestamp, ["webhook-signature"] = call.Signature };
        await node.StandardInput.WriteAsync(new JsonObject { ["secret"] = secret, ["body"] = call.Body, ["headers"] = headers }.ToJsonString());
        node.StandardInput.Close();
        var answer = await node.StandardOutput.ReadToEndAsync();
        await node.WaitForExitAsync();
        return answer.Trim() == "right";
    }

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            using var reader = new StreamReader(context.Request.InputStream, Encoding.UTF8);
            var headers = context.Request.Headers;
            var call = new Call(headers["webhook-id"]!, headers["webhook-timestamp"]!, headers["webhook-signature"]!, await reader.ReadToEndAsync());
            Calls.Enqueue(call);
            if (call.Type == "webhook.challenge")
            {
                context.Response.StatusCode = 200;
                if (Echoes) await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(call.Data["challenge"]!.GetValue<string>()));
            }
            else
            {
                var (status, header, value) = Answer(call);
                context.Response.StatusCode = status;
                if (header is not null) context.Response.Headers[header] = value;
            }

            context.Response.Close();
        }
    }
}

internal sealed record Call(string Id, string Timestamp, string Signature, string Body)
{
    public JsonObject Json { get; } = JsonNode.Parse(Body)!.AsObject();

    public string Type => Json["type"]!.GetValue<string>();

    public JsonObject Data => Json["data"]!.AsObject();
}
