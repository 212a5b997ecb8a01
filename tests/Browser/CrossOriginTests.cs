using Microsoft.Playwright;
using Podflare.Status.Services;

namespace Podflare.Browser;

/// <summary>A web page of somebody else, in a real browser on the machine of a developer.</summary>
public sealed class CrossOriginTests(DevelopmentServer server) : IClassFixture<DevelopmentServer>
{
    internal const string EvilHost = "evil.example";
    private readonly int _elsewhere = Ports.Free();

    [Fact]
    public async Task The_servers_own_pages_can_use_the_api()
    {
        var page = await server.Browser.NewPageAsync();
        await page.GotoAsync(new Uri(server.Address, "/docs").AbsoluteUri, new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded });

        Assert.StartsWith("200 ", await FetchAsync(page, $"/v1/sandboxes/{server.Sandbox}", "{}"), StringComparison.Ordinal);
        Assert.Contains("\"exit\"", await FetchAsync(page, $"/v1/sandboxes/{server.Sandbox}/exec", """{method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{"code":"1"}'}"""), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:")] // same site, another port
    [InlineData("http://localhost:")]
    [InlineData($"http://{EvilHost}:")]
    public async Task A_page_of_another_origin_reads_and_starts_nothing(string origin)
    {
        var page = await OpenAsync($"{origin}{_elsewhere}/");
        var runs = await server.CountRunsAsync();

        foreach (var target in new[] { server.Address.AbsoluteUri, $"http://localhost:{server.Address.Port}/", $"http://{EvilHost}:{server.Address.Port}/" })
        {
            foreach (var path in new[] { "v1/sandboxes", $"v1/sandboxes/{server.Sandbox}", $"v1/sandboxes/{server.Sandbox}/replay", server.File[1..], "v1/healthz", "docs", "openapi/v1.json" })
            {
                Assert.Equal("blocked", await FetchAsync(page, target + path, "{}"));
                Assert.True(await FetchAsync(page, target + path, "{mode: 'no-cors'}") is "blocked" or "0 ", path);
            }

            var exec = $"{target}v1/sandboxes/{server.Sandbox}/exec";
            foreach (var request in new[]
            {
                "{method: 'POST', mode: 'no-cors', body: new Blob(['{\"code\":\"1\"}'])}",
                "{method: 'POST', mode: 'no-cors', body: '{\"code\":\"1\"}'}",
                "{method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{\"code\":\"1\"}'}",
            }) await FetchAsync(page, exec, request);
            await page.EvaluateAsync($"navigator.sendBeacon('{exec}', new Blob(['{{\"code\":\"1\"}}']))");
            await SubmitFormAsync(page, exec);
            await IncludeAsync(page, target + server.File[1..]);
        }

        Assert.Equal(runs, await server.CountRunsAsync());
        Assert.Equal(1, await server.CountSandboxesAsync());
    }

    [Fact]
    public async Task A_page_whose_name_leads_to_the_server_reads_and_starts_nothing()
    {
        var page = await server.Browser.NewPageAsync();
        var address = $"http://{EvilHost}:{server.Address.Port}/";
        // The page comes from the owner of the name; everything after it goes to this machine.
        await page.RouteAsync(address, route => route.FulfillAsync(new RouteFulfillOptions { ContentType = "text/html", Body = "<title>evil</title>" }));
        await page.GotoAsync(address);
        var runs = await server.CountRunsAsync();

        foreach (var path in new[] { "/v1/sandboxes", $"/v1/sandboxes/{server.Sandbox}", server.File, "/docs", "/livez" })
            Assert.StartsWith("421 ", await FetchAsync(page, path, "{}"), StringComparison.Ordinal);
        Assert.StartsWith("421 ", await FetchAsync(page, $"/v1/sandboxes/{server.Sandbox}/exec", """{method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{"code":"1"}'}"""), StringComparison.Ordinal);
        Assert.StartsWith("421 ", await FetchAsync(page, $"/v1/sandboxes/{server.Sandbox}", "{method: 'DELETE'}"), StringComparison.Ordinal);

        Assert.Equal(runs, await server.CountRunsAsync());
        Assert.Equal(1, await server.CountSandboxesAsync());
    }

    private async Task<IPage> OpenAsync(string address)
    {
        var page = await server.Browser.NewPageAsync();
        await page.RouteAsync(address, route => route.FulfillAsync(new RouteFulfillOptions { ContentType = "text/html", Body = "<title>elsewhere</title>" }));
        await page.GotoAsync(address);
        return page;
    }

    /// <returns>Status and body as the page sees them, or <c>blocked</c>.</returns>
    private static Task<string> FetchAsync(IPage page, string url, string options) => page.EvaluateAsync<string>($$"""
        async () => {
          try {
            const response = await fetch('{{url}}', {{options}});
            return response.status + ' ' + (await response.text()).slice(0, 2000);
          } catch {
            return 'blocked';
          }
        }
        """);

    private static async Task SubmitFormAsync(IPage page, string url)
    {
        var form = $$"""<iframe name="answer"></iframe><form method="post" action="{{url}}" target="answer" enctype="text/plain"><input name='{"code":"1","x":"' value='"}'></form>""";
        var answer = await page.RunAndWaitForResponseAsync(() => page.EvaluateAsync("html => { document.body.innerHTML = html; document.forms[0].submit(); }", form), url);
        Assert.True(answer.Status is 403 or 421, $"{answer.Status}");
    }

    /// <summary>Includes a file of a sandbox as a script and as an image.</summary>
    private static async Task IncludeAsync(IPage page, string url)
    {
        var loaded = await page.EvaluateAsync<string>($$"""
            async () => {
              const load = (name, attribute) => new Promise(resolve => {
                const element = document.createElement(name);
                element.onload = () => resolve(name + ' loaded');
                element.onerror = () => resolve(name + ' refused');
                element[attribute] = '{{url}}';
                document.body.append(element);
              });
              return await load('script', 'src') + ', ' + await load('img', 'src') + ', ' + typeof window.stolen;
            }
            """);
        Assert.Equal("script refused, img refused, undefined", loaded);
    }
}
