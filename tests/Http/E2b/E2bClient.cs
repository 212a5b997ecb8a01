using System.Buffers.Binary;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Podflare.E2b;

/// <summary>What clients of E2B send, byte for byte.</summary>
internal static class E2bClient
{
    public const string Mount = "/compat/e2b";
    public const int Envd = 49983;
    public const int Interpreter = 49999;

    /// <summary>A sandbox that was created through the dialect, with its tokens.</summary>
    public static async Task<Box> CreateAsync(this Cluster cluster, string key = Cluster.Key, string body = "{}")
    {
        using var client = cluster.ClientOf(null);
        var created = await (await client.SendAsync("POST", $"{Mount}/v2/sandboxes", body, true, ("X-API-Key", key))).AssertProblemFreeAsync();
        return new Box(cluster, created.GetProperty("sandboxID").GetString()!, created.GetProperty("envdAccessToken").GetString()!, created.GetProperty("trafficAccessToken").GetString()!);
    }

    /// <summary>A message in its envelope.</summary>
    public static byte[] Envelope(string json, byte flags = 0)
    {
        var body = Encoding.UTF8.GetBytes(json);
        var head = new byte[5];
        head[0] = flags;
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(1), (uint)body.Length);
        return [.. head, .. body];
    }

    /// <summary>The messages of a stream with their flags.</summary>
    public static async Task<List<(byte Flags, JsonElement Message)>> ReadEnvelopesAsync(this HttpResponseMessage response)
    {
        Assert.Equal((200, "application/connect+json"), ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        var bytes = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        var messages = new List<(byte, JsonElement)>();
        for (var at = 0; at < bytes.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at + 1));
            messages.Add((bytes[at], JsonDocument.Parse(bytes.AsMemory(at + 5, length)).RootElement));
            at += 5 + length;
        }

        return messages;
    }

    /// <summary>The word of the error that ends a stream; null where it ends well.</summary>
    public static async Task<string?> ReadStreamErrorAsync(this HttpResponseMessage response)
    {
        var (flags, last) = (await response.ReadEnvelopesAsync())[^1];
        Assert.Equal(2, flags);
        return last.TryGetProperty("error", out var error) ? error.GetProperty("code").GetString() : null;
    }

    /// <summary>A sandbox as a client of E2B has it.</summary>
    internal sealed record Box(Cluster Cluster, string Id, string EnvdToken, string TrafficToken)
    {
        public string NativeId => "sbx_" + Id[3..];

        /// <summary>Sends what the client sends: no API key, but tokens and the headers that name the sandbox.</summary>
        public async Task<HttpResponseMessage> SendAsync(int port, string method, string path, HttpContent? content = null, string? envd = null, string? traffic = null, params (string Name, string Value)[] headers)
        {
            using var client = Cluster.ClientOf(null);
            using var request = new HttpRequestMessage(new HttpMethod(method), Mount + path) { Content = content };
            request.Headers.Add("E2b-Sandbox-Id", Id);
            request.Headers.Add("E2b-Sandbox-Port", port.ToString(System.Globalization.CultureInfo.InvariantCulture));
            if (envd is not null) request.Headers.Add("X-Access-Token", envd);
            if (traffic is not null) request.Headers.Add("E2B-Traffic-Access-Token", traffic);
            foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
            if (!request.Headers.Contains("Accept-Encoding")) request.Headers.Add("Accept-Encoding", "gzip, deflate");
            return await client.SendAsync(request, TestContext.Current.CancellationToken);
        }

        public Task<HttpResponseMessage> CallAsync(string method, string json, params (string Name, string Value)[] headers) =>
            SendAsync(Envd, "POST", $"/{method}", Replies.Json(json), EnvdToken, null, headers);

        public Task<HttpResponseMessage> StreamAsync(string method, byte[] body, params (string Name, string Value)[] headers)
        {
            var content = new ByteArrayContent(body);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/connect+json");
            return SendAsync(Envd, "POST", $"/{method}", content, EnvdToken, null, headers);
        }

        public Task<HttpResponseMessage> ExecuteAsync(object body) =>
            SendAsync(Interpreter, "POST", "/execute", Replies.Json(JsonSerializer.Serialize(body)), EnvdToken, TrafficToken);
    }
}
