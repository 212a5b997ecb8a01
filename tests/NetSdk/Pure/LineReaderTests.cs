using System.Text;
using CsCheck;

namespace Podflare.NetSdk.Pure;

public sealed class LineReaderTests
{
    private static readonly Gen<string> Text = Gen.OneOfConst("a", "é", "€", "😀", "\n", "\r\n", "0123456789abcdef0123456789abcdef").Array[0, 60].Select(parts => string.Concat(parts));

    [Fact]
    public void Any_cut_of_the_bytes_gives_the_same_lines() =>
        Gen.Select(Text, Gen.Int[1, 9]).Sample((text, size) =>
        {
            var expected = text.Split('\n')[..^1].Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0);
            Assert.Equal(expected, Read(Encoding.UTF8.GetBytes(text), size));
        });

    [Fact]
    public void Lines_larger_than_the_buffer_come_whole()
    {
        var line = new string('x', 300_000);
        Assert.Equal([line, "y", line], Read(Encoding.UTF8.GetBytes($"{line}\ny\n{line}\n"), 4_096));
    }

    [Fact]
    public void A_line_beyond_the_limit_is_refused() =>
        Assert.Throws<PodflareProtocolException>(() => Read(new byte[600_000], 4_096, new PodflareClientOptions { MaxEventBytes = 512 * 1024 }));

    private static List<string> Read(byte[] bytes, int size, PodflareClientOptions? options = null)
    {
        return ReadAsync().GetAwaiter().GetResult();

        async Task<List<string>> ReadAsync()
        {
            var response = new HttpResponseMessage { Content = new StreamContent(new Pieces(bytes, size)) };
            using var lines = await LineReader.OpenAsync(response, options ?? new PodflareClientOptions(), TimeProvider.System, CancellationToken.None);
            var read = new List<string>();
            while (await lines.ReadAsync() is { } line) read.Add(Encoding.UTF8.GetString(line.Span));
            return read;
        }
    }

    private sealed class Pieces(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(size, buffer.Length)], cancellationToken);
    }
}
