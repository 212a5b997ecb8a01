using System.Net;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Podflare.E2b;

namespace Podflare;

public sealed class HeadTests(SharedCluster shared)
{
    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public async Task Head_is_get_without_a_body_on_every_route()
    {
        var sandbox = _cluster.World.Add();
        var exec = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{sandbox}/exec", Replies.Script("out 1"));
        var routes = _cluster.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            // Clients of E2B send none there, and reach the routes by other paths.
            .Where(endpoint => !endpoint.RoutePattern.RawText!.StartsWith(E2bTarget.Prefix, StringComparison.Ordinal))
            .Where(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Contains("GET"))
            .Select(endpoint => endpoint.RoutePattern.RawText!
                .Replace("{id}", sandbox.Value, StringComparison.Ordinal).Replace("{run}", exec.Header("Podflare-Run-Id"), StringComparison.Ordinal)
                .Replace("{code}", "internal", StringComparison.Ordinal).Replace("{**path}", "root/a.txt", StringComparison.Ordinal).Replace("{pty}", exec.Header("Podflare-Run-Id"), StringComparison.Ordinal).Replace("{context}", "python", StringComparison.Ordinal))
            .Where(path => !path.Contains('{', StringComparison.Ordinal)).Distinct().ToArray();
        Assert.InRange(routes.Length, 15, 50);

        foreach (var path in routes)
        {
            using var get = await _cluster.Client.SendAsync("GET", path);
            using var head = await _cluster.Client.SendAsync("HEAD", path);

            Assert.True(get.StatusCode == head.StatusCode, $"{path}: {(int)get.StatusCode} and {(int)head.StatusCode}");
            Assert.Equal(get.Content.Headers.ContentType, head.Content.Headers.ContentType);
            if (get.Content.Headers.ContentLength is { } length && head.Content.Headers.ContentLength is { } announced && announced != 0) Assert.Equal(length, announced);
            Assert.Empty(await head.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        }
    }

    [Theory]
    [InlineData("/v1/healthz", "2")]
    [InlineData("/compat/podflare/v1/healthz", "2")]
    [InlineData("/livez", "2")]
    [InlineData("/readyz", "2")]
    public async Task Health_answers_head_with_the_length_of_its_text(string path, string length)
    {
        using var response = await RawHttp.SendAsync(_cluster, $"HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(length, response.Content.Headers.GetValues("Content-Length").Single());
        Assert.Equal("", await response.ReadTextAsync());
    }

    [Fact]
    public async Task Head_does_not_follow_a_run_that_goes_on()
    {
        var sandbox = _cluster.World.Add();
        using var exec = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{sandbox}/exec", Replies.Script("out 1", "hold never"), wait: false);

        using var head = await _cluster.Client.SendAsync("HEAD", $"/v1/sandboxes/{sandbox}/runs/{exec.Header("Podflare-Run-Id")}/events?follow=true");

        Assert.Equal(("application/x-ndjson", 200), (head.Content.Headers.ContentType?.ToString(), (int)head.StatusCode));
    }

    [Fact]
    public async Task A_route_without_get_names_the_methods_that_it_has()
    {
        using var response = await _cluster.Client.SendAsync("PUT", "/v1/healthz");

        await response.AssertProblemAsync(405, "method_not_allowed");
        Assert.Equal(["GET", "HEAD"], response.Content.Headers.Allow.Order());
    }
}
