using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Storage;

namespace Podflare.GrainClient;

public sealed class ConnectionTests
{
    [Fact]
    public async Task Without_a_cluster_the_start_fails_within_seconds_with_a_sentence_that_names_the_address()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.AddPodflareGrainClient("127.0.0.1:1,password=secret,connectTimeout=500", "acme", options => (options.ClusterId, options.ConnectSeconds) = ("blue", 1));
        using var host = builder.Build();
        var start = Stopwatch.GetTimestamp();

        var failure = await Assert.ThrowsAsync<ClusterUnreachableException>(() => host.StartAsync(TestContext.Current.CancellationToken));

        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(15));
        Assert.Contains("'blue'", failure.Message, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:1,", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(",")]
    [InlineData("password=secret")]
    [InlineData("127.0.0.1:6379,secret=1")]
    [InlineData("127.0.0.1:6379,connectTimeout=secret")]
    public void An_invalid_connection_string_is_one_sentence_without_its_content(string connection)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("ConnectionStrings:Redis", connection)]).Build();
        var ofHost = Assert.Throws<OptionsValidationException>(() => RedisConnection.Find(configuration));
        Assert.StartsWith("ConnectionStrings:Redis is not valid.", ofHost.Message, StringComparison.Ordinal);

        var ofClient = Assert.Throws<ArgumentException>(() => Host.CreateApplicationBuilder().AddPodflareGrainClient(connection, "acme"));
        foreach (var message in new[] { ofHost.Message, ofClient.Message }) Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
    }
}
