using System.Text.Json;
using System.Text.Json.Nodes;

namespace Podflare;

/// <summary>Requests of an MCP client of the revision 2026-07-28, written without an SDK.</summary>
internal sealed class McpPeer(HttpClient client)
{
    public const string Revision = "2026-07-28";
    private const string Prefix = "io.modelcontextprotocol/";

    private int _id;

    /// <summary>Whether this client says that it knows tasks.</summary>
    public bool KnowsTasks { get; init; }

    /// <summary>Further fields of <c>_meta</c>.</summary>
    public Dictionary<string, string> Meta { get; } = [];

    public static JsonObject Arguments(params (string Name, JsonNode? Value)[] pairs) => new(pairs.Select(pair => KeyValuePair.Create(pair.Name, pair.Value)));

    /// <summary>Calls a tool, and gives its result.</summary>
    public async Task<JsonElement> CallAsync(string tool, JsonObject arguments)
    {
        var answer = await ReadAsync(await SendAsync("tools/call", new JsonObject { ["name"] = tool, ["arguments"] = arguments }));
        return answer.TryGetProperty("result", out var result) ? result : throw new InvalidOperationException(answer.GetRawText());
    }

    /// <summary>The error of a request that must fail.</summary>
    public async Task<JsonElement> FailAsync(string method, JsonObject parameters) => (await ReadAsync(await SendAsync(method, parameters))).GetProperty("error");

    public async Task<JsonElement> ResultAsync(string method, JsonObject parameters) => (await ReadAsync(await SendAsync(method, parameters))).GetProperty("result");

    /// <summary>Sends a request with the headers that the revision asks for.</summary>
    /// <param name="change">Changes the request before it is sent.</param>
    public Task<HttpResponseMessage> SendAsync(string method, JsonObject parameters, Action<HttpRequestMessage>? change = null, CancellationToken? cancellationToken = null)
    {
        var meta = new JsonObject
        {
            [$"{Prefix}protocolVersion"] = Revision,
            [$"{Prefix}clientInfo"] = new JsonObject { ["name"] = "tests", ["version"] = "1" },
            [$"{Prefix}clientCapabilities"] = KnowsTasks ? new JsonObject { ["extensions"] = new JsonObject { [$"{Prefix}tasks"] = new JsonObject() } } : new JsonObject(),
        };
        foreach (var (name, value) in Meta) meta[name] = value;
        parameters["_meta"] = meta;
        var body = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = ++_id, ["method"] = method, ["params"] = parameters };
        var request = new HttpRequestMessage(HttpMethod.Post, "/mcp") { Content = Replies.Json(body.ToJsonString()) };
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        request.Headers.TryAddWithoutValidation("MCP-Protocol-Version", Revision);
        request.Headers.TryAddWithoutValidation("Mcp-Method", method);
        if ((parameters["name"] ?? parameters["taskId"])?.GetValue<string>() is { } routed) request.Headers.TryAddWithoutValidation("Mcp-Name", routed);
        if (parameters["arguments"]?["sandbox_id"] is JsonValue sandbox && sandbox.TryGetValue<string>(out var id)) request.Headers.TryAddWithoutValidation("Mcp-Param-Sandbox-Id", id);
        change?.Invoke(request);
        return client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken ?? TestContext.Current.CancellationToken);
    }

    /// <summary>The answer to a request: the JSON body, or the last event of the stream.</summary>
    public static async Task<JsonElement> ReadAsync(HttpResponseMessage response)
    {
        var text = await response.ReadTextAsync();
        if (response.Content.Headers.ContentType?.MediaType != "text/event-stream") return JsonDocument.Parse(text).RootElement;
        var data = text.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)).Select(line => JsonDocument.Parse(line["data: ".Length..]).RootElement);
        return data.Last(message => message.TryGetProperty("id", out var _));
    }
}
