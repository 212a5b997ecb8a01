using System.Net;
using Podflare.EndToEnd.Services;

namespace Podflare.Isolation;

/// <summary>What code in a sandbox prepares for whoever reads and writes its files through the API.</summary>
public sealed class FileAttemptTests(EmbeddedService service)
{
    [Theory(Timeout = 120_000)]
    [InlineData("ln -s /podflare/s/s x")]
    [InlineData("ln -s /proc/1/environ x")]
    [InlineData("ln -s /proc/self/maps x")]
    [InlineData("ln -s /dev/zero x")]
    [InlineData("mkfifo x")]
    [InlineData("ln -s x x")]
    public async Task A_name_that_leads_elsewhere_is_refused(string prepare)
    {
        var sandbox = await service.Api.CreateAsync();
        await service.Api.RunAsync(sandbox, prepare, "bash");
        using var answer = await service.Api.Http.GetAsync($"/v1/sandboxes/{sandbox}/files/root/x", TestContext.Current.CancellationToken);
        Assert.InRange((int)answer.StatusCode, 400, 499);
        await service.Api.DeleteAsync(sandbox);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_name_that_changes_all_the_time_is_the_one_or_the_other()
    {
        var sandbox = await service.Api.CreateAsync();
        await service.Api.RunAsync(sandbox, "echo mine >a; (while :; do ln -sfn /proc/1/environ b; mv -T b c; cp a d; mv -T d c; done) >/dev/null 2>&1 &", "bash");
        for (var tries = 0; tries < 100; tries++)
        {
            using var answer = await service.Api.Http.GetAsync($"/v1/sandboxes/{sandbox}/files/root/c", TestContext.Current.CancellationToken);
            if (answer.StatusCode is HttpStatusCode.OK) Assert.Contains(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), (string[])["mine\n", ""]);
            else Assert.InRange((int)answer.StatusCode, 400, 499);
        }

        await service.Api.DeleteAsync(sandbox);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_file_with_200_gigabytes_of_holes_is_read_in_parts()
    {
        var sandbox = await service.Api.CreateAsync();
        await service.Api.RunAsync(sandbox, "truncate -s 200G x", "bash");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/sandboxes/{sandbox}/files/root/x") { Headers = { Range = new(100L << 30, (100L << 30) + 9) } };
        using var answer = await service.Api.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.PartialContent, answer.StatusCode);
        Assert.Equal(new byte[10], await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        await service.Api.DeleteAsync(sandbox);
    }
}
