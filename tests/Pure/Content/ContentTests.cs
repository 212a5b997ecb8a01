using System.Text;
using CsCheck;
using Microsoft.Extensions.Options;

namespace Podflare.Content;

public sealed class ContentTests
{
    private const string Key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA0\nlonglonglong\n-----END RSA PRIVATE KEY-----";

    private static readonly Gen<string> Words = Gen.OneOfConst("a", "é", "😀", " ", "\n", "print(1)", "Bearer", "-----END RSA PRIVATE KEY-----", "value", "secret").Array[0, 400].Select(parts => string.Concat(parts));

    private static readonly Gen<string> Secrets = Gen.OneOfConst(
        "pf_live_0123456789abcdefghijABCDEFGHIJ012345", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.abc-_~+/=", "sesame-open", "two words of a value", "ééé😀ééé", Key, new string('v', 700) + "W", "pin-4711");

    [Theory]
    [InlineData("curl -H 'Authorization: Bearer abc.def-123'", "curl -H 'Authorization: [redacted]'")]
    [InlineData("key = 'pf_live_abcDEF012'", "key = '[redacted]'")]
    [InlineData("a" + Key + "b", "a[redacted]b")]
    [InlineData("a-----BEGIN PRIVATE KEY-----\nMIIE", "a[redacted]")]
    [InlineData("x = 'hunter22' + 'short'", "x = '[redacted]' + 'short'")]
    [InlineData("call 4711-0815 now", "call [redacted] now")]
    [InlineData("hunter22hunter22", "[redacted]")]
    [InlineData("Bearer hunter22x", "[redacted]")]
    [InlineData("nothing here", "nothing here")]
    public void Secrets_are_replaced(string text, string expected)
    {
        var secrets = new ContentSecrets(["hunter22", "short"], [ContentPattern.Parse(@"\d{4}-\d{4}")!]);
        Assert.Equal(expected, new ContentFilter().Filter(new ContentText(text), secrets));
    }

    [Fact]
    public void What_a_cut_has_divided_is_replaced_too()
    {
        var filter = new ContentFilter();
        var secrets = new ContentSecrets(["one two three"], []);
        Assert.Equal("x [redacted]", filter.Filter(new ContentText("x one tw", IsEndCut: true), secrets));
        Assert.Equal("[redacted] x", filter.Filter(new ContentText("o three x", IsStartCut: true), secrets));
        Assert.Equal("x one tw", filter.Filter(new ContentText("x one tw"), secrets));
        Assert.Equal("[redacted] x", filter.Filter(new ContentText("longlong\n-----END PRIVATE KEY----- x", IsStartCut: true), secrets));
    }

    [Fact]
    public void No_secret_is_in_what_is_sent_wherever_it_is_and_however_the_text_came() =>
        Gen.Select(Words, Secrets, Words, Secrets, Gen.Int[1, 97]).Sample((before, first, after, second, size) =>
        {
            var text = $"{before} {first}\n{after}\n{second} {before}";
            var (sent, isTruncated) = Send(text, size, [first, second, "sesame-open", "pin-4711"]);
            // The mark of the gap is no part of the text.
            sent = sent.Replace("\n…\n", "\u0001", StringComparison.Ordinal);
            foreach (var secret in new[] { first, second }.Where(secret => !secret.StartsWith("Bearer", StringComparison.Ordinal)))
            {
                Assert.DoesNotContain(secret, sent, StringComparison.Ordinal);
                // Nor any large part of one.
                for (var at = 0; at + 16 <= secret.Length; at += 8) Assert.False(Overlaps(secret.Substring(at, 16), sent, text, first, second), secret);
            }

            Assert.DoesNotContain("eyJhbGci", sent, StringComparison.Ordinal);
            Assert.InRange(Encoding.UTF8.GetByteCount(sent), 0, 256);
            Assert.True(isTruncated || Encoding.UTF8.GetByteCount(text) <= 1_000_000);
        }, iter: 2_000);

    [Theory]
    [InlineData(10, false)]
    [InlineData(256, false)]
    [InlineData(257, true)]
    [InlineData(767, true)]
    [InlineData(769, true)]
    [InlineData(100_000, true)]
    public void A_long_text_keeps_its_first_quarter_and_its_end(int length, bool isTruncated)
    {
        var text = string.Concat(Enumerable.Range(0, length / 2).Select(i => i % 2 == 0 ? "a " : "b ")) + (length % 2 == 0 ? "" : "c");
        var (sent, truncated) = Send(text, 100, []);
        Assert.Equal(isTruncated, truncated);
        if (!isTruncated) Assert.Equal(text, sent);
        Assert.InRange(sent.Length, isTruncated ? 240 : length, 256);
        Assert.StartsWith(text[..Math.Min(length, 50)], sent, StringComparison.Ordinal);
        Assert.EndsWith(text[^Math.Min(length, 150)..], sent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_window_has_the_beginning_and_the_end_of_what_passed() =>
        Gen.Select(Gen.Byte.Array[0, 300], Gen.Int[1, 40]).Sample((bytes, size) =>
        {
            var window = new TextWindow(20, 50);
            foreach (var chunk in bytes.Chunk(size)) window.Add(chunk);
            var (head, tail) = window.Read();
            Assert.Equal(bytes.Take(20), head);
            Assert.Equal(bytes.Skip(20).TakeLast(50), tail);
            Assert.Equal(bytes.Length > 70, window.IsCut);
        });

    [Fact]
    public void Content_beyond_the_memory_for_it_is_missing_and_its_memory_is_given_back()
    {
        var budget = new ContentBudget(Options.Create(new ContentOptions { MaxBytes = 64 * 1024, MaxPendingBytes = 1024 * 1024 }));
        var contents = Enumerable.Range(0, 10).Select(_ => RunContent.Begin(budget, "code"u8, [])).ToArray();
        Assert.Equal(5, contents.Count(content => content.IsIncomplete));
        foreach (var content in contents.Concat(contents)) content.Release();
        Assert.False(RunContent.Begin(budget, "code"u8, []).IsIncomplete);
    }

    [Theory]
    [InlineData("(", false)]
    [InlineData(@"(a)\1", false)]
    [InlineData("(?=a)b", false)]
    [InlineData("(a+)+$", true)]
    public void A_pattern_needs_no_backtracking(string pattern, bool isOne) => Assert.Equal(isOne, ContentPattern.Parse(pattern) is not null);

    private static (string Text, bool IsTruncated) Send(string text, int chunk, string[] env)
    {
        var options = Options.Create(new ContentOptions { MaxBytes = 256 });
        var content = RunContent.Begin(new ContentBudget(options), [], [.. env]);
        foreach (var part in Encoding.UTF8.GetBytes(text).Chunk(chunk)) content.AddOutput(part, isError: false);
        var renderer = new ContentRenderer(new ContentFilter(), options);
        return renderer.Render(content.Stdout, renderer.SecretsOf(content, []));
    }

    // A part that is also elsewhere in the text is no secret there.
    private static bool Overlaps(string part, string sent, string text, params string[] secrets) =>
        sent.Contains(part, StringComparison.Ordinal) && !secrets.Aggregate(text, (rest, secret) => rest.Replace(secret, "\0", StringComparison.Ordinal)).Contains(part, StringComparison.Ordinal);
}
