using System.Net.Security;
using CsCheck;
using Podflare.EgressProxy.Tls;

namespace Podflare.EgressProxy;

/// <summary>The server name in the first message of a TLS connection.</summary>
public sealed class ClientHelloTests
{
    [Fact]
    public void The_name_in_a_hello_of_a_real_client_is_read()
    {
        Assert.Equal((HelloState.Named, "api.example.com"), Read(RealHello("api.example.com")));
        // An address is not sent as a name.
        Assert.Equal((HelloState.Unnamed, ""), Read(RealHello("192.0.2.1")));
    }

    [Fact]
    public void However_much_of_a_hello_has_arrived_it_is_incomplete_until_all_of_it_has()
    {
        var hello = RealHello("api.example.com");
        for (var length = 0; length < hello.Length; length++) Assert.Equal((HelloState.Incomplete, ""), Read(hello[..length]));
        Assert.Equal((HelloState.Named, "api.example.com"), Read([.. hello, 1, 2, 3]));
    }

    [Fact]
    public void A_hello_may_be_spread_over_records_of_any_size() =>
        Gen.Int[1, 600].Sample(size =>
        {
            var message = RealHello("api.example.com")[5..];
            byte[] records = [.. message.Chunk(size).SelectMany(part => Record(part))];
            return Read(records) == (HelloState.Named, "api.example.com") && Read(records[..^1]) == (HelloState.Incomplete, "");
        });

    [Fact]
    public void Other_protocols_and_other_messages_are_invalid()
    {
        Assert.Equal(HelloState.Invalid, Read("SSH-2.0-x\r\n"u8.ToArray()).State);
        Assert.Equal(HelloState.Invalid, Read("GET / HTTP/1.1"u8.ToArray()).State);
        Assert.Equal(HelloState.Invalid, Read([23, 3, 3, 0, 1, 1]).State); // data
        Assert.Equal(HelloState.Invalid, Read([22, 3, 3, 0, 4, 2, 0, 0, 0]).State); // ServerHello
        Assert.Equal(HelloState.Invalid, Read([22, 2, 0, 0, 4, 1, 0, 0, 0]).State); // SSL 2
        Assert.Equal(HelloState.Invalid, Read([22, 3, 1, 0, 0]).State); // an empty record
        Assert.Equal(HelloState.Invalid, Read([22, 3, 1, 0x40, 1]).State); // a record that is too long
    }

    [Fact]
    public void A_hello_without_extensions_or_without_a_name_has_no_name()
    {
        Assert.Equal(HelloState.Unnamed, Read(Hello(null)).State);
        Assert.Equal(HelloState.Unnamed, Read(Hello([])).State);
        Assert.Equal(HelloState.Unnamed, Read(Hello(Extension(10, [0, 2, 0, 29]))).State);
    }

    [Fact]
    public void More_than_one_name_or_a_broken_one_is_invalid()
    {
        var name = Extension(0, NameList(0, "a.example"u8));
        Assert.Equal((HelloState.Named, "a.example"), Read(Hello(name)));
        Assert.Equal(HelloState.Invalid, Read(Hello([.. name, .. Extension(0, NameList(0, "b.example"u8))])).State);
        Assert.Equal(HelloState.Invalid, Read(Hello(Extension(0, [0, 24, 0, 0, 9, .. "a.example"u8, 0, 0, 9, .. "b.example"u8]))).State);
        Assert.Equal(HelloState.Invalid, Read(Hello(Extension(0, NameList(1, "a.example"u8)))).State);
        Assert.Equal(HelloState.Invalid, Read(Hello(Extension(0, NameList(0, [])))).State);
        Assert.Equal(HelloState.Invalid, Read(Hello(Extension(0, NameList(0, "a\0.example"u8)))).State);
        Assert.Equal(HelloState.Invalid, Read(Hello(Extension(0, [0, 200, 0, 0, 9, .. "a.example"u8]))).State);
        Assert.Equal(HelloState.Invalid, Read(Hello([0, 0, 0, 200, 1, 2, 3])).State);
    }

    [Fact]
    public void Bytes_that_were_changed_never_throw_and_never_bring_two_answers() =>
        Gen.Select(Gen.Int[0, 400], Gen.Byte, Gen.Int[0, 400]).Sample((at, value, cut) =>
        {
            var hello = RealHello("api.example.com");
            hello[Math.Min(at, hello.Length - 1)] = value;
            var (state, name) = Read(hello[..Math.Max(0, hello.Length - cut)]);
            return (state is HelloState.Named) == (name.Length > 0);
        });

    [Fact]
    public void Garbage_never_throws() =>
        Gen.Select(Gen.Byte.Array[0, 300], Gen.Bool).Sample((bytes, framed) =>
        {
            var (state, name) = Read(framed ? Record([1, 0, (byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes]) : bytes);
            return (state is HelloState.Named) == (name.Length > 0);
        });

    private static (HelloState State, string Name) Read(byte[] bytes)
    {
        var state = ClientHello.Read(bytes, out var name);
        return (state, name);
    }

    /// <summary>What .NET's own TLS client sends.</summary>
    private static byte[] RealHello(string host)
    {
        if (Hellos.TryGetValue(host, out var known)) return [.. known];
        using var sent = new MemoryStream();
        using var tls = new SslStream(new Capture(sent));
        try
        {
            tls.AuthenticateAsClient(host);
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
        {
            // There is no server.
        }

        return [.. Hellos[host] = sent.ToArray()];
    }

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, byte[]> Hellos = new();

    private static byte[] Hello(byte[]? extensions)
    {
        byte[] body = [3, 3, .. new byte[32], 0, 0, 2, 0x13, 1, 1, 0, .. extensions is null ? Array.Empty<byte>() : [.. Length(extensions), .. extensions]];
        return Record([1, 0, .. Length(body), .. body]);
    }

    private static byte[] Record(byte[] part) => [22, 3, 1, .. Length(part), .. part];

    private static byte[] Extension(ushort type, byte[] data) => [(byte)(type >> 8), (byte)type, .. Length(data), .. data];

    private static byte[] NameList(byte type, ReadOnlySpan<byte> name)
    {
        byte[] entry = [type, .. Length(name.ToArray()), .. name];
        return [.. Length(entry), .. entry];
    }

    private static byte[] Length(byte[] bytes) => [(byte)(bytes.Length >> 8), (byte)bytes.Length];

    private sealed class Capture(MemoryStream sent) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => 0;

        public override long Position { get; set; }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => 0;

        public override long Seek(long offset, SeekOrigin origin) => 0;

        public override void SetLength(long value)
        {
        }

        public override void Write(byte[] buffer, int offset, int count) => sent.Write(buffer, offset, count);
    }
}
