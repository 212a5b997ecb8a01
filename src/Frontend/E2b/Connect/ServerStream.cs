using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using Podflare.Resilience;
using Podflare.Runs;
using Podflare.Streaming;

namespace Podflare.E2b.Connect;

/// <summary>The response to a call that is answered with a stream of messages. One caller at a time.</summary>
internal sealed class ServerStream(HttpContext context, double defaultPingSeconds, TimeProvider time)
{
    private const string PingHeader = "Keepalive-Ping-Interval";
    private const string TimeoutHeader = "Connect-Timeout-Ms";
    private const double MaxPingSeconds = 3_600;
    private const int MessageOverhead = 64;

    private long _lastSent = time.GetTimestamp();

    /// <summary>The time that the client allows; null for any.</summary>
    public TimeSpan? Timeout => NumberOf(TimeoutHeader, int.MaxValue) is { } ms ? TimeSpan.FromMilliseconds(ms) : null;

    private TimeSpan Ping => TimeSpan.FromSeconds(NumberOf(PingHeader, MaxPingSeconds) ?? defaultPingSeconds);

    /// <summary>Waits for the next batch of a run. Meanwhile the client gets a message after each time of silence that it has asked for.</summary>
    /// <exception cref="RpcException">The time of the call is over.</exception>
    public async ValueTask<EventBatch> NextAsync(RunSubscription events, ReadOnlyMemory<byte> ping, TimeLimit? limit = null)
    {
        while (true)
        {
            context.RequestAborted.ThrowIfCancellationRequested();
            var silence = Ping - time.GetElapsedTime(_lastSent);
            if (await events.WaitAsync(limit is { Remaining: var left } && left < silence ? left : silence)) return await events.NextAsync();
            if (limit is { Remaining.Ticks: <= 0 }) throw new RpcException("deadline_exceeded", "context deadline exceeded");
            if (time.GetElapsedTime(_lastSent) < Ping) continue;
            Write(ping.Span);
            await FlushAsync();
        }
    }

    /// <summary>Adds a message, which is sent with the next flush.</summary>
    public void Write(ReadOnlySpan<byte> json) => Write(json, 0);

    /// <summary>Adds a message that is a text between two parts.</summary>
    public void Write(ReadOnlySpan<byte> before, ReadOnlySpan<byte> text, ReadOnlySpan<byte> after)
    {
        var writer = context.Response.BodyWriter;
        WriteHead(writer, 0, before.Length + text.Length + after.Length);
        writer.Write(before);
        writer.Write(text);
        writer.Write(after);
    }

    /// <summary>Adds a message.</summary>
    public void Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>(MessageOverhead);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        Write(buffer.WrittenSpan);
    }

    public async ValueTask FlushAsync()
    {
        Prepare();
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        _lastSent = time.GetTimestamp();
    }

    /// <summary>Ends the stream.</summary>
    /// <param name="error">Null for success.</param>
    public async Task EndAsync(RpcError? error)
    {
        Prepare();
        Write(error is null ? "{}"u8 : [.. "{\"error\":"u8, .. JsonSerializer.SerializeToUtf8Bytes(error, E2bErrorJson.Default.RpcError), (byte)'}'], RpcMessage.EndFlag);
        await context.Response.CompleteAsync();
    }

    private void Prepare()
    {
        if (!context.Response.HasStarted) EventResponseWriter.Prepare(context.Response, RpcMessage.StreamType);
    }

    private void Write(ReadOnlySpan<byte> json, byte flags)
    {
        var writer = context.Response.BodyWriter;
        WriteHead(writer, flags, json.Length);
        writer.Write(json);
    }

    private static void WriteHead(IBufferWriter<byte> writer, byte flags, int length)
    {
        var head = writer.GetSpan(RpcMessage.HeadBytes);
        head[0] = flags;
        BinaryPrimitives.WriteUInt32BigEndian(head[1..], (uint)length);
        writer.Advance(RpcMessage.HeadBytes);
    }

    private double? NumberOf(string header, double most) =>
        double.TryParse(context.Request.Headers[header].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value > 0 ? Math.Min(value, most) : null;
}
