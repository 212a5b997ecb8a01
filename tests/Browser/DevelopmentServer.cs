using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Podflare.Status.Services;

namespace Podflare.Browser;

/// <summary>A development server, which needs no API key, with one sandbox and a browser.</summary>
public sealed class DevelopmentServer : IAsyncLifetime
{
    private readonly Platform _platform = new();
    private IPlaywright? _playwright;

    public Uri Address => _platform.Address;

    public HttpClient Client { get; } = new();

    public IBrowser Browser { get; private set; } = null!;

    public string Sandbox { get; private set; } = "";

    /// <summary>A script in the sandbox.</summary>
    public string File => $"/v1/sandboxes/{Sandbox}/files/root/secret.js";

    public async ValueTask InitializeAsync()
    {
        await _platform.StartAsync();
        Client.BaseAddress = Address;
        using var created = await Client.PostAsJsonAsync("/v1/sandboxes", new { });
        var answer = await created.Content.ReadAsStringAsync();
        Assert.True(created.IsSuccessStatusCode, answer);
        Sandbox = JsonNode.Parse(answer)!["id"]!.GetValue<string>();
        using var uploaded = await Client.PutAsync(File, new StringContent("window.stolen = 'secret'"));
        uploaded.EnsureSuccessStatusCode();
        _playwright = await Playwright.CreateAsync();
        Browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = "/usr/bin/chromium",
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                // As if the owner of the name had changed its address to that of this machine.
                $"--host-resolver-rules=MAP {CrossOriginTests.EvilHost} 127.0.0.1",
                // Protections of this browser that others do not have.
                "--disable-features=BlockInsecurePrivateNetworkRequests,PrivateNetworkAccessSendPreflights,LocalNetworkAccessChecks",
            ],
        });
    }

    public async Task<int> CountRunsAsync() => (await Client.GetFromJsonAsync<JsonObject>($"/v1/sandboxes/{Sandbox}/runs"))!["runs"]!.AsArray().Count;

    public async Task<int> CountSandboxesAsync() => (await Client.GetFromJsonAsync<JsonObject>("/v1/sandboxes"))!["sandboxes"]!.AsArray().Count;

    public async ValueTask DisposeAsync()
    {
        if (Browser is not null) await Browser.DisposeAsync();
        _playwright?.Dispose();
        Client.Dispose();
        await _platform.DisposeAsync();
    }
}
