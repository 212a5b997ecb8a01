using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Podflare.Status.Services;

namespace Podflare.Browser.Console;

/// <summary>A development server, whose console needs no key, with a sandbox that has executed a run with spans.</summary>
public sealed class ConsoleServer : IAsyncLifetime
{
    internal const string SandboxName = "research agent";

    private const string Traced = """
        import sys, time
        from podflare_trace import span
        with span("answer question"):
            with span("load csv", rows=10):
                time.sleep(0.05)
            with span("scan partitions"):
                time.sleep(0.2)
        print("step 1: loss 0.5")
        print("step 2: loss 0.25")
        print("warning: partition 3 is missing", file=sys.stderr)
        """;

    private readonly Platform _platform = new();

    internal Uri Address => _platform.Address;

    internal HttpClient Client { get; } = new() { Timeout = TimeSpan.FromSeconds(60) };

    internal string Sandbox { get; private set; } = "";

    /// <summary>The run with spans.</summary>
    internal string Run { get; private set; } = "";

    internal string SandboxPage => $"/console/sandboxes/{Sandbox}";

    internal string RunPage => $"{SandboxPage}/runs/{Run}";

    public async ValueTask InitializeAsync()
    {
        await _platform.StartAsync();
        Client.BaseAddress = Address;
        Sandbox = await CreateAsync(SandboxName);
        Run = await ExecAsync(Sandbox, Traced);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _platform.DisposeAsync();
    }

    internal async Task<string> CreateAsync(string name)
    {
        using var created = await Client.PostAsJsonAsync("/v1/sandboxes", new { metadata = new { name } });
        return JsonNode.Parse(await created.EnsureSuccessStatusCode().Content.ReadAsStringAsync())!["id"]!.GetValue<string>();
    }

    internal async Task DeleteAsync(string sandbox)
    {
        using var deleted = await Client.DeleteAsync($"/v1/sandboxes/{sandbox}");
        deleted.EnsureSuccessStatusCode();
    }

    /// <summary>Runs code to its end, and returns the run's id.</summary>
    internal async Task<string> ExecAsync(string sandbox, string code, string language = "python")
    {
        using var response = await Client.PostAsJsonAsync($"/v1/sandboxes/{sandbox}/exec", new { code, language });
        return response.EnsureSuccessStatusCode().Headers.GetValues("Podflare-Run-Id").Single();
    }

    /// <summary>Starts a run, and returns its id.</summary>
    internal async Task<string> StartRunAsync(string sandbox, string code)
    {
        using var response = await Client.PostAsJsonAsync($"/v1/sandboxes/{sandbox}/runs", new { code });
        return response.EnsureSuccessStatusCode().Headers.GetValues("Podflare-Run-Id").Single();
    }

    internal async Task<JsonNode> GetAsync(string path) => JsonNode.Parse(await Client.GetStringAsync(path))!;
}

/// <summary>Tests that share one <see cref="ConsoleServer"/>.</summary>
[CollectionDefinition]
public sealed class ConsoleTests : ICollectionFixture<ConsoleServer>;
