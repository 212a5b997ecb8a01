using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Podflare.E2b;
using Podflare.Problems;

namespace Podflare.OpenApi;

public sealed partial class DescriptionTests(SharedCluster shared)
{
    // For people; the rest of the server is the API.
    private static readonly string[] Pages = ["/docs", "/openapi", "/errors", "/console"];

#pragma warning disable RS0030 // the ban is for event lines, which are ASCII
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
#pragma warning restore RS0030

    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public async Task Every_route_is_described_and_every_described_route_exists()
    {
        var described = (await Description.ReadAsync(_cluster)).Operations().Select(operation => $"{operation.Method} {operation.Path}");
        var endpoints = _cluster.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();
        // MCP has a description of its own, which its clients ask for.
        var served = from endpoint in endpoints
                     let path = "/" + CatchAll().Replace(endpoint.RoutePattern.RawText!, "{$1}").Trim('/')
                     // A dialect that others describe, under other paths.
                     where !path.StartsWith(E2bTarget.Prefix, StringComparison.Ordinal)
                     where path is not ("/" or "/mcp") && !Array.Exists(Pages, page => path.StartsWith(page, StringComparison.Ordinal))
                     from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods
                     where method != "HEAD"
                     select $"{method} {path}";

        Assert.Equal(served.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
    }

    /// <summary>The documentation and the generators of clients use the committed copy. PODFLARE_WRITE_GENERATED=1 writes it.</summary>
    [Fact]
    public async Task The_committed_description_is_the_one_that_the_server_serves()
    {
        var file = Path.Combine(Repository.Folder, "docs", "reference", "openapi.json");
        var served = JsonSerializer.Serialize((await Description.ReadAsync(_cluster)).Root, Indented) + "\n";
        if (Environment.GetEnvironmentVariable("PODFLARE_WRITE_GENERATED") == "1") await File.WriteAllTextAsync(file, served, TestContext.Current.CancellationToken);
        var committed = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        Assert.True(committed == served, "docs/reference/openapi.json is out of date: run this test with PODFLARE_WRITE_GENERATED=1.");
    }

    [Fact]
    public async Task Every_refusal_in_the_code_is_described_with_its_status()
    {
        var description = await Description.ReadAsync(_cluster);
        var examples = description.Root.GetProperty("components").GetProperty("responses").EnumerateObject()
            .Where(response => response.Value.GetProperty("content").TryGetProperty("application/problem+json", out _))
            .SelectMany(response => response.Value.GetProperty("content").GetProperty("application/problem+json").GetProperty("examples").EnumerateObject())
            .Select(example => (example.Value.GetProperty("value").GetProperty("status").GetInt32(), example.Name)).ToHashSet();
        var sources = Directory.EnumerateFiles(Path.Combine(Repository.Folder, "src", "Frontend"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText);
        var thrown = sources.SelectMany(source => NewProblem().Matches(source)).Select(match => (int.Parse(match.Groups[1].Value, null), match.Groups[2].Value)).ToHashSet();

        Assert.InRange(thrown.Count, 20, 200);
        Assert.Empty(thrown.Except(examples));
    }

    [Fact]
    public async Task Each_status_of_each_operation_shows_problems_of_that_status()
    {
        var description = await Description.ReadAsync(_cluster);
        foreach (var (method, path, operation) in description.Operations())
        {
            foreach (var response in operation.GetProperty("responses").EnumerateObject().Where(response => response.Name[0] is '4' or '5'))
            {
                var content = description.Resolve(response.Value).GetProperty("content").GetProperty("application/problem+json");
                foreach (var example in content.GetProperty("examples").EnumerateObject())
                {
                    var problem = example.Value.GetProperty("value");
                    Assert.True(problem.GetProperty("status").GetInt32() == int.Parse(response.Name, null), $"{method} {path} {response.Name} {example.Name}");
                    Assert.Equal(example.Name, problem.GetProperty("code").GetString());
                    description.AssertMatches(problem, "Problem");
                }
            }
        }
    }

    [Fact]
    public async Task Real_answers_are_as_described()
    {
        var description = await Description.ReadAsync(_cluster);
        var created = await (await _cluster.Client.SendAsync("POST", "/v1/sandboxes", "{\"ram_mib\":999999,\"metadata\":{\"a\":\"b\"}}")).ReadJsonAsync();
        var sandbox = created.GetProperty("id").GetString();
        description.AssertMatches(created, "Sandbox");
        description.AssertMatches(await (await _cluster.Client.SendAsync("GET", "/v1/sandboxes?limit=1")).ReadJsonAsync(), "SandboxPage");
        var exec = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{sandbox}/exec", Replies.Script("out 1", "err 2", "exit 3"));
        var run = exec.Header("Podflare-Run-Id");
        foreach (var line in (await exec.ReadTextAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries)) description.AssertMatches(JsonDocument.Parse(line).RootElement, "Event");
        description.AssertMatches(await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{sandbox}/runs/{run}")).ReadJsonAsync(), "Run");
        description.AssertMatches(await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{sandbox}/runs/{run}/trace")).ReadJsonAsync(), "TracesData");
        description.AssertMatches(await (await _cluster.Client.SendAsync("GET", "/v1/info")).ReadJsonAsync(), "Info");
        description.AssertMatches(await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{sandbox}/metrics")).ReadJsonAsync(), "SandboxMetrics");
        description.AssertMatches(await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{sandbox}/logs")).ReadJsonAsync(), "SandboxLogs");
        description.AssertMatches(await (await _cluster.Client.SendAsync("POST", "/v1/sandboxes", "{\"ram_mib\":true}")).ReadJsonAsync(), "Problem");
        await _cluster.Client.SendAsync("DELETE", $"/v1/sandboxes/{sandbox}");
        description.AssertMatches(await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{sandbox}")).ReadJsonAsync(), "Sandbox");
    }

    [Fact]
    public async Task Interactive_pages_fill_in_no_idempotency_key()
    {
        var parameter = (await Description.ReadAsync(_cluster)).Root.GetProperty("components").GetProperty("parameters").GetProperty("IdempotencyKey");

        Assert.DoesNotContain("example", parameter.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("default", parameter.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_linter_finds_nothing()
    {
        Repository.SkipInFastMode("npm");
        var file = Path.Combine(Directory.CreateTempSubdirectory("pf-").FullName, "v1.json");
        await File.WriteAllTextAsync(file, (await Description.ReadAsync(_cluster)).Root.GetRawText(), TestContext.Current.CancellationToken);
        using var linter = Process.Start(new ProcessStartInfo(Path.Combine(Repository.Folder, "eng", "lint-openapi.sh"), [file]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = linter.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var found = await linter.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await linter.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(linter.ExitCode == 0, found + await errors);
    }

    [GeneratedRegex(@"\{\*{1,2}([a-z_]+)\}")]
    private static partial Regex CatchAll();

    [GeneratedRegex("\\((\\d{3}), \"([a-z_]+)\"")]
    private static partial Regex NewProblem();
}
