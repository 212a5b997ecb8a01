using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Podflare.Http;
using Podflare.Keys;
using Podflare.Processes;
using Podflare.Runs;
using Podflare.Storage;

namespace Podflare.Frontend;

public sealed class StartUpTests
{
    [Theory]
    [InlineData(null, "127.0.0.1:7070", true)]
    [InlineData("", "127.0.0.1:7070", true)]
    [InlineData("127.0.0.1:0", "127.0.0.1:0", true)]
    [InlineData("127.9.9.9:1", "127.9.9.9:1", true)]
    [InlineData("[::1]:7070", "[::1]:7070", true)]
    [InlineData("[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:1", true)]
    [InlineData("localhost:80", "localhost:80", true)]
    [InlineData("0.0.0.0:7070", "0.0.0.0:7070", false)]
    [InlineData("[::]:7070", "[::]:7070", false)]
    [InlineData("10.1.2.3:65535", "10.1.2.3:65535", false)]
    public void An_address_is_read_and_known_as_loopback_or_not(string? text, string shown, bool isLoopback)
    {
        var address = ListenAddress.Parse(text);

        Assert.Equal((shown, isLoopback), (address.ToString(), address.IsLoopback));
    }

    [Theory]
    [InlineData("7070")]
    [InlineData(":7070")]
    [InlineData("*:7070")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:-1")]
    [InlineData("127.1:7070")]
    [InlineData("1:7070")]
    [InlineData("::1:7070")]
    [InlineData("[::1:7070")]
    [InlineData("[127.0.0.1]:7070")]
    [InlineData("localhost:0")]
    [InlineData("example.com:80")]
    public void Another_address_is_refused_with_its_variable(string text) =>
        Assert.StartsWith("PODFLARE_HOSTD_ADDR is", Assert.Throws<StartUpException>(() => ListenAddress.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("k1", "k1", "default")]
    [InlineData(" k1 , acme:k2 ,", "k2", "acme")]
    [InlineData("acme:k:2", "k:2", "acme")]
    [InlineData("a:k1,b:k2", "k1", "a")]
    [InlineData("k1", "k2", null)]
    [InlineData("k1", "", null)]
    [InlineData("acme:k2", "acme:k2", null)]
    public void A_key_names_its_tenant(string keys, string key, string? tenant) =>
        Assert.Equal(tenant, EnvironmentKeys.Parse(keys).All.FirstOrDefault(known => known.Hash == KeyHash.Of(key))?.Tenant.Value);

    [Theory]
    [InlineData(",")]
    [InlineData("acme:")]
    [InlineData(":key")]
    [InlineData("a b:key")]
    [InlineData("ac/me:key")]
    [InlineData("se cret")]
    [InlineData("k1,a:k1")]
    public void Keys_that_are_wrong_are_refused_and_never_shown(string keys)
    {
        var message = Assert.Throws<StartUpException>(() => EnvironmentKeys.Parse(keys)).Message;

        Assert.StartsWith("PODFLARE_API_KEYS", message, StringComparison.Ordinal);
        Assert.DoesNotContain("k1", message, StringComparison.Ordinal);
        Assert.DoesNotContain("cret", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a-key-of-16-char", "0.0.0.0:1", null, "Keys")]
    [InlineData("k", "127.0.0.1:1", "1", "Keys")]
    [InlineData(null, "127.0.0.1:1", null, "Development")]
    [InlineData(null, "[::1]:1", null, "Development")]
    [InlineData(null, "0.0.0.0:1", "1", "Disabled")]
    [InlineData(null, "0.0.0.0:1", null, null)]
    [InlineData(null, "0.0.0.0:1", "0", null)]
    [InlineData("", "[::]:1", "", null)]
    public void Without_keys_only_this_machine_may_call(string? keys, string address, string? disabled, string? mode)
    {
        string? Decide() => AuthenticationSettings.Decide(EnvironmentKeys.Parse(keys), ListenAddress.Parse(address), disabled).ToString();

        if (mode is not null) Assert.Equal(mode, Decide());
        else Assert.Contains("PODFLARE_API_KEYS is empty", Assert.Throws<StartUpException>(Decide).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_administrators_key_is_long_and_has_its_own_scope()
    {
        var key = new string('a', 32);
        var all = EnvironmentKeys.Parse("acme:k1", $"ops:{key}").All;

        Assert.Equal([KeyScopes.Sandboxes, KeyScopes.Admin], all.Select(known => known.Scopes));
        Assert.Equal(["acme", "ops"], all.Select(known => known.Tenant.Value));
        Assert.StartsWith("PODFLARE_ADMIN_KEYS: every key must have at least 32", Assert.Throws<StartUpException>(() => EnvironmentKeys.Parse(null, key[1..])).Message, StringComparison.Ordinal);
        Assert.Throws<StartUpException>(() => EnvironmentKeys.Parse(key, $"ops:{key}"));
    }

    [Theory]
    [InlineData("a-key-of-15-cha", "0.0.0.0:1")]
    [InlineData("a-key-of-16-char,acme:short", "[::]:1")]
    public void A_key_that_can_be_guessed_is_refused_where_others_can_connect(string keys, string address)
    {
        var message = Assert.Throws<StartUpException>(() => AuthenticationSettings.Decide(EnvironmentKeys.Parse(keys), ListenAddress.Parse(address), "1")).Message;

        Assert.Contains("fewer than 16 characters", message, StringComparison.Ordinal);
        Assert.DoesNotContain("short", message, StringComparison.Ordinal);
        Assert.Equal(AuthMode.Keys, AuthenticationSettings.Decide(EnvironmentKeys.Parse(keys), ListenAddress.Parse("127.0.0.1:1"), null));
    }

    [Theory]
    [InlineData("keys", null, "Keys")]
    [InlineData(" keys ", null, "Keys")]
    [InlineData(null, "https://id.example", "Keys")]
    [InlineData("none", null, null)]
    public void A_server_may_start_with_keys_of_its_store_or_with_tokens_alone(string? auth, string? authority, string? mode)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("PODFLARE_AUTH", auth), new("Podflare:Oidc:Authority", authority)]).Build();
        string Read() => AuthenticationSettings.Read(configuration, ListenAddress.Parse("0.0.0.0:1")).Mode.ToString();

        if (mode is not null) Assert.Equal(mode, Read());
        else Assert.Contains("PODFLARE_AUTH must be", Assert.Throws<StartUpException>(Read).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://a.example/", "https://a.example")]
    [InlineData("http://a.example:8080/x", "http://a.example:8080/x")]
    [InlineData("", null)]
    public void A_public_url_has_no_slash_at_its_end(string text, string? expected) => Assert.Equal(expected, Read("PODFLARE_PUBLIC_URL", text).PublicUrl);

    [Theory]
    [InlineData("PODFLARE_PUBLIC_URL", "a.example")]
    [InlineData("PODFLARE_PUBLIC_URL", "ftp://a.example")]
    [InlineData("PODFLARE_PUBLIC_URL", "https://a.example/?x=1")]
    [InlineData("PODFLARE_REGION", "a-region-whose-name-is-much-longer-than-anybody-would-ever-want-to-read")]
    public void A_variable_that_is_wrong_stops_the_start(string name, string value) =>
        Assert.StartsWith(name, Assert.Throws<StartUpException>(() => Read(name, value)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" ")]
    public void A_blank_redis_connection_string_means_an_embedded_server_everywhere(string? connection)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("ConnectionStrings:Redis", connection)]).Build();
        using var provider = new ServiceCollection().AddSingleton<IConfiguration>(configuration).AddLogging().AddRuns().BuildServiceProvider();

        Assert.IsType<MemoryEventLog>(provider.GetRequiredService<IEventLog>());
        Assert.Null(RedisConnection.Find(configuration));
    }

    private static ServerSettings Read(string name, string value) =>
        ServerSettings.Read(new ConfigurationBuilder().AddInMemoryCollection([new(name, value)]).Build());
}
