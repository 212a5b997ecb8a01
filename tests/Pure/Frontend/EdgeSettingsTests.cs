using Podflare.Edge;
using Podflare.Http;
using Podflare.Keys;
using Podflare.Processes;

namespace Podflare.Frontend;

public sealed class EdgeSettingsTests
{
    [Theory]
    [InlineData("http://podflare.example")]
    [InlineData("podflare.example:7070")]
    [InlineData("*.example")]
    [InlineData("127.0.0.1")]
    [InlineData("")]
    public void A_host_that_is_no_name_is_refused(string host) =>
        Assert.Contains("Podflare:Http:AllowedHosts", Assert.Throws<StartUpException>(() => Read(new() { AllowedHosts = [host] })).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("app.example")]
    [InlineData("https://app.example/")]
    [InlineData("https://app.example/path")]
    [InlineData("https://app.example:443")]
    [InlineData("ftp://app.example")]
    [InlineData("https://user@app.example")]
    [InlineData("null")]
    [InlineData("*")]
    public void An_origin_that_no_browser_sends_or_that_is_every_one_is_refused(string origin) =>
        Assert.Contains("Podflare:Http:AllowedOrigins", Assert.Throws<StartUpException>(() => Read(new() { AllowedOrigins = [origin] })).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("https://app.example")]
    [InlineData("http://localhost:3000")]
    [InlineData("https://App.Example:8443")]
    [InlineData("http://[::1]:3000")]
    public void An_origin_is_accepted(string origin) => Assert.True(Read(new() { AllowedOrigins = [origin] }).Allows(origin.ToLowerInvariant()));

    [Fact]
    public void With_keys_every_host_and_every_origin_may_be_accepted()
    {
        var open = EdgeSettings.From(new HttpOptions { AllowedOrigins = ["*"] }, "https://podflare.example", AuthMode.Keys);
        var named = EdgeSettings.From(new HttpOptions { AllowedHosts = ["a.example"] }, "https://podflare.example", AuthMode.Keys);

        Assert.Equal((null, false, true), (open.Hosts, open.ChecksOrigin, open.Allows("https://any.example")));
        Assert.Equal(["a.example", "localhost", "podflare.example"], named.Hosts!.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Without_keys_hosts_and_origins_are_checked(bool isDisabled)
    {
        var settings = EdgeSettings.From(new HttpOptions(), "https://podflare.example:8443", isDisabled ? AuthMode.Disabled : AuthMode.Development);

        Assert.Equal((true, 2, true), (settings.ChecksOrigin, settings.Hosts!.Count, settings.Hosts.Contains("Podflare.Example")));
        Assert.False(settings.Allows("https://podflare.example:8443"));
    }

    private static EdgeSettings Read(HttpOptions options) => EdgeSettings.From(options, null, AuthMode.Development);
}
