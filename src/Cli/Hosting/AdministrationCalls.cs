using System.Text.Json;
using System.Text.Json.Nodes;
using Podflare.Cli.Output;

namespace Podflare.Cli.Hosting;

/// <summary>Calls of the server's administration whose JSON the command passes on as it is.</summary>
internal static class AdministrationCalls
{
    private const int PageSize = 1_000;

    /// <summary>Sends a request whose response is JSON.</summary>
    /// <param name="canRetry">Whether sending it twice has the effect of sending it once.</param>
    public static Task<JsonElement> SendAsync(this CommandContext context, HttpMethod method, string path, JsonObject? body = null, bool canRetry = true) =>
        context.Client.Transport.CallAsync(Call(method, path, body, canRetry), CliJson.Default.JsonElement, context.Interruption.Token);

    /// <summary>Sends a DELETE, which has no response body.</summary>
    public static Task DeleteAsync(this CommandContext context, string path) =>
        context.Client.Transport.CallAsync(Call(HttpMethod.Delete, path, null, canRetry: true), context.Interruption.Token);

    /// <summary>Reads all pages of a list.</summary>
    /// <param name="query">Parameters, each with an ampersand in front.</param>
    public static async Task<IReadOnlyList<JsonElement>> ListAsync(this CommandContext context, string path, string member, string query = "")
    {
        var found = new List<JsonElement>();
        string? cursor = null;
        do
        {
            var page = await context.SendAsync(HttpMethod.Get, $"{path}?limit={PageSize}{query}{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}");
            found.AddRange(page.GetProperty(member).EnumerateArray());
            var next = Text(page, "next_cursor");
            cursor = next == cursor ? null : next;
        }
        while (cursor is not null);
        return found;
    }

    /// <summary>Writes a list as JSON, as the server's pages have it.</summary>
    public static void WriteList(this CommandContext context, string member, IReadOnlyList<JsonElement> items) =>
        context.Screen.Json(new JsonObject { [member] = new JsonArray([.. items.Select(item => JsonNode.Parse(item.GetRawText()))]) }, CliJson.Default.JsonObject);

    /// <summary>A text of a JSON object; null when it is absent or null.</summary>
    public static string? Text(this JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;

    /// <summary>A time of a JSON object, for people or for programs.</summary>
    public static string Time(this CommandContext context, JsonElement json, string name) =>
        Text(json, name) is { } text && DateTimeOffset.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var time) ? Screen.Time(time, context.Time) : "-";

    private static ApiCall Call(HttpMethod method, string path, JsonObject? body, bool canRetry)
    {
        var bytes = body is null ? null : JsonSerializer.SerializeToUtf8Bytes(body, CliJson.Default.JsonObject);
        return new ApiCall(method, path) { Content = bytes is null ? null : () => SandboxScope.Json(bytes), CanRetry = canRetry };
    }
}
