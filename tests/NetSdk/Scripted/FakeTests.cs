namespace Podflare.NetSdk.Scripted;

/// <summary>A user can test a program without a server, by deriving from the client's classes.</summary>
public sealed class FakeTests
{
    [Fact]
    public async Task A_program_runs_against_a_fake()
    {
        using var client = new FakeClient();
        Assert.Equal("42\n", await AnswerAsync(client));
        Assert.Equal(["create", "run print(6 * 7)", "write notes.txt", "dispose"], client.Calls);
    }

    [Fact]
    public void A_member_that_is_not_overridden_says_so()
    {
        using var client = new FakeClient();
        Assert.Contains("Override it", Assert.Throws<NotSupportedException>(() => new FakeSandbox(client).GetRun("run_1")).Message, StringComparison.Ordinal);
    }

    private static async Task<string> AnswerAsync(PodflareClient client)
    {
        await using var sandbox = await client.CreateSandboxAsync(cancellationToken: TestContext.Current.CancellationToken);
        var result = await sandbox.RunAsync("print(6 * 7)", cancellationToken: TestContext.Current.CancellationToken);
        await sandbox.Files.WriteTextAsync("notes.txt", result.Text, TestContext.Current.CancellationToken);
        return result.Text;
    }

    private sealed class FakeClient : PodflareClient
    {
        public List<string> Calls { get; } = [];

        public override Task<Sandbox> CreateSandboxAsync(SandboxOptions? options = null, CancellationToken cancellationToken = default)
        {
            Calls.Add("create");
            return Task.FromResult<Sandbox>(new FakeSandbox(this));
        }
    }

    private sealed class FakeSandbox(FakeClient client) : Sandbox
    {
        public override SandboxFiles Files { get; } = new FakeFiles(client);

        public override Task<RunResult> RunAsync(string code, RunOptions? options = null, CancellationToken cancellationToken = default)
        {
            client.Calls.Add($"run {code}");
            return Task.FromResult(new RunResult { RunId = "run_1", Stdout = "42\n", Stderr = "", ExitCode = 0 });
        }

        public override ValueTask DisposeAsync()
        {
            client.Calls.Add("dispose");
            return base.DisposeAsync();
        }
    }

    private sealed class FakeFiles(FakeClient client) : SandboxFiles
    {
        public override Task WriteTextAsync(string path, string text, CancellationToken cancellationToken = default)
        {
            client.Calls.Add($"write {path}");
            return Task.CompletedTask;
        }
    }
}
