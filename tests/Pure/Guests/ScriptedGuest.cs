using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Podflare.Runs;

namespace Podflare.Guests;

/// <summary>A guest whose every frame the test writes, over a real unix socket.</summary>
internal sealed class ScriptedGuest : IDisposable
{
    public const string Boot = "0123456789abcdef0123456789abcdef";
    public static readonly long Time = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationToken _stopped = TestContext.Current.CancellationToken;

    public static async Task<ScriptedGuest> DialAsync(string path)
    {
        var guest = new ScriptedGuest();
        await guest._socket.ConnectAsync(new UnixDomainSocketEndPoint(path), guest._stopped);
        return guest;
    }

    /// <summary>Dials, says HELLO, and waits for WELCOME.</summary>
    /// <param name="version">The highest version that it offers.</param>
    public static async Task<ScriptedGuest> ConnectAsync(string path, ulong first = 1, int repl = 1, string boot = Boot, string runs = "[]", int version = 1)
    {
        var guest = await DialAsync(path);
        await guest.HelloAsync(first, repl, boot, runs, version);
        var welcome = await guest.ReceiveAsync();
        Assert.Equal((FrameType.Welcome, version > 1 ? (ulong)Math.Min(version, GuestVersion.Tools) : 0), (welcome.Type, welcome.Number));
        return guest;
    }

    public Task HelloAsync(ulong first = 1, int repl = 1, string boot = Boot, string runs = "[]", int version = 1)
    {
        var offer = version > 1 ? $$""","max_version":{{version}}""" : "";
        return SendAsync(FrameType.Hello, 0, $$"""{"version":1,"boot":"{{boot}}","first":{{first}},"repl":{{repl}},"runs":{{runs}}{{offer}},"later":[{}]}""");
    }

    public Task OutAsync(ulong number, RunId run, string text, byte stream = 1) =>
        SendAsync(FrameType.Out, number, [.. run.ToBytes(), stream, .. Encoding.UTF8.GetBytes(text)]);

    public Task EndAsync(ulong number, RunId run, string json) =>
        SendAsync(FrameType.End, number, [.. run.ToBytes(), .. Encoding.UTF8.GetBytes(json)]);

    public Task SendAsync(FrameType type, ulong number, string json) => SendAsync(type, number, Encoding.UTF8.GetBytes(json));

    public Task SendAsync(FrameType type, ulong number, byte[] payload) => SendAsync(Frame(type, number, payload));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0) bytes = bytes[await _socket.SendAsync(bytes, _stopped)..];
    }

    /// <summary>The next frame from the host.</summary>
    public async Task<Received> ReceiveAsync()
    {
        var header = await ReadAsync(FrameHeader.Size) ?? throw new EndOfStreamException("The host closed the connection.");
        var payload = await ReadAsync((int)BinaryPrimitives.ReadUInt32BigEndian(header));
        return new Received((FrameType)header[4], BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(5)), payload!);
    }

    /// <summary>Waits until the host has begun to send, and takes nothing.</summary>
    public async Task HearsAsync() => await _socket.ReceiveAsync(Memory<byte>.Empty, _stopped);

    /// <summary>The next frame from the host that is no PING.</summary>
    public async Task<Received> ReceiveOtherAsync()
    {
        while (true)
        {
            if (await ReceiveAsync() is { Type: not FrameType.Ping } frame) return frame;
        }
    }

    /// <summary>Waits until the host closes; what it still sends is dropped.</summary>
    public async Task ClosedAsync()
    {
        var buffer = new byte[4096];
        try
        {
            while (await _socket.ReceiveAsync(buffer, _stopped) > 0)
            {
            }
        }
        catch (SocketException)
        {
        }
    }

    public void StopSending() => _socket.Shutdown(SocketShutdown.Send);

    public void Dispose() => _socket.Dispose();

    public static byte[] Frame(FrameType type, ulong number, byte[] payload, long? time = null)
    {
        var frame = new byte[FrameHeader.Size + payload.Length];
        new FrameHeader(payload.Length, type, number, time ?? Time).Write(frame);
        payload.CopyTo(frame, FrameHeader.Size);
        return frame;
    }

    private async Task<byte[]?> ReadAsync(int count)
    {
        var bytes = new byte[count];
        for (var read = 0; read < count;)
        {
            var got = await _socket.ReceiveAsync(bytes.AsMemory(read), _stopped);
            if (got == 0) return null;
            read += got;
        }

        return bytes;
    }

    internal sealed record Received(FrameType Type, ulong Number, byte[] Payload)
    {
        public string Text => Encoding.UTF8.GetString(Payload);

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Type} {Number} {Text}");
    }
}
