using System.Text.Json;

namespace Podflare;

/// <summary>Changes of a sandbox, and the list of templates.</summary>
public sealed class PatchTests(SharedCluster shared)
{
    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public async Task Metadata_is_merged_and_null_removes()
    {
        var id = await CreateAsync("{\"metadata\":{\"a\":\"1\",\"b\":\"2\"}}");

        var response = await _cluster.Client.SendAsync("PATCH", $"/v1/sandboxes/{id}", "{\"metadata\":{\"a\":null,\"c\":\"3\",\"none\":null},\"idle_timeout_seconds\":60,\"timeout_seconds\":3600}");

        var sandbox = await response.ReadJsonAsync();
        Assert.Equal((200, "{\"b\":\"2\",\"c\":\"3\"}", 60), ((int)response.StatusCode, sandbox.GetProperty("metadata").GetRawText(), sandbox.GetProperty("idle_timeout_seconds").GetInt32()));
        Assert.Equal(sandbox.GetProperty("created_at").GetDateTimeOffset().AddHours(1), sandbox.GetProperty("expires_at").GetDateTimeOffset());
        Assert.False(sandbox.TryGetProperty("warnings", out _));
        Assert.Equal("here", sandbox.GetProperty("region").GetString());
    }

    [Fact]
    public async Task What_is_absent_stays_and_what_is_too_long_is_reduced_with_a_warning()
    {
        var id = await CreateAsync("{\"metadata\":{\"a\":\"1\"},\"idle_timeout_seconds\":60}");

        var unchanged = await (await _cluster.Client.SendAsync("PATCH", $"/v1/sandboxes/{id}", "{}")).ReadJsonAsync();
        var capped = await (await _cluster.Client.SendAsync("PATCH", $"/v1/sandboxes/{id}", "{\"idle_timeout_seconds\":1e9,\"timeout_seconds\":1e9}")).ReadJsonAsync();

        Assert.Equal("{\"a\":\"1\"}", unchanged.GetProperty("metadata").GetRawText());
        Assert.Equal(["timeout_seconds was reduced to the maximum of 604800", "idle_timeout_seconds was reduced to the maximum of 86400"], capped.GetProperty("warnings").EnumerateArray().Select(warning => warning.GetString()));
    }

    [Theory]
    [InlineData("[]", "body")]
    [InlineData("", "body")]
    [InlineData("{\"timeout_seconds\":0}", "timeout_seconds")]
    [InlineData("{\"idle_timeout_seconds\":\"1\"}", "idle_timeout_seconds")]
    [InlineData("{\"metadata\":[]}", "metadata")]
    [InlineData("{\"metadata\":{\"a\":1}}", "metadata.a")]
    [InlineData("{\"metadata\":{\"\":\"1\"}}", "metadata.")]
    [InlineData("{\"metadata\":{\"k\":\"\\ud83d\"}}", "metadata.k")]
    public async Task A_change_that_is_wrong_names_the_field(string body, string field)
    {
        var problem = await (await _cluster.Client.SendAsync("PATCH", $"/v1/sandboxes/{_cluster.World.Add()}", body)).AssertProblemAsync(400, "invalid_request");

        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    [Fact]
    public async Task The_pairs_that_remain_are_counted()
    {
        var id = await CreateAsync(JsonSerializer.Serialize(new { metadata = Enumerable.Range(0, 32).ToDictionary(i => $"k{i}", _ => "v") }));

        await (await _cluster.Client.SendAsync("PATCH", $"/v1/sandboxes/{id}", "{\"metadata\":{\"more\":\"1\"}}")).AssertProblemAsync(400, "invalid_request");

        Assert.Equal(200, (int)(await _cluster.Client.SendAsync("PATCH", $"/v1/sandboxes/{id}", "{\"metadata\":{\"more\":\"1\",\"k0\":null}}")).StatusCode);
    }

    [Fact]
    public async Task A_sandbox_that_has_ended_cannot_be_changed()
    {
        var id = await CreateAsync("{}");
        await _cluster.Client.SendAsync("DELETE", $"/v1/sandboxes/{id}");

        await (await _cluster.Client.SendAsync("PATCH", $"/v1/sandboxes/{id}", "{\"timeout_seconds\":1}")).AssertProblemAsync(410, "sandbox_ended");
        await (await _cluster.Client.SendAsync("PATCH", $"/v1/sandboxes/{_cluster.World.Add(new("acme"))}", "{}")).AssertProblemAsync(404, "sandbox_not_found");
    }

    [Fact]
    public async Task Templates_are_listed_with_their_limits()
    {
        var templates = (await (await _cluster.Client.SendAsync("GET", "/v1/templates")).ReadJsonAsync()).GetProperty("templates").EnumerateArray().ToArray();

        Assert.Equal(
            [
                "{\"name\":\"default\",\"default\":true,\"memory_mib\":512,\"max_memory_mib\":512,\"cpus\":1,\"pids\":128,\"preload\":[]}",
                "{\"name\":\"e2b\",\"default\":false,\"memory_mib\":512,\"max_memory_mib\":512,\"cpus\":1,\"pids\":128,\"preload\":[]}",
                "{\"name\":\"e2b-datasci\",\"default\":false,\"memory_mib\":1024,\"max_memory_mib\":1024,\"cpus\":1,\"pids\":128,\"preload\":[\"numpy\",\"pandas\",\"matplotlib.pyplot\"]}",
                "{\"name\":\"python-datasci\",\"default\":false,\"memory_mib\":1024,\"max_memory_mib\":1024,\"cpus\":1,\"pids\":128,\"preload\":[\"numpy\",\"pandas\",\"matplotlib.pyplot\"]}",
            ],
            templates.Select(template => template.GetRawText()));
    }

    private async Task<string> CreateAsync(string body) => (await (await _cluster.Client.SendAsync("POST", "/v1/sandboxes", body)).ReadJsonAsync()).GetProperty("id").GetString()!;
}
