using System.Net;
using Podflare.Pages;
using Podflare.Subscribers;
using Podflare.Webhooks;

namespace Podflare.Status.Subscribers;

public sealed class RulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("a@example.com", "a@example.com")]
    [InlineData("  First.Last+tag@EXAMPLE.com ", "First.Last+tag@example.com")]
    [InlineData("a@bücher.example", "a@xn--bcher-kva.example")]
    [InlineData("a@example.com\r\nBcc: b@example.com", null)]
    [InlineData("a@example.com\n", null)]
    [InlineData("a@example.com,b@example.com", null)]
    [InlineData("a@example.com b@example.com", null)]
    [InlineData("<a@example.com>", null)]
    [InlineData("\"a b\"@example.com", null)]
    [InlineData("a@b@example.com", null)]
    [InlineData("a@localhost", null)]
    [InlineData("a@127.0.0.1", null)]
    [InlineData("a@[127.0.0.1]", null)]
    [InlineData("a..b@example.com", null)]
    [InlineData("@example.com", null)]
    [InlineData("a@", null)]
    [InlineData("a\0@example.com", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void Only_plain_mail_addresses_are_valid(string? text, string? expected) => Assert.Equal(expected, MailAddresses.Normalize(text));

    [Theory]
    [InlineData("1.1.1.1", true)]
    [InlineData("8.8.8.8", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.1.1", false)]
    [InlineData("192.0.2.1", false)]
    [InlineData("198.19.0.1", false)]
    [InlineData("203.0.113.9", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("2002:7f00:1::", false)]
    [InlineData("2001:db8::1", false)]
    [InlineData("2001::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("ff02::1", false)]
    public void Only_the_public_internet_is_public(string address, bool expected) => Assert.Equal(expected, AddressGuard.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("https://example.com/hook", true)]
    [InlineData("https://example.com:8443/hook?x=1", true)]
    [InlineData("http://example.com/hook", false)]
    [InlineData("https://user:pass@example.com/", false)]
    [InlineData("https://localhost/", false)]
    [InlineData("https://LOCALHOST./", false)]
    [InlineData("https://2130706433/", false)]
    [InlineData("https://0x7f.1/", false)]
    [InlineData("https://0177.0.0.1/", false)]
    [InlineData("https://[::ffff:127.0.0.1]/", false)]
    [InlineData("https://[64:ff9b::7f00:1]/", false)]
    [InlineData("https://[2002:7f00:1::]/", false)]
    [InlineData("https://169.254.169.254/latest/meta-data", false)]
    [InlineData("https://168.63.129.16/", false)]
    [InlineData("https://127.0.0.1./", false)]
    [InlineData("https://①②⑦.⓪.⓪.①/", false)]
    [InlineData("https://１２７。０。０．１/", false)]
    [InlineData("https://ｌｏｃａｌｈｏｓｔ/", false)]
    [InlineData("https://bücher.example/", true)]
    [InlineData("ftp://example.com/", false)]
    [InlineData("javascript:alert(1)", false)]
    [InlineData("https://exa\r\nmple.com/", false)]
    [InlineData("//example.com", false)]
    [InlineData("", false)]
    public void An_invalid_webhook_address_is_rejected_before_anything_is_sent(string text, bool allowed) =>
        Assert.Equal(allowed, Guard().Validate(text, out _) is null);

    [Fact]
    public async Task A_name_with_one_internal_address_among_public_ones_is_not_called()
    {
        await RefusedAsync([IPAddress.Parse("1.1.1.1"), IPAddress.Parse("10.0.0.1")]);
        await RefusedAsync([]);
    }

    [Fact]
    public async Task A_name_that_resolves_differently_after_the_check_reaches_no_internal_address()
    {
        // DNS rebinding: the first answer is an allowed address, the second one is not.
        using var allowed = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        allowed.Start();
        var port = ((IPEndPoint)allowed.LocalEndpoint).Port;
        using var inner = new System.Net.Sockets.TcpListener(IPAddress.Parse("127.0.0.2"), port);
        inner.Start();
        var asked = 0;
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = Guard("127.0.0.1", (_, _) => Task.FromResult<IPAddress[]>([asked++ == 0 ? IPAddress.Loopback : IPAddress.Parse("127.0.0.2")])).ConnectAsync,
        };
        using var http = new HttpClient(handler);
        var address = new Uri($"http://rebinding.invalid:{port}/");
        var call = http.GetAsync(address, TestContext.Current.CancellationToken);
        using (var taken = await allowed.AcceptTcpClientAsync(TestContext.Current.CancellationToken))
        {
            // There is one DNS query for each call, so no second answer can differ from the checked one.
            Assert.Equal(1, asked);
            taken.GetStream().Write("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"u8);
            using var response = await call;
            Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        }

        var refused = await Assert.ThrowsAsync<HttpRequestException>(async () => await http.GetAsync(address, TestContext.Current.CancellationToken));
        Assert.IsType<AddressNotAllowedException>(refused.InnerException);
        Assert.False(inner.Pending());
    }

    private static async Task RefusedAsync(IPAddress[] answer)
    {
        using var handler = new SocketsHttpHandler { ConnectCallback = Guard(resolve: (_, _) => Task.FromResult(answer)).ConnectAsync };
        using var http = new HttpClient(handler);
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri("http://name.invalid/"), TestContext.Current.CancellationToken));
        Assert.IsType<AddressNotAllowedException>(refused.InnerException);
    }

    [Fact]
    public void The_retry_schedule_matches_the_specification()
    {
        var schedule = new WebhookOptions().Schedule;
        var at = Now;
        var waits = new List<double>();
        for (var attempts = 1; WebhookRetryPolicy.NextAttempt(schedule, attempts, at, 0) is { } next; attempts++)
        {
            waits.Add((next - at).TotalSeconds);
            at = next;
        }

        Assert.Equal([5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400], waits);
        Assert.Equal(Now.AddSeconds(5.5), WebhookRetryPolicy.NextAttempt(schedule, 1, Now, 1));
    }

    [Theory]
    [InlineData(200, nameof(WebhookResult.Success))]
    [InlineData(204, nameof(WebhookResult.Success))]
    [InlineData(301, nameof(WebhookResult.Failure))]
    [InlineData(307, nameof(WebhookResult.Failure))]
    [InlineData(400, nameof(WebhookResult.Failure))]
    [InlineData(410, nameof(WebhookResult.Gone))]
    [InlineData(429, nameof(WebhookResult.SlowDown))]
    [InlineData(500, nameof(WebhookResult.Failure))]
    [InlineData(502, nameof(WebhookResult.SlowDown))]
    [InlineData(504, nameof(WebhookResult.SlowDown))]
    public void Every_response_status_maps_to_a_result(int status, string expected) => Assert.Equal(expected, WebhookRetryPolicy.Classify(status).ToString());

    [Fact]
    public void Each_secret_produces_the_signature_of_the_specification()
    {
        const string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        var at = DateTimeOffset.FromUnixTimeSeconds(1614265330);
        var one = WebhookSignature.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, "{\"test\": 2432232314}", secret);
        Assert.Equal("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", one);
        Assert.Equal(2, WebhookSignature.Sign("msg_1", at, "{}", secret, WebhookSignature.NewSecret()).Split(' ').Length);
    }

    [Fact]
    public void Incident_text_becomes_paragraphs_and_links_and_never_markup()
    {
        var html = Html.Paragraphs("<script>alert(1)</script> \"x\"\n\nSee https://example.com/a?b=1&c=2. javascript:alert(1) https://u:p@evil.example/ http://plain.example/").Text;
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.Contains("<a href=\"https://example.com/a?b=1&amp;c=2\" rel=\"nofollow noopener\">", html, StringComparison.Ordinal);
        Assert.Single(html.Split("<a ").Skip(1));
        Assert.Equal("<p>&lt;b&gt;</p>", Html.Of($"<p>{"<b>"}</p>").Text);
    }

    private static AddressGuard Guard(string allowed = "", Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null) =>
        new(new WebhookOptions { AllowedAddresses = allowed }.ToCallOptions()) { Resolve = resolve ?? Dns.GetHostAddressesAsync };
}
