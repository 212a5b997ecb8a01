using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Podflare.NetSdk.Scripted;

namespace Podflare.NetSdk.Pure;

public sealed class OptionsTests
{
    [Fact]
    public void All_wrong_options_are_told_at_once()
    {
        var e = Assert.Throws<ArgumentException>(() => new PodflareClient(new PodflareClientOptions
        {
            BaseAddress = new Uri("ftp://x"),
            ApiKey = "secret key",
            TraceParent = "nonsense",
            AnswerTimeout = TimeSpan.Zero,
            SilenceLimit = TimeSpan.FromSeconds(10),
            MaxRetries = -1,
            MaxEventBytes = 1,
        }));
        foreach (var name in new[] { "BaseAddress", "ApiKey", "TraceParent", "AnswerTimeout", "SilenceLimit", "MaxRetries", "MaxEventBytes" })
            Assert.Contains(name, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_option_fails_the_start_of_the_host()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddPodflareClient(options => options.MaxResumes = 1_001);
        using var host = builder.Build();
        await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_client_of_an_application_sends_by_its_http_client()
    {
        var server = new ScriptedServer().Json("""{"id":"sbx_1","state":"ready"}""");
        var services = new ServiceCollection();
        services.AddPodflareClient(options => (options.BaseAddress, options.ApiKey) = (new Uri("http://scripted/api"), "k")).ConfigurePrimaryHttpMessageHandler(() => server);
        await using var provider = services.BuildServiceProvider();
        var client = provider.GetRequiredService<PodflareClient>();
        Assert.Same(client, provider.GetRequiredService<PodflareClient>());
        await client.Attach("sbx_1").GetInfoAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("/api/v1/sandboxes/sbx_1", "Bearer k"), (server.Requests[0].Path, server.Requests[0].Authorization));
    }

    [Fact]
    public async Task Mistakes_in_arguments_are_told_before_anything_is_sent()
    {
        var server = new ScriptedServer();
        var sandbox = server.Attach();
        var cancellationToken = TestContext.Current.CancellationToken;
        await Assert.ThrowsAsync<ArgumentException>(() => sandbox.RunAsync("", cancellationToken: cancellationToken));
        await Assert.ThrowsAsync<ArgumentException>(() => sandbox.RunAsync("print('\ud800')", cancellationToken: cancellationToken));
        await Assert.ThrowsAsync<ArgumentException>(() => sandbox.RunAsync("1", new RunOptions { IdempotencyKey = "a b" }, cancellationToken));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => sandbox.RunAsync("1", new RunOptions { Timeout = TimeSpan.Zero }, cancellationToken));
        await Assert.ThrowsAsync<ArgumentException>(() => server.Connect().CreateSandboxAsync(new SandboxOptions { TraceParent = "x" }, cancellationToken));
        Assert.Throws<ArgumentException>(() => server.Connect().Attach("sbx_1", "x"));
        await Assert.ThrowsAsync<ArgumentException>(() => sandbox.Files.ReadAsync("/tmp/../etc/passwd", cancellationToken));
        await Assert.ThrowsAsync<ArgumentException>(() => sandbox.Files.ReadAsync("/", cancellationToken));
        Assert.Empty(server.Requests);
    }
}
