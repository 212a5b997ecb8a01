using Podflare.EndToEnd.Services;

[assembly: AssemblyFixture(typeof(EmbeddedService))]

namespace Podflare.Isolation;

/// <summary>Attempts to leave a sandbox of the service, each in one of its own.</summary>
public sealed class AttemptTests(EmbeddedService service)
{
    private static readonly string[] Groups = ["kernel", "supervisor", "exhaustion", "host"];

    public static TheoryData<string> Attempts => [.. Groups.SelectMany(Attempt.Of)];

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Attempts))]
    public async Task The_wall_holds(string name)
    {
        var attempt = await Attempt.ReadAsync(name);
        var sandbox = await service.Api.CreateAsync();
        try
        {
            var printed = "";
            foreach (var step in attempt.Steps)
            {
                var run = await service.Api.RunAsync(sandbox, step, attempt.IsBash ? "bash" : "python");
                printed = run.Stdout + run.Stderr;
            }

            Assert.Equal("held", printed.TrimEnd().Split('\n')[^1]);

            // Whatever was tried, the sandbox still serves its owner.
            Assert.Equal("alive\n", (await service.Api.RunAsync(sandbox, "print('alive')")).Stdout);
        }
        finally
        {
            await service.Api.DeleteAsync(sandbox);
        }
    }
}
