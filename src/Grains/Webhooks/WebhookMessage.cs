using System.Text;
using System.Text.Json;
using Podflare.Feed;

namespace Podflare.Webhooks;

/// <summary>The messages that webhooks get.</summary>
internal static class WebhookMessage
{
    public const string TestType = "webhook.test";

    // Standard Webhooks recommends less than 20 kB.
    private const int MaxBytes = 20_000;

    /// <summary>An event of the feed, due at once. One that is too large is sent without its data, which the feed has.</summary>
    public static PendingDelivery Of(FeedEntry entry, DateTimeOffset now)
    {
        var body = Write(entry, withData: true);
        if (Encoding.UTF8.GetByteCount(body) > MaxBytes) body = Write(entry, withData: false);
        return new PendingDelivery(entry.Id, entry.Seq, entry.Type, body, [], 0, now);
    }

    /// <summary>A test, due at once.</summary>
    public static PendingDelivery Test(WebhookId webhook, DateTimeOffset now) => new(
        FeedEvent.NewId(), null, TestType, Write(TestType, now, data => data.WriteString("webhook_id", webhook.Value)), [], 0, now);

    private static string Write(FeedEntry entry, bool withData)
    {
        using var stored = JsonDocument.Parse(entry.Json);
        var told = stored.RootElement;
        return Write(entry.Type, DateTimeOffset.FromUnixTimeMilliseconds(told.GetProperty("ts").GetInt64()), data =>
        {
            data.WriteNumber("seq", entry.Seq);
            data.WriteString("sandbox_id", entry.Sandbox);
            data.WriteString("run_id", told.GetProperty("run_id").GetString());
            if (withData) foreach (var member in told.GetProperty("data").EnumerateObject()) member.WriteTo(data);
            else data.WriteBoolean("truncated", true);
        });
    }

    private static string Write(string type, DateTimeOffset at, Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("type", type);
            json.WriteString("timestamp", at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture));
            json.WriteStartObject("data");
            write(json);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }
}
