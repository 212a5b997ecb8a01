using System.Buffers;
using System.Text;
using CsCheck;
using Podflare.EgressProxy.Connect;

namespace Podflare.EgressProxy;

/// <summary>The request line that a sandbox sends to the proxy.</summary>
public sealed class ConnectHeadTests
{
    [Theory]
    [InlineData("CONNECT api.example.com:443 HTTP/1.1", "Valid", "api.example.com")]
    [InlineData("CONNECT API.example.com.:443 HTTP/1.0\r\nHost: other.example\r\nUser-Agent: x", "Valid", "api.example.com")]
    [InlineData("GET https://api.example.com/ HTTP/1.1", "OtherMethod", "")]
    [InlineData("connect api.example.com:443 HTTP/1.1", "OtherMethod", "")]
    [InlineData("CONNECT api.example.com:80 HTTP/1.1", "OtherPort", "")]
    [InlineData("CONNECT api.example.com HTTP/1.1", "OtherPort", "")]
    [InlineData("CONNECT api.example.com:0443 HTTP/1.1", "OtherPort", "")]
    [InlineData("CONNECT 8.8.8.8:443 HTTP/1.1", "NotAName", "")]
    [InlineData("CONNECT [2606:4700::1]:443 HTTP/1.1", "NotAName", "")]
    [InlineData("CONNECT 134744072:443 HTTP/1.1", "NotAName", "")]
    [InlineData("CONNECT :443 HTTP/1.1", "NotAName", "")]
    [InlineData("CONNECT user@api.example.com:443 HTTP/1.1", "NotAName", "")]
    [InlineData("CONNECT https://api.example.com:443 HTTP/1.1", "NotAName", "")]
    [InlineData("CONNECT api.example.com:443", "Malformed", "")]
    [InlineData("CONNECT api.example.com:443 HTTP/2.0", "Malformed", "")]
    [InlineData("CONNECT  api.example.com:443 HTTP/1.1", "Malformed", "")]
    [InlineData("CONNECT api.example.com:443 HTTP/1.1 ", "Malformed", "")]
    [InlineData("CONNECT\tapi.example.com:443 HTTP/1.1", "Malformed", "")]
    [InlineData("CONNECT api.example.com:443 HTTP/1.1\nX: y", "Malformed", "")]
    [InlineData("CONNECT api.example.com\0:443 HTTP/1.1", "Malformed", "")]
    [InlineData("CONNECT bücher.example:443 HTTP/1.1", "Malformed", "")]
    [InlineData("", "Malformed", "")]
    public void A_request_line_is_read(string head, string verdict, string name) =>
        Assert.Equal((verdict, name), Read(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(head))));

    [Fact]
    public void The_head_ends_with_an_empty_line_and_the_rest_stays()
    {
        var bytes = "CONNECT a.example:443 HTTP/1.1\r\nX: y\r\n\r\n\u0016rest"u8.ToArray();
        Assert.True(ConnectHead.TryTake(new ReadOnlySequence<byte>(bytes), out var head, out var end));
        Assert.Equal("CONNECT a.example:443 HTTP/1.1\r\nX: y", Encoding.ASCII.GetString(head));
        Assert.Equal("\u0016rest"u8.ToArray(), new ReadOnlySequence<byte>(bytes).Slice(end).ToArray());
        Assert.False(ConnectHead.TryTake(new ReadOnlySequence<byte>(bytes[..39]), out _, out _));
    }

    [Fact]
    public void However_the_head_is_split_it_is_the_same() =>
        Gen.Select(Gen.OneOfConst("CONNECT a.example:443 HTTP/1.1\r\n\r\nmore", "GET / HTTP/1.1\r\nA: b\r\n\r\n", "CONNECT x:443\r\n\r\n"), Gen.Int[1, 7]).Sample((text, size) =>
        {
            var bytes = Encoding.ASCII.GetBytes(text);
            var (whole, split) = (new ReadOnlySequence<byte>(bytes), Segments.Of(bytes, size));
            return ConnectHead.TryTake(whole, out var first, out _) && ConnectHead.TryTake(split, out var second, out _) && Read(first) == Read(second);
        });

    [Fact]
    public void Any_bytes_are_refused_or_a_name() =>
        Gen.Byte.Array[0, 200].Sample(bytes =>
        {
            var (verdict, name) = Read(new ReadOnlySequence<byte>(bytes));
            return verdict == "Valid" == (name.Length > 0);
        });

    [Fact]
    public void A_name_in_a_request_line_comes_out_as_it_is() =>
        Gen.String[Gen.Char["abz09-."], 1, 30].Sample(name =>
        {
            var read = Read(new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes($"CONNECT {name}:443 HTTP/1.1")));
            return read == ("NotAName", "") || read == ("Valid", name.TrimEnd('.'));
        });

    private static (string Verdict, string Name) Read(ReadOnlySequence<byte> head)
    {
        var read = ConnectHead.Parse(head);
        return (read.Verdict.ToString(), read.Name);
    }
}
